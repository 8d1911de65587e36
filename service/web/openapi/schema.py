"""What is sent, and what is answered where no module of the interface has a type for it."""

from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import ConfigDict, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from service.artifacts.format import Evaluation, Moment, PreprocessingChoice, Reject, Training
from service.artifacts.reference import Reference
from service.imaging import Choice
from service.web.batch_bodies import MAX_ITEMS
from service.web.options import Include
from service.web.schema import Number, Numbers, Problem

__all__ = [
    "Alive",
    "BatchForm",
    "Everything",
    "Healthy",
    "Inferred",
    "Instances",
    "Live",
    "ModelReady",
    "Models",
    "Neuron",
    "PictureForm",
    "PictureSent",
    "PixelsSent",
    "Ready",
    "ReadyAndLive",
    "RepositoryQuery",
    "Server",
    "Statistics",
    "Unready",
    "V2Models",
]

Binary: TypeAlias = Annotated[
    Any, WithJsonSchema({"type": "string", "format": "binary", "contentMediaType": "image/png"})
]
Base64: TypeAlias = Annotated[str, Field(min_length=1)]
Row: TypeAlias = Annotated[list[float], Field(min_length=1)]
Pixels: TypeAlias = Row | Annotated[list[Row], Field(min_length=1)]
Threshold: TypeAlias = Annotated[float, Field(ge=0, le=1)]
INCLUDE = rf"(\s*({'|'.join(Include)})\s*)?"
Includes: TypeAlias = Annotated[str, Field(pattern=f"^{INCLUDE}(,{INCLUDE})*$")]


class Options(TypedDict):
    """What may be chosen beside the picture; the query wins over these.

    Attributes:
        model: a name or an alias, or name@version; without it the default model.
        reject_below: 0 turns every rejection off; without it the model's own threshold.
        invert: whether ink is darker than paper.
        center: whether the ink is cropped, scaled and centred as MNIST does it.
        include: what the answer carries beside the verdict: a list, or names with commas between.
    """

    model: NotRequired[str | None]
    reject_below: NotRequired[Threshold | None]
    invert: NotRequired[Choice | None]
    center: NotRequired[Choice | None]
    include: NotRequired[list[Include] | str | None]


@with_config(ConfigDict(extra="forbid"))
class PictureSent(Options):
    """A picture in JSON.

    Attributes:
        image: base64, or a data: URL that holds it.
    """

    image: Base64


@with_config(ConfigDict(extra="forbid"))
class PixelsSent(Options):
    """The network's own input in JSON.

    Attributes:
        pixels: 784 numbers or 28 rows of 28, 0 for paper to 1 for ink; other models read other numbers.
    """

    pixels: Pixels


class Fields(TypedDict):
    """What may be chosen beside the file; the query wins over these.

    Attributes:
        model: a name or an alias, or name@version; without it the default model.
        reject_below: 0 turns every rejection off; without it the model's own threshold.
        invert: whether ink is darker than paper.
        center: whether the ink is cropped, scaled and centred as MNIST does it.
        include: what the answer carries beside the verdict, names with commas between.
    """

    model: NotRequired[str]
    reject_below: NotRequired[Threshold]
    invert: NotRequired[Choice]
    center: NotRequired[Choice]
    include: NotRequired[Includes]


class PictureForm(Fields):
    """A picture in a form.

    Attributes:
        image: the file; it may have any other name, but must be the only one.
    """

    image: Binary


class BatchForm(Fields):
    """Pictures in a form.

    Attributes:
        image: the files, each under any name.
    """

    image: Annotated[list[Binary], Field(min_length=1, max_length=MAX_ITEMS)]


class Instances(TypedDict):
    """The request of V1; further members are ignored.

    Attributes:
        instances: an image each: numbers, rows of numbers or {"b64": a PNG}, all of one kind.
    """

    instances: Annotated[list[Any], Field(min_length=1)]


class RepositoryQuery(TypedDict):
    """What of the repository index is asked for; further members are ignored.

    Attributes:
        ready: true leaves out what could not be read.
    """

    ready: NotRequired[bool | None]


class Summary(TypedDict):
    """What a list says of a model.

    Attributes:
        name: of the model.
        version: of which the rest is told.
        versions: all that are served, in rising order.
        aliases: further names of this version.
        ready: true, as whatever is listed was verified and loaded.
        default: true where this model answers when none is named.
        description: a sentence.
        sizes: neurons in each column, the input first.
        activation_functions: of each layer.
        parameters: how many weights and biases there are.
        labels: of the output neurons.
        sha256: of the artifact.
        size_bytes: of the artifact.
        accuracy: share of test images whose argmax is right, 0..1; null where it was not measured.
    """

    name: str
    version: str
    versions: list[str]
    aliases: list[str]
    ready: Literal[True]
    default: bool
    description: str
    sizes: list[int]
    activation_functions: list[str]
    parameters: int
    labels: list[str]
    sha256: str
    size_bytes: int
    accuracy: float | None


class Models(TypedDict):
    """The models.

    Attributes:
        models: each by its newest version.
        aliases: what each alias stands for.
    """

    models: list[Summary]
    aliases: dict[str, str]


class Everything(Summary):
    """All that an artifact knows of itself.

    Attributes:
        preprocessing: the input step.
        training: how the weights came to be; null where that is not known.
        evaluation: how good the network is on images it never saw; null where that is not known.
        reference: what undrifted images look like; null where that is not known.
        reject: when the answer is "not a digit".
        curve: the training, epoch by epoch.
        licence: of the weights.
        producer: what wrote the artifact.
    """

    preprocessing: PreprocessingChoice
    training: Training | None
    evaluation: Evaluation | None
    reference: Reference | None
    reject: Reject
    curve: list[Moment]
    licence: str
    producer: str


class Neuron(TypedDict):
    """What one neuron listens to.

    Attributes:
        model: its name.
        model_version: its version.
        layer: counted from 0 behind the input.
        neuron: counted from 0.
        activation_function: of the layer.
        shape: rows and columns in which the weights are drawn.
        weights: one for each neuron of the column before, row by row.
        bias: added to the weighted sum.
    """

    model: str
    model_version: str
    layer: int
    neuron: int
    activation_function: str
    shape: Annotated[list[int], Field(min_length=2, max_length=2)]
    weights: Numbers
    bias: Number


class Alive(TypedDict):
    """What a program is told at /."""

    status: Literal["alive"]


class Live(TypedDict):
    """The answer of a process that can answer."""

    live: Literal[True]


class Ready(TypedDict):
    """The answer of a service to which classifications may be sent."""

    ready: Literal[True]


class ReadyAndLive(Ready, Live):
    """The same in the words of V2."""


class Served(TypedDict):
    """An artifact that is served."""

    name: str
    version: str
    sha256: str


class Healthy(Ready):
    """What is served.

    Attributes:
        version: of the service.
        models: every version of every model.
        uptime_seconds: since the service started.
        reload_failures: what was wrong at the last reload, by what it was wrong with.
    """

    version: str
    models: list[Served]
    uptime_seconds: float
    reload_failures: dict[str, str]


class Unready(Problem):
    """Why no classifications should be sent here; the probe's own members stand beside these.

    Attributes:
        ready: false.
        reason: why.
    """

    ready: Literal[False]
    reason: str


class Server(TypedDict):
    """What the server says of itself.

    Attributes:
        name: digits.
        version: of the service.
        extensions: of the protocol that it speaks.
    """

    name: str
    version: str
    extensions: list[str]


class V2Models(TypedDict):
    """The names of the models."""

    models: list[str]


class ModelReady(TypedDict):
    """That a model is ready."""

    name: str
    ready: Literal[True]


class OutputTensor(TypedDict):
    """One tensor of an answer.

    Attributes:
        name: of the output.
        datatype: as the protocol names them.
        shape: the number of images first.
        data: flat, row by row; missing where it follows in binary.
        parameters: binary_data_size, where it follows in binary.
    """

    name: str
    datatype: str
    shape: list[int]
    data: NotRequired[list[Any]]
    parameters: NotRequired[dict[str, int]]


class AppliedParameters(TypedDict):
    """What was applied.

    Attributes:
        reject_below: the threshold.
    """

    reject_below: float


class Inferred(TypedDict):
    """The answer to an inference request.

    Attributes:
        model_name: of the model that answered.
        model_version: its version.
        id: the request's own, unchanged, or else that in X-Request-ID.
        parameters: what was applied.
        outputs: those that were asked for, or all.
    """

    model_name: str
    model_version: str
    id: str
    parameters: AppliedParameters
    outputs: list[OutputTensor]


class Duration(TypedDict):
    """How often something happened, and how many nanoseconds it took in all."""

    count: int
    ns: int


class ModelStatistics(TypedDict):
    """What was asked of one version of a model, by V2 and V1, since the service started.

    Attributes:
        name: of the model.
        version: of the model.
        last_inference: milliseconds since 1970; 0 where there was none.
        inference_count: images.
        execution_count: forward passes.
        inference_stats: by stage.
        batch_stats: always empty.
    """

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: dict[str, Duration]
    batch_stats: list[object]


class Statistics(TypedDict):
    """What was asked of each model."""

    model_stats: list[ModelStatistics]
