"""The three ways to send one picture, and what comes of each: something that a classifier can read."""

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Protocol

import numpy as np

from service.classifier import Classifier
from service.errors import BadInputError
from service.imaging import Choice, Passed, format_of
from service.network import FloatArray
from service.seen import Classification
from service.web.ahead import Foreseen
from service.web.bodies import read_body, read_form, read_json, unsupported
from service.web.exchange import Exchange
from service.web.options import NOTHING_CHOSEN, Options, only_once, parse_options

__all__ = ["PictureUpload", "PixelsUpload", "Upload", "read_upload"]

MAX_PARTS = 32  # one picture and the options, with room for mistakes that deserve a better message
MAX_ITEMS = 100_000  # pixels of the widest input that an artifact may have, and some more
JSON_HINT = 'send {"image": …} or {"pixels": …}'


class Upload(Protocol):
    """One picture and the options that came with it."""

    @property
    def options(self) -> Options:
        """Return what the client chose."""
        ...

    def classified_by(self, classifier: Classifier, passed: Passed) -> Classification:
        """Let a classifier read the picture; passed is told of each stage."""
        ...


@dataclass(frozen=True, slots=True)
class PictureUpload:
    """A picture in a format that may be read, not yet looked at."""

    picture: bytes
    options: Options

    def classified_by(self, classifier: Classifier, passed: Passed) -> Classification:
        """Let a classifier read the picture; passed is told of each stage.

        Raises:
            ImageError: it is not a picture that is read.
            BadInputError: the model reads no pictures.
        """
        options = self.options
        return classifier.classify(
            self.picture,
            reject_below=options.reject_below,
            invert=options.invert,
            center=options.center,
            passed=passed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ForeseenUpload:
    """A picture that was read while its request waited."""

    foreseen: Foreseen
    upload: PictureUpload

    @property
    def options(self) -> Options:
        """Return what the client chose: nothing."""
        return self.upload.options

    def classified_by(self, classifier: Classifier, passed: Passed) -> Classification:
        """Return what the classifier found; passed is told of each stage."""
        if classifier is not self.foreseen.classifier:
            return self.upload.classified_by(classifier, passed)
        return self.foreseen.classification


@dataclass(frozen=True, slots=True, eq=False)
class PixelsUpload:
    """The network's own input, not yet checked: (n_in,) or (rows, columns) float64."""

    pixels: FloatArray
    options: Options

    def classified_by(self, classifier: Classifier, passed: Passed) -> Classification:
        """Let a classifier read the numbers; passed is told of each stage.

        Raises:
            BadInputError: another shape than the network reads, or a number out of bounds.
        """
        return classifier.classify_pixels(self.pixels, reject_below=self.options.reject_below, passed=passed)


def read_upload(exchange: Exchange, max_body_bytes: int, max_seconds: float) -> Upload:
    """Read the one picture in a request, whichever way it was sent.

    Raises:
        UnsupportedBodyError: the body is of another type, or compressed.
        BodyTooLargeError: more bytes or parts than are read.
        SlowBodyError: it took too long to arrive.
        BadInputError: no picture, more than one, or options that cannot be understood.
    """
    query = only_once(exchange.args.lists()) if exchange.query_string else {}
    content_type = exchange.environ.get("CONTENT_TYPE", "")
    read = READERS.get(content_type) or READERS.get(exchange.mimetype, _unnamed)
    return read(exchange, read_body(exchange, max_body_bytes, max_seconds, "send one PNG"), query)


def _raw(exchange: Exchange, body: bytes, query: Mapping[str, object]) -> Upload:
    return _picture(exchange, body, parse_options(query))


def _picture(exchange: Exchange, picture: bytes, options: Options) -> Upload:
    """Take what was found out while the request waited, if it is what the client asks for."""
    foreseen, upload = exchange.foreseen, PictureUpload(picture, options)
    if foreseen is None or foreseen.picture != picture or options is not NOTHING_CHOSEN:
        return upload
    return ForeseenUpload(foreseen, upload)


def _form(exchange: Exchange, body: bytes, query: Mapping[str, object]) -> Upload:
    form = read_form(exchange, body, MAX_PARTS)
    if len(form.files) != 1:
        raise BadInputError(
            f"the form has {len(form.files)} files; send one PNG as a file, as curl -F image=@digit.png does"
        )
    picture = form.files[0].content
    if not picture:
        raise BadInputError("the form's file is empty; send one PNG")
    return _picture(exchange, picture, parse_options(query, form.fields))


def _json(exchange: Exchange, body: bytes, query: Mapping[str, object]) -> Upload:
    members = read_json(body, MAX_ITEMS, JSON_HINT)
    image, pixels = members.pop("image", None), members.pop("pixels", None)
    if (image is None) == (pixels is None):
        raise BadInputError(
            'send either "image", base64 or a data: URL, or "pixels", the network\'s own input'
        )
    options = parse_options(query, members)
    if pixels is None:
        return _picture(exchange, _from_base64(image), options)
    if (options.invert, options.center) != (Choice.AUTO, Choice.AUTO):
        raise BadInputError("invert and center are for images; pixels are what the network itself reads")
    return PixelsUpload(_numbers(pixels), options)


def _unnamed(exchange: Exchange, body: bytes, query: Mapping[str, object]) -> Upload:
    """Take a picture whose type nobody chose, as curl and urllib do, by its signature; refuse all else."""
    if exchange.mimetype in UNCHOSEN and format_of(body) is not None:
        return _raw(exchange, body, query)
    hint = f"send one of {', '.join(READERS)}, with curl for example -H 'Content-Type: image/png'"
    raise unsupported(exchange, READERS, hint)


def _from_base64(image: object) -> bytes:
    if not isinstance(image, str):
        raise BadInputError("image is not a string; send base64 or a data: URL")
    head, comma, text = image.partition(",") if image.startswith("data:") else ("", "", image)
    if comma and not head.endswith(";base64"):
        raise BadInputError("the data: URL is not base64; send data:image/png;base64,…")
    try:
        picture = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise BadInputError("image is not base64; send it in one line, with its padding") from error
    if not picture:
        raise BadInputError("image is empty; send one PNG")
    return picture


def _numbers(pixels: object) -> FloatArray:
    """Return (n,) or (rows, columns) float64; how many there must be is the classifier's business."""
    given = pixels if isinstance(pixels, list) else []
    rows = [row for row in given if isinstance(row, list)]
    if not given or len(rows) not in {0, len(given)} or len(set(map(len, rows))) > 1:
        raise BadInputError("pixels are neither a list of numbers nor rows that are equally long")
    numbers = chain.from_iterable(rows) if rows else given
    if not set(map(type, numbers)) <= {int, float}:  # true and "0.5" are no pixels
        raise BadInputError("pixels hold something that is not a number")
    return np.array(given, dtype=np.float64)


Reader = Callable[[Exchange, bytes, Mapping[str, object]], Upload]
READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "image/png": _raw,
        "image/jpeg": _raw,  # where it is switched off, the refusal says how to switch it on
        "image/webp": _raw,
        "application/octet-stream": _raw,
        "multipart/form-data": _form,
        "application/json": _json,
    }
)
"""How a body is read, by its Content-Type."""
UNCHOSEN = frozenset({"", "application/x-www-form-urlencoded"})
