"""An inference request of the Open Inference Protocol (V2), parsed: the tensor in, the outputs wanted.

The protocol: https://github.com/kserve/open-inference-protocol, with Triton's binary tensor extension, in
which the tensors' bytes follow the JSON.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import BadInputError
from service.imaging.format import PNG_SIGNATURE
from service.web.bodies import read_json
from service.web.inference.schema import (
    HINT,
    InputParameters,
    OutputParameters,
    RequestInput,
    RequestOutput,
    RequestParameters,
    validated,
)

__all__ = ["JSON_BYTES", "MAX_ITEMS", "Inference", "Tensor", "Wanted", "parse_inference"]

JSON_BYTES = "Inference-Header-Content-Length"
"""The header field that says how long the JSON is, where binary tensors follow it."""
MAX_ITEMS = 1_000_000  # numbers of 1,024 images of 784, and some more; each costs some 30 bytes
LENGTH = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input as it was sent; whether the model reads it is its own business.

    Attributes:
        name: of the model's input.
        datatype: as the protocol names them.
        shape: the number of images first.
        data: the bytes of a binary tensor, or a list as JSON holds it.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: memoryview | Sequence[object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One output that a client asks for: by its name, in binary or as JSON."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class Inference:
    """What a client asks for.

    Attributes:
        tensor: the images.
        id: the client's own; None where it sent none.
        reject_below: 0..1; None is the model's own threshold, 0 turns rejection off.
        outputs: those wanted, in their order; empty for all of them.
        binary: how outputs are sent where none are named.
    """

    tensor: Tensor
    id: str | None = None
    reject_below: float | None = None
    outputs: tuple[Wanted, ...] = ()
    binary: bool = False


def parse_inference(body: bytes, json_bytes: str | None, n_in: int) -> Inference:
    """Parse the body of an inference request.

    Args:
        body: JSON, and after it the bytes of its binary tensor.
        json_bytes: the field JSON_BYTES, how long the JSON is; None is all of the body,
            and 0 says that the body is one tensor and nothing else: a PNG, or images in FP32.
        n_in: numbers of one image.

    Raises:
        BodyTooLargeError: more numbers than are read.
        BadInputError: it cannot be understood; the message says which member, and what is expected of it.
    """
    if not body:
        raise BadInputError(f"the body is empty; {HINT}")
    end = _end_of_json(body, json_bytes)
    if end == 0:
        return Inference(_raw(body, n_in), binary=True)
    request = validated(read_json(body[:end], MAX_ITEMS, HINT))
    parameters = request.parameters or RequestParameters()
    binary = bool(parameters.binary_data_output)
    return Inference(
        tensor=_tensor(request.inputs, memoryview(body)[end:]),
        id=request.id,
        reject_below=parameters.reject_below,
        outputs=tuple(_wanted(output, binary=binary) for output in request.outputs or ()),
        binary=binary,
    )


def _end_of_json(body: bytes, json_bytes: str | None) -> int:
    if json_bytes is None:
        return len(body)
    end = int(json_bytes) if LENGTH.fullmatch(json_bytes) else -1
    if not 0 <= end <= len(body):
        raise BadInputError(
            f"{JSON_BYTES} {json_bytes[:40]!a} is not a length within the body of "
            f"{len(body)} bytes; send that of the JSON"
        )
    return end


def _raw(body: bytes, n_in: int) -> Tensor:
    if body.startswith(PNG_SIGNATURE):
        return Tensor("png", "BYTES", (1,), (body,))
    n_images, rest = divmod(len(body), 4 * n_in)
    if rest:
        raise BadInputError(
            f"the body of {len(body)} bytes is neither a PNG nor images of {n_in} FP32; with "
            f"{JSON_BYTES} 0, send one of them and nothing else"
        )
    return Tensor("image", "FP32", (n_images, n_in), memoryview(body))


def _tensor(inputs: list[RequestInput], binary: memoryview) -> Tensor:
    if len(inputs) != 1:
        raise BadInputError(f"the request has {len(inputs)} inputs; send one: image or png")
    sent = inputs[0]
    parameters = sent.parameters or InputParameters()
    if parameters.shared_memory_region is not None:
        raise BadInputError("shared memory is not read; send the tensor's data")
    size = parameters.binary_data_size
    if (size or 0) != len(binary):
        raise BadInputError(
            f"binary_data_size says {size or 0} bytes, and {len(binary)} follow the JSON; send as many"
        )
    if (size is None) == (sent.data is None):
        raise BadInputError("the input has no data, or two; send either data or binary_data_size")
    data = binary if sent.data is None else sent.data
    if not isinstance(data, (memoryview, list)):
        raise BadInputError("data is not a list; send the tensor's elements, row by row")
    return Tensor(sent.name, sent.datatype, tuple(sent.shape), data)


def _wanted(output: RequestOutput, *, binary: bool) -> Wanted:
    parameters = output.parameters or OutputParameters()
    if parameters.classification is not None:
        raise BadInputError("the classification extension is not served; ask for activations and argmax")
    if parameters.shared_memory_region is not None:
        raise BadInputError("shared memory is not written; ask for outputs without it")
    return Wanted(output.name, binary if parameters.binary_data is None else parameters.binary_data)
