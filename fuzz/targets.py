"""What is fuzzed: each target takes bytes from anyone and may raise nothing but our own refusal."""

import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from service.artifacts.load import verified
from service.errors import BadArtifactError, ImageError
from service.imaging import Format, Limits, decode, normalize
from service.imaging.png import SIGNATURE, check

__all__ = ["SEEDS", "TARGETS", "seeds"]

ROOT = Path(__file__).parents[1]
LIMITS = Limits(max_side=256, max_pixels=256 * 256, formats=frozenset(Format))  # small pictures find as much


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


def _repaired(content: bytes) -> bytes:
    """Put the right checksum behind every chunk, so that what lies beyond the checksums is reached too."""
    parts, place = [SIGNATURE], len(SIGNATURE)
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


def _artifacts() -> list[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "model_artifacts/four-pixel").glob("*.npz"))]


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"check": check_png, "decode": decode_picture, "artifact": load_artifact}
)
SEEDS: Mapping[str, Callable[[], list[bytes]]] = MappingProxyType(
    {
        "check": _pictures,
        "decode": lambda: [*_pictures(), *_other_formats()],
        "artifact": _artifacts,
    }
)
"""What each target begins with: the torture set, a picture of every other format, the smallest artifact."""


def seeds(target: str, folder: Path) -> Path:
    """Write a target's seeds into a folder, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(SEEDS[target]()):
        (folder / f"seed-{number:03}").write_bytes(content)
    return folder
