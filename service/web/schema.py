"""What clients may rely on in an answer; pydantic makes JSON Schema of these types."""

from typing import Annotated, Any, NotRequired, TypeAlias

from pydantic import WithJsonSchema
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

__all__ = [
    "BatchClassified",
    "Classified",
    "LayerRead",
    "Named",
    "Number",
    "Numbers",
    "Preprocessed",
    "Problem",
    "Refused",
    "Rows",
]

Number: TypeAlias = Annotated[Any, WithJsonSchema({"type": "number"})]
Numbers: TypeAlias = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "number"}})]
"""Numbers as numpy holds them: orjson writes a float32 with as many decimals as it needs."""
Rows: TypeAlias = Annotated[
    Any, WithJsonSchema({"type": "array", "items": {"type": "array", "items": {"type": "number"}}})
]
"""Rows of such numbers, one an image."""


class Preprocessed(TypedDict):
    """What was done to an upload before the network read it.

    Attributes:
        inverted: true when it was dark ink on light paper.
        bounding_box: left, top, right, bottom of the ink in pixels of the upload; null where there is none.
        scale: pixels of the result for each pixel of the upload.
        shift: pixels of the result by which the ink was moved right and down.
        ink: the mean pixel of the result, 0..1.
        original_size: width and height of the upload in pixels.
        mode: how the PNG held its pixels.
    """

    inverted: bool
    bounding_box: tuple[int, int, int, int] | None
    scale: float
    shift: tuple[float, float]
    ink: float
    original_size: tuple[int, int] | None
    mode: str | None


class LayerRead(TypedDict):
    """What one layer made of an image.

    Attributes:
        z: weighted sums plus biases, one a neuron.
        activations: the same, squashed.
    """

    z: Numbers
    activations: Numbers


class Classified(TypedDict):
    """The answer for one image.

    Attributes:
        id: the request's, as in X-Request-ID.
        model: its name.
        model_version: its version.
        activations: of the output neurons; those of a digit model lie in 0..1, and do not sum to one.
        argmax: the index of the largest.
        digit: the same, or null where the image was rejected; missing where labels are not the ten digits.
        labels: of the output neurons, where they are not the ten digits.
        label: the one at argmax, or null where the image was rejected; in place of digit.
        margin: the largest activation less the second largest.
        rejected: true when the answer is "not a digit".
        reason: why; null where it was not rejected.
        reject_below: the threshold that was applied.
        preprocessing: with include=preprocessing; null where pixels were sent.
        image: with include=image, the picture as the first layer read it, a PNG as a data: URL.
        hidden: with include=hidden, every layer from the first to the output.
    """

    id: str
    model: str
    model_version: str
    activations: Numbers
    argmax: int
    digit: NotRequired[int | None]
    labels: NotRequired[tuple[str, ...]]
    label: NotRequired[str | None]
    margin: Number
    rejected: bool
    reason: str | None
    reject_below: float
    preprocessing: NotRequired[Preprocessed | None]
    image: NotRequired[str]
    hidden: NotRequired[list[LayerRead]]


class Problem(TypedDict):
    """What went wrong (RFC 9457).

    Attributes:
        type: where it is explained, a path on this service.
        title: the same for every failure of this kind.
        status: of the answer; for one picture of a batch, what it would be if that were sent alone.
        detail: what went wrong this time, and what to do.
        error: the same again, for clients of the Open Inference Protocol.
        code: stable, for programs.
        id: the request's, as in X-Request-ID.
    """

    type: str
    title: str
    status: int
    detail: str
    error: str
    code: str
    id: str


class Named(Classified):
    """The answer for one picture of a batch.

    Attributes:
        name: of the file that held it.
    """

    name: str


class Refused(TypedDict):
    """What is said of one picture of a batch that could not be read.

    Attributes:
        name: of the file that held it.
        error: why.
    """

    name: str
    error: Problem


class BatchClassified(TypedDict):
    """The answer for many pictures.

    Attributes:
        id: the request's, as in X-Request-ID.
        model: its name.
        model_version: its version.
        results: one for each picture, in the order in which they were sent.
    """

    id: str
    model: str
    model_version: str
    results: list[Named | Refused]
