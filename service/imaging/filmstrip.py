"""Every step from a picture to what a network reads, side by side in one picture."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from service.imaging.decode import TURNS, decode, source_of
from service.imaging.frame import FINE
from service.imaging.limits import Limits
from service.imaging.near import read
from service.imaging.normalize import Choice, Step
from service.imaging.parts import Box
from service.imaging.preprocessing import Preprocessing
from service.network import FloatArray

__all__ = ["Frame", "frames", "write_filmstrip"]

SIDE = 224  # pixels of a panel: eight for each of a network's 28
GAP = 12
LINE = 22  # for the words below a panel
PAGE, WORDS, EMPTY, BOX = (255, 255, 255), (40, 40, 40), (226, 226, 226), (213, 94, 0)
FONT_PIXELS = 15


class Frame(NamedTuple):
    """One step.

    Attributes:
        name: what was done.
        picture: what came of it.
        box: left, top, right, bottom of the ink where it was found, in pixels of picture.
    """

    name: str
    picture: Image.Image
    box: Box | None = None


def frames(
    content: bytes,
    limits: Limits,
    preprocessing: Preprocessing,
    invert: Choice = Choice.AUTO,
    center: Choice = Choice.AUTO,
) -> list[Frame]:
    """Return the picture as it was sent and after each step; the steps are shown by those who take them.

    Args:
        content: of a PNG, a JPEG or a WebP.
        limits: which pictures are read, and how large.
        preprocessing: the network's own input step.
        invert: whether ink is darker than paper.
        center: whether the ink is framed as MNIST frames it.

    Raises:
        ImageError: the bytes are not a picture that is read.
    """
    steps: dict[Step, FloatArray] = {}
    picture, near, normalized = read(content, limits, None, invert, center, saw=steps.__setitem__)
    pixels = normalized.pixels[np.newaxis]
    prepared = preprocessing.prepare(pixels)
    box = normalized.bounding_box if Step.BOX in steps else None
    return [
        Frame("as it was sent", _original(content, limits), box),
        Frame("grey", _grey(picture.grey)),
        *([] if near is None else [Frame("from near", _grey(near.grey))]),
        *(Frame(step, _shown(step, taken)) for step, taken in steps.items()),
        Frame("centred in 28 by 28" if Step.BOX in steps else "28 by 28", _square(pixels)),
        *([] if np.array_equal(prepared, pixels) else [Frame("as the network reads it", _square(prepared))]),
    ]


def write_filmstrip(strip: list[Frame], first: int = 1) -> bytes:
    """Draw frames side by side as a PNG, each with its name below it and a number, counted from first."""
    page = Image.new("RGB", (GAP + (SIDE + GAP) * len(strip), SIDE + 2 * GAP + LINE), PAGE)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(FONT_PIXELS)
    for place, frame in enumerate(strip):
        left = GAP + (SIDE + GAP) * place
        page.paste(_panel(frame), (left, GAP))
        words = f"{first + place}  {frame.name}"
        pen.text((left + SIDE // 2, GAP + SIDE + GAP // 2), words, WORDS, font, anchor="ma")
    out = BytesIO()
    page.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _panel(frame: Frame) -> Image.Image:
    """Enlarge or reduce a frame to the side of a panel, its pixels to be seen where they are few."""
    picture = frame.picture
    scale = SIDE / max(picture.size)
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    fitted = picture.resize([max(round(length * scale), 1) for length in picture.size], method)
    if frame.box:
        edges = [edge * scale for edge in frame.box]
        ImageDraw.Draw(fitted).rectangle(edges, outline=BOX, width=2)
    panel = ImageOps.pad(fitted, (SIDE, SIDE), color=EMPTY)
    ImageDraw.Draw(panel).rectangle((0, 0, SIDE - 1, SIDE - 1), outline=EMPTY)
    return panel


def _original(content: bytes, limits: Limits) -> Image.Image:
    """Decode once more, in colour, on paper as its own program would show it."""
    source = source_of(content, limits)
    image = source.load(1)
    if image.mode == "I;16":
        return _grey(decode(content, limits).grey)
    turned = TURNS[source.orientation]
    seen = image.convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    bands = (Image.fromarray(np.ascontiguousarray(turned(np.asarray(band)))) for band in white.split())
    return Image.merge("RGB", list(bands))


def _grey(picture: FloatArray) -> Image.Image:
    return Image.fromarray(np.rint(picture.clip(0, 1) * 255).astype(np.uint8)).convert("RGB")


def _shown(step: Step, taken: FloatArray) -> Image.Image:
    """Average what was scaled in pixels that are finer than the result's, as the frame does."""
    picture = _grey(taken)
    return picture.reduce(FINE) if step is Step.SCALED else picture


def _square(pixels: FloatArray) -> Image.Image:
    side = int(np.sqrt(pixels.size))
    return _grey(pixels.reshape(side, side))
