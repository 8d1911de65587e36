"""The kinds of picture that people send, as a table: each row takes a digit of MNIST and makes one.

A kind is a function of (rng, digit) to a Pillow image, where the digit is (28, 28) ink from 0 paper to 1.
Without a digit, all zeros, it makes the paper alone. SEEN kinds are there to train on and to measure by,
HELD_OUT kinds only to measure by.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from service.imaging import SIDE
from service.network import FloatArray
from service.training.photographs.camera import as_jpeg, on_a_table, seen_askew
from service.training.photographs.page import (
    as_bytes,
    between,
    dark_corners,
    lay,
    lit_from_one_side,
    page,
    rough,
    ruled,
    shadowed,
    tightly,
    written,
)
from service.training.photographs.paperwork import (
    above_a_line,
    below_words,
    crayon,
    scanned_aslant,
    sticky_note,
)
from service.training.photographs.pen import enlarged, write
from service.training.photographs.surroundings import (
    cell_of_a_form,
    far_away,
    favicon,
    glossy,
    notebook,
    punched,
    tablet,
    whiteboard,
    window,
)

__all__ = ["HELD_OUT", "KINDS", "SEEN", "Kind"]

Kind: TypeAlias = Callable[[np.random.Generator, FloatArray], Image.Image]

CONTRAST = 60  # of 255, between the lightness of paper and ink
MIDDLE = 128  # of 255 greys
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow weighs colours


def _black_on_white(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(1 - page(rng, digit))


def _white_on_black(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(page(rng, digit))


def _with_a_pen(pen: str, rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(written(rng, page(rng, digit, pen)))


def _soft_pen(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Enlarge MNIST's own half tones and smear them."""
    side = round(SIDE * between(rng, 4, 20))
    image = as_bytes(written(rng, lay(rng, enlarged(digit, side), 0.2)))
    return image.filter(ImageFilter.BoxBlur(rng.uniform(0, 0.6) * side / SIDE))


def _coloured(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Draw two colours that differ in lightness, the lighter for paper or for ink."""
    contrast = 0.0
    while contrast < CONTRAST:
        colours = rng.integers(0, 256, (2, 3))
        contrast = abs(float(np.diff(colours @ LUMA)[0]))
    paper, ink = (tuple(map(int, colour)) for colour in colours)
    return ImageOps.colorize(as_bytes(page(rng, digit)), paper, ink)


def _ink_in_alpha(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Leave the paper transparent; the pen has one colour."""
    ink = as_bytes(page(rng, digit) * np.float32(rng.uniform(0.5, 1)))
    image = Image.new("RGBA", ink.size, tuple(rng.integers(0, 256, 3).tolist()))
    image.putalpha(ink)
    return image


def _faint(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write with so hard a pencil, or so poor a chalk, that it differs little from the paper."""
    paper, contrast = rng.uniform(0.3, 0.7), rng.uniform(0.08, 0.2) * rng.choice((-1, 1))
    return as_bytes(np.float32(paper) + np.float32(contrast) * page(rng, digit))


def _chalk(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write in rough chalk on a green board that was wiped before."""
    ink = page(rng, digit, "usual")
    chalk = ink * rough(rng, np.full(ink.shape, 0.8, np.float32), 0.12).clip(0, 1)
    smears = enlarged(rng.random((4, 4), dtype=np.float32), max(ink.shape))[: ink.shape[0], : ink.shape[1]]
    board = as_bytes(np.maximum(chalk, 0.12 * smears))
    return ImageOps.colorize(board, (25, 50, 40), (245, 245, 235))


def _lit(light: Callable[[np.random.Generator, FloatArray], FloatArray]) -> Kind:
    def kind(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
        return as_bytes(light(rng, written(rng, page(rng, digit))))

    return kind


def _grainy(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(rough(rng, written(rng, page(rng, digit)), rng.uniform(0.02, 0.08)))


def _jpeg(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_jpeg(rng, as_bytes(written(rng, page(rng, digit))))


def _printed(rng: np.random.Generator, digit: FloatArray, *, squared: bool) -> Image.Image:
    """Write on paper that has lines of its own, lighter than the ink."""
    ink = page(rng, digit)
    return as_bytes(written(rng, ink) * ruled(rng, np.ones(ink.shape, np.float32), squared=squared))


def _paper_edge(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    sheet = written(rng, page(rng, digit, margin=0.1))
    return as_bytes(rough(rng, on_a_table(rng, sheet, rng.uniform(0.05, 0.4)), 0.01))


def _wide_margins(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    ink = page(rng, digit, scales=(4, 7), margin=0)
    return as_bytes(written(rng, lay(rng, np.pad(ink, len(ink) // 3), 1.2)))


def _tight(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Cut to the ink itself, which touches all four edges, light on dark or dark on light."""
    ink = tightly(page(rng, digit))
    return as_bytes(written(rng, ink if rng.integers(2) else 1 - ink))


def _turned(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(written(rng, seen_askew(rng, page(rng, digit), degrees=8, tilt=0)))


def _askew(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    return as_bytes(written(rng, seen_askew(rng, page(rng, digit), degrees=4, tilt=0.05)))


def _icon(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Reduce a digit to 12 to 24 pixels."""
    return _small(rng, page(rng, digit), int(rng.integers(12, 24, endpoint=True)))


def _small(rng: np.random.Generator, ink: FloatArray, side: int) -> Image.Image:
    grey = written(rng, ink if rng.integers(2) else 1 - ink)
    return as_bytes(grey).resize((side, side), Image.Resampling.BOX)


def _enlarged(
    side: int, method: Image.Resampling, rng: np.random.Generator, digit: FloatArray
) -> Image.Image:
    """Reduce a digit without much margin to few pixels, and enlarge them."""
    ink = np.pad(tightly(write(rng, digit, SIDE * 8)), 8)
    height, width = ink.shape
    square = np.pad(
        ink, ((0, max(width - height, 0)), ((height - width) // 2,) * 2 if height > width else (0, 0))
    )
    small = _small(rng, square, side)
    factor = int(rng.integers(2, 400 // side))
    return small.resize((side * factor, side * factor), method)


def _specks(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Drop one to six crumbs beside and on the digit."""
    ink = page(rng, digit, margin=0.4)
    side = min(ink.shape)
    for _ in range(rng.integers(1, 6, endpoint=True)):
        size = rng.integers(max(side // 100, 1), max(side // 30, 2), 2, endpoint=True)
        top, left = (rng.integers(0, length - s) for length, s in zip(ink.shape, size, strict=True))
        ink[top : top + size[0], left : left + size[1]] = 1
    return as_bytes(written(rng, ink))


def _photo(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Photograph a sheet by lamp light: askew, uneven, tinted, blurred, grainy, as a JPEG."""
    ink = seen_askew(rng, page(rng, digit, margin=0.4), degrees=6, tilt=0.03)
    lit = shadowed(rng, lit_from_one_side(rng, written(rng, ink)))
    grey = as_bytes(rough(rng, lit, rng.uniform(0.005, 0.03)))
    blurred = grey.filter(ImageFilter.BoxBlur(rng.uniform(0, 1.5)))
    tint = (255, *rng.integers(200, 256, 2).tolist())
    return as_jpeg(rng, ImageOps.colorize(blurred, (0, 0, 0), tint))


def _photo_of_squared_paper(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    ink = page(rng, digit, margin=0.3)
    paper = ruled(rng, np.ones(ink.shape, np.float32), squared=bool(rng.integers(2)))
    grey = lit_from_one_side(rng, written(rng, ink) * paper)
    return as_jpeg(rng, as_bytes(rough(rng, seen_askew(rng, grey, degrees=0, tilt=0), 0.01)))


def _scan(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Hold ink and paper in one bit a pixel, as a fax does, or in a palette."""
    grey = written(rng, page(rng, digit))
    if rng.integers(2):
        scanned = as_bytes(rough(rng, grey, 0.08))
        return scanned.point(lambda level: 255 * (level > MIDDLE)).convert("1")
    return as_bytes(rough(rng, grey, 0.01)).quantize(int(rng.integers(4, 16)))


def _deep(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Hold 16 bits a pixel, as a scanner of films does."""
    grey = written(rng, page(rng, digit)).clip(0, 1)
    return Image.fromarray((grey * 65_535).astype(np.uint16))


def _on_a_screen(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Photograph a glowing screen: light ink, its pixels in view, dark corners, grain."""
    ink = seen_askew(rng, page(rng, digit), degrees=5, tilt=0.02)
    glow = 0.1 + np.float32(rng.uniform(0.4, 0.8)) * ink
    every = int(rng.integers(2, 5))
    glow[::every] *= 0.8
    glow[:, ::every] *= 0.8
    return as_bytes(rough(rng, dark_corners(rng, glow), 0.02))


def _crumpled(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write on paper that was folded: soft shades a fifth of the picture apart."""
    ink = page(rng, digit)
    folds = enlarged(rng.random((6, 6), dtype=np.float32), max(ink.shape))[: ink.shape[0], : ink.shape[1]]
    return as_bytes(written(rng, ink) * (1 - 0.2 * folds))


def _thumbnail(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Reduce a page in uneven light to 20 to 64 pixels, half of the time cut close to the ink."""
    ink = page(rng, digit)
    if rng.integers(2):
        cut = tightly(ink)
        ink = np.pad(cut, round(rng.uniform(0.03, 0.2) * max(cut.shape)))
    lit = lit_from_one_side(rng, written(rng, ink if rng.integers(4) else 1 - ink))
    image = as_bytes(rough(rng, lit, 0.02))
    side = between(rng, 20, 64)
    image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
    return image


def _dithered(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Save dark ink on tinted paper in black and white, as fax machines do."""
    paper, ink = rng.uniform(0.7, 1), rng.uniform(0, 0.3)
    return as_bytes(paper + (ink - paper) * page(rng, digit)).convert("1")


NEAREST, BILINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR

SEEN: Mapping[str, Kind] = MappingProxyType(
    {
        "black on white": _black_on_white,
        "white on black": _white_on_black,
        "soft pen": _soft_pen,
        "thin pen": partial(_with_a_pen, "thin"),
        "thick pen": partial(_with_a_pen, "thick"),
        "coloured": _coloured,
        "ink in alpha": _ink_in_alpha,
        "faint": _faint,
        "light from one side": _lit(lit_from_one_side),
        "shadow": _lit(shadowed),
        "dark corners": _lit(dark_corners),
        "grain": _grainy,
        "JPEG": _jpeg,
        "ruled": partial(_printed, squared=False),
        "squared": partial(_printed, squared=True),
        "paper edge": _paper_edge,
        "wide margins": _wide_margins,
        "cut tightly": _tight,
        "turned": _turned,
        "askew": _askew,
        "icon": _icon,
        "16 pixels enlarged": partial(_enlarged, 16, NEAREST),
        "16 pixels smoothed": partial(_enlarged, 16, BILINEAR),
        "8 pixels enlarged": partial(_enlarged, 8, NEAREST),
        "8 pixels smoothed": partial(_enlarged, 8, BILINEAR),
        "specks": _specks,
        "cell of a form": cell_of_a_form,
        "window": window,
        "glossy": glossy,
    }
)

HELD_OUT: Mapping[str, Kind] = MappingProxyType(
    {
        "chalk": _chalk,
        "photo": _photo,
        "photo of ruled paper": _photo_of_squared_paper,
        "scan": _scan,
        "16 bits": _deep,
        "screen": _on_a_screen,
        "crumpled": _crumpled,
        "whiteboard": whiteboard,
        "notebook": notebook,
        "punched": punched,
        "tablet": tablet,
        "far away": far_away,
        "favicon": favicon,
        "thumbnail": _thumbnail,
        "dithered": _dithered,
        "scanned aslant": scanned_aslant,
        "sticky note": sticky_note,
        "below words": below_words,
        "above a line": above_a_line,
        "crayon": crayon,
    }
)

KINDS: Mapping[str, Kind] = MappingProxyType({**SEEN, **HELD_OUT})
