"""Pictures in which more is to be seen than a page and its digit: boards, forms, windows, whole desks."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from service.network import FloatArray
from service.training.photographs.camera import as_jpeg, seen_askew
from service.training.photographs.page import (
    as_bytes,
    between,
    dark_corners,
    lay,
    lit_from_one_side,
    page,
    rough,
    ruled,
    written,
)
from service.training.photographs.pen import enlarged, middle_line

__all__ = [
    "cell_of_a_form",
    "far_away",
    "favicon",
    "glossy",
    "notebook",
    "punched",
    "tablet",
    "whiteboard",
    "window",
]


def cell_of_a_form(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write into a printed box, whole in the picture or one of a row."""
    ink = page(rng, digit, margin=0)
    side = len(ink)
    inner = int(rng.uniform(0, 0.15) * side)
    ink = np.pad(ink, inner)
    around = int(rng.uniform(0.04, 0.3) * side)
    wide = np.pad(ink, around)
    line = max(round(rng.uniform(0.01, 0.03) * side), 1)
    left, top, right, bottom = (around - line, around - line, len(wide) - around, len(wide) - around)
    printed = Image.new("L", wide.shape[::-1])
    canvas = ImageDraw.Draw(printed)
    canvas.rectangle((left, top, right, bottom), outline=255, width=line)
    if rng.integers(2):  # the cells beside it
        canvas.rectangle((-line, top, len(wide) + line, bottom), outline=255, width=line)
    lines = np.asarray(printed, np.float32) / 255 * np.float32(rng.uniform(0.3, 0.9))
    return as_bytes(rough(rng, written(rng, np.maximum(wide, lines)), 0.01))


def window(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Show the edges of a drawing program's window: a title bar, a border, buttons."""
    sheet = as_bytes(written(rng, page(rng, digit, margin=0.3))).convert("RGB")
    width, height = sheet.size
    bar, border = int(rng.uniform(0.06, 0.15) * height), int(rng.integers(1, 4))
    colour = tuple(rng.integers(40, 230, 3).tolist())
    framed = ImageOps.expand(sheet, (border, bar, border, border), colour)
    canvas = ImageDraw.Draw(framed)
    for button in range(3):
        middle, radius = width - bar * (0.6 + 0.9 * button), bar / 4
        place = (middle - radius, bar / 2 - radius, middle + radius, bar / 2 + radius)
        canvas.ellipse(place, tuple(rng.integers(0, 256, 3).tolist()))
    return framed


def glossy(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write on a background that runs from one colour into another, as stickers and messages have it."""
    ink = page(rng, digit)
    light = bool(rng.integers(2))
    colours = rng.integers(0, 110, (2, 3)) if light else rng.integers(145, 256, (2, 3))
    share = np.linspace(0, 1, len(ink), dtype=np.float32)[:, np.newaxis, np.newaxis]
    paper = np.broadcast_to(colours[0] + (colours[1] - colours[0]) * share, (*ink.shape, 3))
    pen = np.array([255, 255, 255] if light else rng.integers(0, 50, 3))
    mixed = paper + (pen - paper) * ink[..., np.newaxis]
    return Image.fromarray(mixed.astype(np.uint8))


def whiteboard(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Photograph a board of enamel: a marker that runs dry, wiped remains, lamps in it, dark corners."""
    ink = seen_askew(rng, page(rng, digit, margin=0.5), degrees=5, tilt=0.03)
    side = max(ink.shape)
    patches = enlarged(rng.random((8, 8), dtype=np.float32), side)[: ink.shape[0], : ink.shape[1]]
    marker = ink * (1 - 0.4 * patches)
    remains = 0.05 * np.roll(ink, (side // 9, side // 7), (0, 1))
    board = 0.78 - np.float32(rng.uniform(0.4, 0.65)) * np.maximum(marker, remains)
    board = board + np.float32(rng.uniform(0.1, 0.25)) * _spot(rng, ink.shape)
    grey = as_bytes(rough(rng, dark_corners(rng, board), 0.012))
    tint = (255, *rng.integers(215, 256, 2).tolist())
    return as_jpeg(rng, ImageOps.colorize(grey, (0, 0, 0), tint))


def _spot(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Place a lamp's reflection, 0 to 1: wide and soft."""
    down, across = (np.linspace(-1, 1, length, dtype=np.float32) for length in shape)
    y, x, wide = rng.uniform(-1, 1), rng.uniform(-1, 1), np.float32(rng.uniform(0.3, 0.7))
    reflection: FloatArray = np.exp(
        -((down[:, np.newaxis] - y) ** 2 + (across[np.newaxis] - x) ** 2) / wide**2
    ).astype(np.float32)
    return reflection


def notebook(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Photograph pencil on squared paper with its red margin."""
    ink = page(rng, digit, "thin" if rng.integers(2) else "usual", margin=0.4)
    side = max(ink.shape)
    ink = np.pad(ink, ((0, 0), (int(rng.uniform(0.1, 0.25) * side), 0)))
    paper = ruled(rng, np.ones(ink.shape, np.float32), squared=True)
    grey = paper * (0.95 - np.float32(rng.uniform(0.35, 0.6)) * ink)
    place, line = int(rng.uniform(0.02, 0.09) * side), max(side // 150, 1)
    red, other = grey.copy(), grey.copy()
    red[:, place : place + line] *= 0.9
    other[:, place : place + line] *= 0.4
    seed = int(rng.integers(2**32))  # the same light falls on all three
    lit = [lit_from_one_side(np.random.default_rng(seed), plane) for plane in (red, other, other)]
    colours = Image.merge("RGB", [as_bytes(plane) for plane in lit])
    return as_jpeg(rng, colours.filter(ImageFilter.BoxBlur(rng.uniform(0, 1))))


def punched(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Scan a sheet that was punched, on a dark lid: two round holes near one side."""
    ink = page(rng, digit, margin=0.3)
    side = max(ink.shape)
    sheet = written(rng, np.pad(ink, ((0, 0), (side // 4, 0))))
    image = as_bytes(rough(rng, sheet, 0.01))
    canvas, radius = ImageDraw.Draw(image), rng.uniform(0.03, 0.06) * side
    x = rng.uniform(0.07, 0.14) * side
    for y in (0.22 * image.height, 0.78 * image.height):
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), int(rng.integers(0, 90)))
    return image


def tablet(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Draw with a line of two to four pixels on a canvas of a thousand."""
    side = int(rng.integers(800, 1200))
    light = bool(rng.integers(2))
    canvas = Image.new("L", (side, side), 20 if light else 250)
    draw = ImageDraw.Draw(canvas)
    scale, (x, y) = rng.uniform(0.5, 1) * side, rng.uniform(0, 1, 2)
    left, top = x * (side - scale), y * (side - scale)
    pen = int(rng.integers(2, 5))
    for begin, end in middle_line(digit):
        points = [(left + column * scale, top + row * scale) for row, column in (begin, end)]
        draw.line([*points[0], *points[1]], 240 if light else 10, pen)
    return canvas


def far_away(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Photograph a whole sheet, of which the digit is the thirtieth part."""
    ink = page(rng, digit, scales=(8, 14), margin=0)
    side = int(len(ink) * rng.uniform(3.5, 5))
    height, width = side * 3 // 4, side
    top, left = rng.integers(0, height - len(ink)), rng.integers(0, width - len(ink))
    sheet = np.zeros((height, width), np.float32)
    sheet[top : top + len(ink), left : left + len(ink)] = ink
    return as_bytes(rough(rng, lit_from_one_side(rng, written(rng, sheet)), 0.02))


def favicon(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Draw on a coloured tile with round corners, transparent beyond them, 16 or 32 pixels a side."""
    ink = lay(rng, page(rng, digit, margin=0), 0.05)
    width, height = ink.shape[::-1]
    tile = Image.new("L", (width, height))
    ImageDraw.Draw(tile).rounded_rectangle((0, 0, width - 1, height - 1), between(rng, 0.1, 0.3) * width, 255)
    light = bool(rng.integers(2))
    dark = tuple(rng.integers(0, 120, 3).tolist())
    image = ImageOps.colorize(as_bytes(ink), *((dark, (255, 255, 255)) if light else ((250, 250, 250), dark)))
    image.putalpha(tile)
    side = int(rng.choice((16, 32)))
    return image.resize((side, side), Image.Resampling.BOX)
