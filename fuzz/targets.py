"""What is fuzzed: each target takes bytes from anyone and may raise nothing but our own refusal."""

import base64
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from PIL import Image

from service.artifacts.load import verified
from service.errors import BadArtifactError, ImageError
from service.imaging import Format, Limits, decode, normalize
from service.imaging.format import PNG_SIGNATURE
from service.imaging.png import check
from service.web.brief import read_brief

__all__ = ["SEEDS", "TARGETS", "seeds"]

ROOT = Path(__file__).parents[1]
LIMITS = Limits(max_side=256, max_pixels=256 * 256, formats=frozenset(Format))  # small pictures find as much

GUNICORN = Config()
CLIENT, SERVER = ("192.0.2.7", 5), ("192.0.2.1", 80)
OF_CONNECTION = 5  # variables that are no field's: both ends, and the server's software


def check_png(content: bytes) -> None:
    """Check the structure of a PNG, as it is and with its checksums repaired."""
    for png in (content, _repaired(content)):
        with suppress(ImageError):
            check(png, LIMITS)


def decode_picture(content: bytes) -> None:
    """Read a picture of any format and bring it to what a network reads, likewise."""
    for picture in {content, _repaired(content)}:
        with suppress(ImageError):
            pixels = normalize(decode(picture, LIMITS)).pixels
            if not ((pixels >= 0) & (pixels <= 1)).all():
                raise AssertionError("a pixel is neither paper nor ink nor between")


def load_artifact(content: bytes) -> None:
    """Read an artifact."""
    with suppress(BadArtifactError):
        artifact = verified(content)
        if not all(np.isfinite(layer.weights).all() for layer in artifact.network.layers):
            raise AssertionError("a weight is no number")


def read_request(content: bytes) -> None:
    """Read a request as gunicorn reads it, head and body, or leave it to gunicorn."""
    brief = read_brief(content)
    if brief is None or brief.variables is None:
        return
    request = Request(GUNICORN, IterUnreader([content]), CLIENT)
    theirs = wsgi.create(request, None, CLIENT, SERVER, GUNICORN)[1]
    if brief.variables != {name: theirs[name] for name in brief.variables}:
        raise AssertionError("a field has another meaning to gunicorn")
    if len(brief.variables) != sum(isinstance(value, str) for value in theirs.values()) - OF_CONNECTION:
        raise AssertionError("gunicorn has found another field")
    if request.body.read() != content[brief.n_head : brief.n_head + brief.n_body]:
        raise AssertionError("the body has another length for gunicorn")


def _repaired(content: bytes) -> bytes:
    """Put the right checksum behind every chunk, so that what lies beyond the checksums is reached too."""
    parts, place = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while place + 12 <= len(content):
        length = min(int.from_bytes(content[place : place + 4], "big"), len(content) - place - 12)
        named = content[place + 4 : place + 8 + length]
        parts.append(length.to_bytes(4, "big") + named + zlib.crc32(named).to_bytes(4, "big"))
        place += 12 + length
    return b"".join(parts)


def _pictures() -> list[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "tests/corpus").glob("*/**/*.png"))]


def _other_formats() -> list[bytes]:
    image = Image.open(ROOT / "examples" / "three.png").convert("RGB").resize((40, 40))
    made = []
    kinds = (("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}), ("WEBP", {"lossless": True}))
    for name, options in kinds:
        out = BytesIO()
        image.save(out, name, **options)
        made.append(out.getvalue())
    return made


def _requests() -> list[bytes]:
    png = (ROOT / "tests/corpus/accepted/ancillary-gamma.png").read_bytes()
    bodies = {"image/png": png, "application/json": b'{"image": "%s"}' % base64.b64encode(png)}
    heads = (
        "Host: a\r\nUser-Agent: curl/8.5.0\r\nAccept: */*",
        "Host: a:8000\r\nConnection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\nX-Request-ID: 7f",
    )
    return [
        f"POST /v1/classify{query} HTTP/1.1\r\n{head}\r\nContent-Type: {kind}\r\n".encode()
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body
        for query in ("", "?model=wide")
        for head in heads
        for kind, body in bodies.items()
    ]


def _artifacts() -> list[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "model_artifacts/four-pixel").glob("*.npz"))]


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"check": check_png, "decode": decode_picture, "artifact": load_artifact, "request": read_request}
)
SEEDS: Mapping[str, Callable[[], list[bytes]]] = MappingProxyType(
    {
        "check": _pictures,
        "decode": lambda: [*_pictures(), *_other_formats()],
        "artifact": _artifacts,
        "request": _requests,
    }
)
"""What each target begins with: the torture set, pictures of other formats, an artifact, requests."""


def seeds(target: str, folder: Path) -> Path:
    """Write a target's seeds into a folder, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(SEEDS[target]()):
        (folder / f"seed-{number:03}").write_bytes(content)
    return folder
