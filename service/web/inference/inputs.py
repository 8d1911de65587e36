"""From what a client sent, tensors or instances, to images that a network reads."""

import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from service.batch import see_all
from service.classifier import Classifier
from service.errors import BadInputError, ImageError
from service.imaging.plane import unit
from service.seen import Images
from service.web.allowance import PixelAllowance
from service.web.errors import BodyTooLargeError
from service.web.inference.request import Tensor
from service.web.inference.schema import TensorKind
from service.web.inference.tensor import elements, numbers

__all__ = ["input_kinds", "read_images"]

MAX_IMAGES = 1024  # of one request, where they are sent as pixels
MAX_PICTURES = 256  # and where they are PNGs, each of which takes longer than all the network's work on it


def input_kinds(classifier: Classifier) -> list[TensorKind]:
    """List the inputs of a model, of which a request has one."""
    image: TensorKind = {"name": "image", "datatype": "FP32", "shape": (-1, classifier.preprocessing.n_in)}
    png: TensorKind = {"name": "png", "datatype": "BYTES", "shape": (-1,)}
    return [image, png] if classifier.preprocessing.on_paper else [image]


def read_images(tensor: Tensor, classifier: Classifier) -> Images:
    """Read the images in a tensor.

    Raises:
        ImageError: one of the pictures is not a PNG that is read.
        BadInputError: another tensor than the model reads, or a pixel out of bounds.
    """
    known = [kind["name"] for kind in input_kinds(classifier)]
    if tensor.name not in known:
        name = classifier.artifact.metadata.name
        raise BadInputError(f"model {name} has no input {tensor.name[:60]!a}; send {' or '.join(known)}")
    return READERS[tensor.name](tensor, classifier)


def _image(tensor: Tensor, classifier: Classifier) -> Images:
    expected = classifier.preprocessing
    datatypes = ("FP32", "UINT8") if expected.on_paper else ("FP32",)
    if tensor.datatype not in datatypes:
        raise BadInputError(f"datatype {tensor.datatype[:20]!a} is not read; send {' or '.join(datatypes)}")
    if tensor.shape[1:] not in {(expected.n_in,), expected.shape, (1, *expected.shape)}:
        rows, columns = expected.shape
        raise BadInputError(
            f"shape {[*tensor.shape]} is not read; send [n, {expected.n_in}], [n, {rows}, {columns}] or "
            f"[n, 1, {rows}, {columns}]"
        )
    n_images = _counted(tensor.shape[0], MAX_IMAGES)
    sent = numbers(tensor.data, tensor.datatype, (n_images, expected.n_in))
    return _from_pixels(sent if tensor.datatype == "FP32" else unit(sent), classifier)


def _png(tensor: Tensor, classifier: Classifier) -> Images:
    if tensor.datatype != "BYTES" or len(tensor.shape) != 1:
        raise BadInputError("png is a tensor of another kind; send datatype BYTES and shape [n]")
    return _from_pictures(elements(tensor.data, _counted(tensor.shape[0], MAX_PICTURES)), classifier)


READERS: Mapping[str, Callable[[Tensor, Classifier], Images]] = MappingProxyType(
    {"image": _image, "png": _png}
)
"""How each input is read."""


def _from_pixels(pixels: NDArray[Any], classifier: Classifier) -> Images:
    """Take the network's own input: (n, n_in) of any float, paper low and ink high.

    Raises:
        BadInputError: a pixel is out of bounds.
    """
    checked = classifier.check_images(pixels)
    none = np.zeros(len(checked), bool)
    low, on_paper = classifier.preprocessing.low, classifier.preprocessing.on_paper
    return Images(checked, checked.max(axis=1) <= low if on_paper else none, none)


def _from_pictures(pictures: Sequence[bytes | str], classifier: Classifier) -> Images:
    """Bring PNGs, or strings of base64 that hold one, to MNIST's frame.

    Raises:
        ImageError: one of them is not a PNG that is read, or they are too large together.
        BadInputError: one of them is not base64.
    """
    allowance = PixelAllowance(classifier.limits)

    def read(place: int, picture: bytes | str) -> bytes:
        png = picture if isinstance(picture, bytes) else _decoded(place, picture)
        allowance.take(png)
        return png

    reads = (partial(read, place, picture) for place, picture in enumerate(pictures))
    return Images.of(see_all(classifier, reads, _tell_which))


def _decoded(place: int, picture: str) -> bytes:
    try:
        return binascii.a2b_base64(picture, strict_mode=True)
    except ValueError as error:
        told = f"picture {place} is not base64; send it in one line, with its padding"
        raise BadInputError(told) from error


def _tell_which(place: int, error: Exception) -> NoReturn:
    if isinstance(error, ImageError):
        raise type(error)(f"picture {place}: {error}") from error
    raise error


def _counted(n_images: int, most: int) -> int:
    if n_images > most:
        raise BodyTooLargeError(f"the request has {n_images} images; at most {most} are read")
    if n_images < 1:
        raise BadInputError(f"the request has {n_images} images; send 1 to {most}")
    return n_images
