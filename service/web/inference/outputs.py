"""From verdicts to the output tensors of an answer, as JSON or in binary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.artifacts import Metadata
from service.artifacts.format import DIGITS
from service.errors import BadInputError
from service.verdict import Verdicts
from service.web.inference.request import Inference, Wanted
from service.web.inference.schema import TensorKind
from service.web.inference.tensor import DTYPES, byte_strings

__all__ = ["Written", "output_kinds", "wanted_outputs", "write"]

Values = NDArray[Any] | list[str]


@dataclass(frozen=True, slots=True)
class Output:
    """One tensor that a model gives.

    Attributes:
        datatype: as the protocol names them.
        values: takes it out of the verdicts, labels at hand.
        by_label: true where an image has one number a label.
    """

    datatype: str
    values: Callable[[Verdicts, tuple[str, ...]], Values]
    by_label: bool = False


def _activations(verdicts: Verdicts, _: tuple[str, ...]) -> Values:
    return verdicts.activations


def _argmax(verdicts: Verdicts, _: tuple[str, ...]) -> Values:
    return verdicts.argmax


def _digit(verdicts: Verdicts, _: tuple[str, ...]) -> Values:
    return np.where(verdicts.rejected, -1, verdicts.argmax)


def _label(verdicts: Verdicts, labels: tuple[str, ...]) -> Values:
    return ["" if verdict.digit is None else labels[verdict.digit] for verdict in verdicts]


def _rejected(verdicts: Verdicts, _: tuple[str, ...]) -> Values:
    return verdicts.rejected


OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {
        "activations": Output("FP32", _activations, by_label=True),
        "argmax": Output("INT64", _argmax),
        "digit": Output("INT64", _digit),
        "label": Output("BYTES", _label),
        "rejected": Output("BOOL", _rejected),
    }
)
"""All that models give; one with other labels than the ten digits gives label in place of digit."""


def _outputs(metadata: Metadata) -> dict[str, Output]:
    left_out = "label" if metadata.labels == DIGITS else "digit"
    return {name: output for name, output in OUTPUTS.items() if name != left_out}


def output_kinds(metadata: Metadata) -> list[TensorKind]:
    """List the outputs of a model."""
    n_out = len(metadata.labels)
    return [
        {"name": name, "datatype": output.datatype, "shape": (-1, n_out) if output.by_label else (-1,)}
        for name, output in _outputs(metadata).items()
    ]


def wanted_outputs(inference: Inference, metadata: Metadata) -> tuple[Wanted, ...]:
    """Return the outputs that a client asked for, or all of them where it named none.

    Raises:
        BadInputError: the model has no such output, or one is asked for twice.
    """
    known = _outputs(metadata)
    names = [wanted.name for wanted in inference.outputs]
    for name in names:
        if name not in known:
            raise BadInputError(
                f"model {metadata.name} has no output {name[:60]!a}; it has {', '.join(known)}"
            )
        if names.count(name) > 1:
            raise BadInputError(f"output {name} is asked for twice; name it once")
    return inference.outputs or tuple(Wanted(name, inference.binary) for name in known)


@dataclass(frozen=True, slots=True)
class Written:
    """The body of an answer.

    Attributes:
        body: JSON, and after it the bytes of binary tensors.
        json_bytes: how long the JSON is; None where it is all of the body.
    """

    body: bytes
    json_bytes: int | None


def write(
    head: Mapping[str, object], verdicts: Verdicts, metadata: Metadata, wanted: tuple[Wanted, ...]
) -> Written:
    """Write an answer.

    Args:
        head: the members beside the outputs.
        verdicts: one for each image.
        metadata: of the model that gave them.
        wanted: the outputs, in their order.
    """
    written = [_written(verdicts, metadata, output) for output in wanted]
    binary = [content for _, content in written if content is not None]
    outputs = [described for described, _ in written]
    text = orjson.dumps({**head, "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Written(b"".join((text, *binary)), len(text)) if binary else Written(text + b"\n", None)


def _written(
    verdicts: Verdicts, metadata: Metadata, wanted: Wanted
) -> tuple[dict[str, object], bytes | None]:
    """Describe one output, with its data or before its bytes."""
    output = _outputs(metadata)[wanted.name]
    values = output.values(verdicts, metadata.labels)
    shape = (len(values), len(metadata.labels)) if output.by_label else (len(values),)
    described: dict[str, object] = {"name": wanted.name, "shape": shape, "datatype": output.datatype}
    if wanted.binary:
        content = _bytes(values, output.datatype)
        return {**described, "parameters": {"binary_data_size": len(content)}}, content
    return {**described, "data": values if isinstance(values, list) else values.reshape(-1)}, None


def _bytes(values: Values, datatype: str) -> bytes:
    if isinstance(values, list):
        return byte_strings(values)
    return values.astype(DTYPES[datatype], copy=False).tobytes()
