import numpy as np
import pytest
from PIL import Image

from service.imaging import Limits, decode
from service.imaging.hue import LIGHT, by_hue

PAPER = np.array([0.5, 0.5, 0.5], np.float32)


def of_equal_light(direction):
    """Return a colour that is as light as the paper, and as far from it as can be in a direction."""
    apart = np.array(direction, np.float32)
    apart -= LIGHT @ apart  # the same light
    return PAPER + 0.45 * apart / np.abs(apart).max()


def painted(drawn, ink, paper=PAPER):
    """Mix two colours by a drawing: (height, width, 3)."""
    return paper + drawn[..., np.newaxis] * (np.asarray(ink, np.float32) - paper)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1)], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_ink_as_light_as_its_paper_is_seen_by_its_colour(three, to_bytes, direction, mode):
    drawn = three(140)
    image = Image.fromarray(np.rint(255 * painted(drawn, of_equal_light(direction))).astype(np.uint8))

    sent = image.quantize(64) if mode == "P" else image.convert(mode)

    grey = decode(to_bytes(sent), Limits()).grey

    assert abs(np.corrcoef(grey.reshape(-1), drawn.reshape(-1))[0, 1]) > 0.99
    assert np.ptp(grey) > 0.3
    assert (grey >= 0).all()
    assert (grey <= 1).all()


def test_a_picture_larger_than_a_strip_is_seen_as_a_small_one(three, to_bytes):
    ink = of_equal_light((1, 0, 0))
    image = Image.fromarray(np.rint(255 * painted(three(190), ink)).astype(np.uint8))
    large = image.resize((1140, 1140), Image.Resampling.NEAREST)

    small, reduced = (decode(to_bytes(one), Limits()).grey for one in (image, large))

    assert reduced == pytest.approx(small, abs=0.02)


@pytest.mark.parametrize("ink", [(0.6, 0.55, 0.5), (0.35, 0.4, 0.5), (0.5, 0.5, 0.5)], ids=str)
def test_where_light_tells_as_much_it_is_the_light(three, ink):
    colours = np.moveaxis(painted(three(40), ink), -1, 0)
    light = np.tensordot(LIGHT, colours, 1)

    assert by_hue(colours, light) is light


def test_what_is_lighter_stays_lighter(three):
    ink = of_equal_light((1, 0, 0)) + 0.02
    colours = np.moveaxis(painted(three(40), ink), -1, 0)

    grey = by_hue(colours, np.tensordot(LIGHT, colours, 1))

    assert np.median(grey[three(40) > 0.9]) > np.median(grey[three(40) == 0])
