"""What clients may send and may rely on in an answer; pydantic makes JSON Schema of these types."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from service.errors import BadInputError
from service.web.schema import Rows

__all__ = [
    "HINT",
    "IndexEntry",
    "InferenceRequest",
    "InputParameters",
    "ModelDescribed",
    "OutputParameters",
    "Predicted",
    "RequestInput",
    "RequestOutput",
    "RequestParameters",
    "TensorKind",
    "validated",
]

MAX_TENSORS = 16  # one is read; more deserve a message
HINT = 'send {"inputs": [{"name", "shape", "datatype", "data"}]}'

Scalar: TypeAlias = bool | int | float | str | None
Size = Annotated[int, Field(ge=0, lt=2**63)]
Data: TypeAlias = Annotated[Any, WithJsonSchema({"type": "array"})]
"""What pydantic leaves as it is: a million numbers are not looked at twice."""


class Part(BaseModel):
    """Is read as it is written, without converting anything; members that are not named here are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Parameters(BaseModel):
    """Hold scalars alone; those that are not named here are ignored, as a timeout or a priority."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, Scalar]


class InputParameters(Parameters):
    """The parameters of an input tensor."""

    binary_data_size: Size | None = Field(None, description="a number of bytes")
    shared_memory_region: str | None = Field(None, description="a string")


class OutputParameters(Parameters):
    """The parameters of an output."""

    binary_data: bool | None = Field(None, description="true or false")
    classification: Scalar = Field(None, description="a scalar")
    shared_memory_region: str | None = Field(None, description="a string")


class RequestParameters(Parameters):
    """The parameters of a request."""

    reject_below: float | None = Field(None, ge=0, le=1, description="a number from 0 to 1")
    binary_data_output: bool | None = Field(None, description="true or false")


class RequestInput(Part):
    """An input tensor; its data stand here, or after the JSON."""

    name: str = Field(description="a string")
    shape: list[Size] = Field(max_length=8, description="a list of whole numbers, the number of images first")
    datatype: str = Field(description="a string")
    parameters: InputParameters | None = Field(None, description="an object of scalars")
    data: Data = Field(None, description="a list, flat or nested as the shape says")


class RequestOutput(Part):
    """An output that is wanted."""

    name: str = Field(description="a string")
    parameters: OutputParameters | None = Field(None, description="an object of scalars")


class InferenceRequest(Part):
    """The JSON of an inference request."""

    id: str | None = Field(None, description="a string")
    parameters: RequestParameters | None = Field(None, description="an object of scalars")
    inputs: list[RequestInput] = Field(max_length=MAX_TENSORS, description="a list with one tensor")
    outputs: list[RequestOutput] | None = Field(None, max_length=MAX_TENSORS, description="a list of outputs")


MODELS: Mapping[tuple[type[BaseModel], str], type[BaseModel]] = MappingProxyType(
    {
        (InferenceRequest, "parameters"): RequestParameters,
        (InferenceRequest, "inputs"): RequestInput,
        (InferenceRequest, "outputs"): RequestOutput,
        (RequestInput, "parameters"): InputParameters,
        (RequestOutput, "parameters"): OutputParameters,
    }
)
"""Which model describes the members of a member."""


def validated(members: dict[str, object]) -> InferenceRequest:
    """Check the JSON of an inference request.

    Raises:
        BadInputError: it cannot be understood; the message says which member, and what is expected of it.
    """
    try:
        return InferenceRequest.model_validate(members)
    except ValidationError as error:
        raise BadInputError(_correction(error.errors()[0]["loc"])) from error


def _correction(place: tuple[int | str, ...]) -> str:
    """Say which member is wrong, and what its field asks for; what a client itself named is not repeated."""
    path, expected = "", HINT
    model: type[BaseModel] = InferenceRequest
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
            continue
        field = model.model_fields.get(part)
        if field is None:
            break
        path, expected = f"{path}.{part}".lstrip("."), f"send {field.description}"
        model = MODELS.get((model, part), model)
    return f"{path} is missing or cannot be understood; {expected}"


class TensorKind(TypedDict):
    """What a model says of one of its tensors.

    Attributes:
        name: of the input or output.
        datatype: as the protocol names them.
        shape: -1 stands for any number of images.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelDescribed(TypedDict):
    """What a model says of itself.

    Attributes:
        name: its own, where it was asked for by an alias.
        versions: in rising order.
        platform: what it runs on.
        inputs: of which a request has one.
        outputs: those that it gives.
    """

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorKind]
    outputs: list[TensorKind]


class IndexEntry(TypedDict):
    """One version of a model in the repository index.

    Attributes:
        name: of the model.
        version: of the model.
        state: READY where it is served, else UNAVAILABLE.
        reason: what was wrong with its file at the last reload; empty where nothing was.
    """

    name: str
    version: str
    state: str
    reason: str


class Predicted(TypedDict):
    """The answer of V1.

    Attributes:
        predictions: the output activations of each instance, (n, n_out).
    """

    predictions: Rows
