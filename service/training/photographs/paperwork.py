"""Sheets as offices and schools have them: scanned aslant, stuck on, printed on, and written on in crayon."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from service.network import FloatArray
from service.training.photographs.page import SOLID, as_bytes, lay, lit_from_one_side, page, rough, written

__all__ = ["above_a_line", "below_words", "crayon", "scanned_aslant", "sticky_note"]

BICUBIC = Image.Resampling.BICUBIC
WORDS = ("please", "write", "one", "digit", "here", "and", "sign", "below", "number", "of", "total", "answer")


def scanned_aslant(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Scan a sheet that lies up to ten degrees aslant: the lid is seen in all four corners."""
    sheet = as_bytes(written(rng, _with_room(rng, digit)))
    lid = int(rng.integers(0, 30) if rng.integers(2) else rng.integers(140, 170))
    turn = rng.uniform(3, 10) * rng.choice((-1, 1))
    return _grainy(rng, sheet.rotate(turn, BICUBIC, fillcolor=lid))


def sticky_note(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Stick a note on a dark desk, up to fifteen degrees aslant."""
    note = as_bytes(written(rng, lay(rng, page(rng, digit, margin=0), 0.2)))
    turn = rng.uniform(-15, 15)
    shape = Image.new("L", note.size, 255).rotate(turn, BICUBIC, expand=True)
    turned = note.rotate(turn, BICUBIC, expand=True)
    desk = Image.new("L", [round(length * rng.uniform(1.15, 1.9)) for length in turned.size])
    desk.paste(int(rng.integers(10, 120)), (0, 0, *desk.size))
    left, top = (int(rng.integers(0, room + 1)) for room in np.subtract(desk.size, turned.size))
    desk.paste(turned, (left, top), shape)
    grey = np.asarray(desk, np.float32) / 255
    return as_bytes(rough(rng, lit_from_one_side(rng, grey), 0.01))


def below_words(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write below one to four printed lines of words."""
    sheet = as_bytes(written(rng, _with_room(rng, digit)))
    n_lines = int(rng.integers(1, 5))
    high = round(sheet.width * rng.uniform(0.035, 0.05))
    room = round(high * 1.6) * n_lines + high
    paper = int(np.median(np.asarray(sheet)))
    page_of_words = Image.new("L", (sheet.width, sheet.height + room), paper)
    page_of_words.paste(sheet, (0, room))
    pen, font = ImageDraw.Draw(page_of_words), ImageFont.load_default(high)
    for number in range(n_lines):
        line = " ".join(rng.choice(WORDS, 8))
        pen.text((0.06 * sheet.width, high * (0.8 + 1.6 * number)), line, int(rng.integers(0, 90)), font)
    return _grainy(rng, page_of_words)


def above_a_line(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write on a printed line for an answer, which ends before the page does."""
    ink = _with_room(rng, digit)
    grey = written(rng, ink)
    rows, columns = (np.flatnonzero((ink > SOLID).any(axis=axis)) for axis in (1, 0))
    if len(rows):
        side = max(np.ptp(rows), np.ptp(columns))
        thick = max(round(side * rng.uniform(0.01, 0.03)), 1)
        top = int(rows[-1] + side * rng.uniform(-0.02, 0.02))
        left, right = (int(side * reach) for reach in rng.uniform(0.25, 0.6, 2))
        place = (
            slice(top, top + thick),
            slice(max(columns[0] - left, 4), min(columns[-1] + right, ink.shape[1] - 4)),
        )
        grey[place] = np.minimum(grey[place], np.float32(rng.uniform(0, 0.4)))
    return _grainy(rng, as_bytes(grey))


def crayon(rng: np.random.Generator, digit: FloatArray) -> Image.Image:
    """Write with wax, which leaves the paper's hollows bare."""
    ink = page(rng, digit, scales=(8, 16), margin=0.3)
    grain = Image.fromarray(rng.random(ink.shape, np.float32) * 255).convert("L")
    grain = grain.filter(ImageFilter.GaussianBlur(1))
    covered = ((np.asarray(grain, np.float32) / 255 - 0.46) * 12 + 0.5).clip(0, 1)
    paper, wax = rng.uniform(225, 255), rng.integers(0, 200, 3) * np.array([1, 0.8, 1])
    share = (ink * (0.35 + 0.65 * covered))[..., np.newaxis]
    return Image.fromarray((paper + (wax - paper) * share).astype(np.uint8))


def _with_room(rng: np.random.Generator, digit: FloatArray) -> FloatArray:
    """Write in the middle of a page, with as much paper on each side as half of the digit."""
    ink = page(rng, digit, scales=(6, 14), margin=0)
    return np.pad(ink, round(len(ink) * rng.uniform(0.3, 0.6)))


def _grainy(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    return as_bytes(rough(rng, np.asarray(image, np.float32) / 255, 0.01))
