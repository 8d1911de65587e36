"""From Pillow's pixels to a plane of light and one of opacity, and from the two to grey."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from service.imaging.hue import DULL, by_hue
from service.imaging.parts import Mask
from service.network import FloatArray

__all__ = ["Planes", "flatten", "read_planes", "unit"]

STRIP = 1 << 18  # pixels converted at once, so that no second copy of a large picture is made

COLOURED = frozenset(("RGB", "RGBA", "P"))
BLACK, MIDDLE, WHITE = 0.0, 0.5, 1.0

FILLED = 0.7  # of its bounding box: paper fills so much of it, the strokes of a digit do not
EDGE = 0.5  # of the edge of what is painted, and more, has the grey of paper where that is painted
EVEN = 0.1  # standard deviation of grey: ink of one colour stays below


class Planes(NamedTuple):
    """A picture without its colours.

    Attributes:
        light: (height, width) float32, 0 black to 1 white, multiplied by the opacity.
        opacity: (height, width) float32, 0 to 1; None where nothing shows through.
    """

    light: FloatArray
    opacity: FloatArray | None


def read_planes(image: Image.Image, factor: int) -> Planes:
    """Read a picture, reduced by averaging squares of factor × factor pixels.

    Args:
        image: decoded, in any mode that Pillow has for PNG; a transparent colour stands in its info.
        factor: 1 or more.
    """
    read = _reader(image)
    planes = _joined([read(strip, factor) for strip in _strips(image, factor)])
    if planes.opacity is None and image.mode in COLOURED and np.ptp(planes.light) < DULL:
        return Planes(by_hue(_colours(image, factor), planes.light), None)
    return planes


def _joined(strips: list[Planes]) -> Planes:
    if len(strips) == 1:
        return strips[0]
    light = np.concatenate([strip.light for strip in strips])
    if all(strip.opacity is None for strip in strips):
        return Planes(light, None)
    opaque = [np.ones_like(light) if opacity is None else opacity for light, opacity in strips]
    return Planes(light, np.concatenate(opaque))


def _colours(image: Image.Image, factor: int) -> FloatArray:
    """Read red, green and blue, reduced likewise: (3, height, width)."""
    # with opacity, although all is opaque: Pillow warns where it takes a palette's away
    strips = (strip.convert("RGBA").split()[:3] for strip in _strips(image, factor))
    return np.concatenate(
        [np.stack([_unit(_reduced(plane, factor)) for plane in strip]) for strip in strips], axis=1
    )


def _reader(image: Image.Image) -> Callable[[Image.Image, int], Planes]:
    if image.mode == "I;16":
        return _deep
    if image.has_transparency_data:
        return _transparent
    return _indexed if image.mode == "P" else _opaque


def _strips(image: Image.Image, factor: int) -> Iterator[Image.Image]:
    """Cut a picture into strips of whole squares."""
    width, height = image.size
    rows = max(STRIP // (width * factor), 1) * factor
    if rows >= height:
        return iter((image,))
    return (image.crop((0, top, width, min(top + rows, height))) for top in range(0, height, rows))


def _opaque(strip: Image.Image, factor: int) -> Planes:
    grey = strip if strip.mode == "L" else strip.convert("L")
    return Planes(_unit(_reduced(grey, factor)), None)


def _indexed(strip: Image.Image, factor: int) -> Planes:
    """Look up the grey of each entry of the palette, which is four times as fast as Pillow's conversion."""
    palette = bytes(strip.getpalette() or ())
    greys = Image.frombytes("RGB", (len(palette) // 3, 1), palette).convert("L").tobytes()
    return Planes(_unit(_reduced(strip.point(greys.ljust(256, b"\0"), "L"), factor)), None)


def _transparent(strip: Image.Image, factor: int) -> Planes:
    """Multiply light by opacity; a screenshot has opacity, and most often all of it."""
    strip = strip if strip.mode in {"LA", "RGBA"} else strip.convert("RGBA")
    light, opacity = strip.convert("L"), strip.getchannel("A")
    reduced = _reduced(opacity, factor)
    if reduced.getextrema() == (255, 255):
        return Planes(_unit(_reduced(light, factor)), None)
    return Planes(_unit(_reduced(ImageChops.multiply(light, opacity), factor)), _unit(reduced))


def _deep(strip: Image.Image, factor: int) -> Planes:
    """Read samples of 16 bits, and which of them is transparent, if one is."""
    samples = np.asarray(strip)  # uint16
    transparent = strip.info.get("transparency")
    if transparent is None:
        return Planes(_averaged(samples, factor) / np.float32(65_535), None)
    opaque = samples != transparent
    return Planes(_averaged(samples * opaque, factor) / np.float32(65_535), _averaged(opaque, factor))


def _reduced(plane: Image.Image, factor: int) -> Image.Image:
    """Average squares of factor × factor pixels; without any, spare the copy."""
    return plane if factor == 1 else plane.reduce(factor)


def _unit(plane: Image.Image) -> FloatArray:
    return unit(np.frombuffer(plane.tobytes(), np.uint8).reshape(plane.height, plane.width))


def unit(samples: NDArray[Any]) -> FloatArray:
    """Bring 0..255 to 0..1 in float32; what is beyond stays beyond."""
    light = samples.astype(np.float32)
    light /= np.float32(255)
    return light


def _averaged(samples: NDArray[np.generic], factor: int) -> FloatArray:
    """Average squares of factor × factor samples, whatever numbers they are."""
    return np.asarray(Image.fromarray(samples.astype(np.float32)).reduce(factor))


def flatten(planes: Planes) -> FloatArray:
    """Lay a picture on paper that its ink is seen on: (height, width), 0 black to 1 white."""
    light, opacity = planes
    return light if opacity is None else light + _paper(light, opacity) * (1 - opacity)


def _paper(light: FloatArray, opacity: FloatArray) -> np.float32:
    """Choose the grey behind a picture that is transparent in places.

    Where paper and ink are both painted it is the paper's own grey: what most of it has, as in a screenshot
    with round corners, or what its edge has all round, as a sticker's. Else all that is painted is ink, and
    the paper contrasts with it. A one that leans nowhere fills its box as paper does, and what most of it
    has is ink; but where white was made transparent its edge is blended, and has another grey.
    """
    painted = opacity > MIDDLE
    own = light / np.maximum(opacity, MIDDLE)
    greys = own[painted]
    if greys.size and greys.std() > EVEN:
        rim, most = own[_rim(painted)], np.float32(np.median(greys))
        if rim.size and _fills_its_box(painted) and np.mean(np.abs(rim - most) < EVEN) > EDGE:
            return most
        if rim.size and rim.std() < EVEN:
            return np.float32(np.median(rim))
    ink = light.sum() / max(opacity.sum(), 1)
    return np.float32(BLACK if ink > MIDDLE else WHITE)


def _rim(painted: Mask) -> Mask:
    """Draw the outermost pixels of what is painted, less those that are blended with nothing."""
    whole = _within(painted)
    rim: Mask = whole & ~_within(whole)
    return rim


def _within(painted: Mask) -> Mask:
    """Draw what is painted and has nothing but paint to its left and right, above and below."""
    wide = np.pad(painted, 1)
    within: Mask = painted & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return within


def _fills_its_box(painted: Mask) -> bool:
    rows, columns = painted.any(axis=1), painted.any(axis=0)
    height, width = np.ptp(np.flatnonzero(rows)) + 1, np.ptp(np.flatnonzero(columns)) + 1
    return bool(painted.sum() > FILLED * height * width)
