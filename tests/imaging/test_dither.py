"""Pictures in few colours: dithered ones get their greys back, and all others stay as they are."""

from itertools import product

import numpy as np
import pytest
from PIL import Image

from service.imaging.cells import Scene
from service.imaging.dither import without_dither

BAYER = np.block([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 + 1 / 32
INNER = (slice(6, -6), slice(6, -6))  # the edge has fewer neighbours to be blended with


def page(side, paper=0.85, ink=0.15):
    """A bar on paper, (side, side), 0 black to 1 white."""
    grey = np.full((side, side), paper, np.float32)
    grey[side // 4 : -side // 4, side * 2 // 5 : side * 3 // 5] = ink
    return grey


def diffused(grey):
    """Floyd and Steinberg's way, as Pillow has it."""
    return np.asarray(Image.fromarray((255 * grey).astype(np.uint8)).convert("1"), np.float32)


def ordered(grey):
    """Bayer's way: a pattern of thresholds."""
    side = len(grey)
    return (grey > np.tile(BAYER, (side // 4 + 1, side // 4 + 1))[:side, :side]).astype(np.float32)


def in_web_colours(grey):
    return (
        np.asarray(Image.fromarray((255 * grey).astype(np.uint8)).convert("RGB").convert("P").convert("L"))
        / 255
    )


@pytest.mark.parametrize("dithered", [diffused, ordered, in_web_colours])
@pytest.mark.parametrize(
    ("side", "paper"), [(48, 0.8), (48, 0.6), *product((100, 150, 192), (0.9, 0.8, 0.6)), (192, 0.95)]
)
def test_paper_and_ink_get_their_greys_back(side, paper, dithered):
    meant = page(side, paper)
    restored = without_dither(Scene(dithered(meant).astype(np.float32))).grey
    on_paper = restored[INNER][meant[INNER] > 0.5]
    assert on_paper.std() < 0.16
    assert abs(on_paper.mean() - paper) < 0.1
    middle = restored[side // 2, side // 2]
    assert middle < paper - 0.3


@pytest.mark.parametrize("dithered", [diffused, ordered])
@pytest.mark.parametrize("paper", [0.9, 0.75, 0.4])
@pytest.mark.parametrize("side", [100, 180])
def test_bare_paper_becomes_flat(side, paper, dithered):
    grey = without_dither(Scene(dithered(np.full((side, side), paper, np.float32)))).grey
    assert grey.min() == grey.max() == pytest.approx(paper, abs=0.05)


@pytest.mark.parametrize("light_ink", [False, True])
def test_it_matters_not_which_is_lighter(light_ink):
    dithered = diffused(page(100))
    scene = without_dither(Scene(1 - dithered if light_ink else dithered))
    assert np.unique(scene.grey).size > 2


RNG = np.random.default_rng(5)
OTHERS = {
    "flat": np.full((100, 100), 0.5, np.float32),
    "a drawing": page(100),
    "in black and white": (page(100) > 0.5).astype(np.float32),
    "a soft pen": np.asarray(
        Image.fromarray(page(50)).resize((150, 150), Image.Resampling.BICUBIC), np.float32
    ),
    "grain": (page(150) + RNG.normal(0, 0.1, (150, 150))).astype(np.float32),
    "noise": RNG.random((150, 150), dtype=np.float32),
    "dots at random": (RNG.random((150, 150)) < 0.1).astype(np.float32),
    "more dots at random": (RNG.random((150, 150)) < 0.5).astype(np.float32),
    "few dots at random": (RNG.random((150, 150)) < 0.03).astype(np.float32),
    "squared paper": np.where((np.indices((150, 150)) % 8 == 0).any(axis=0), 0.4, 0.9).astype(np.float32),
    "a strip": (RNG.random((100, 5)) < 0.5).astype(np.float32),
    "a single row": np.zeros((1, 40), np.float32),
    "a single column": RNG.random((40, 1), dtype=np.float32),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_dithered_stays_as_it_is(name):
    scene = Scene(OTHERS[name])
    assert without_dither(scene) is scene


@pytest.mark.mnist
def test_no_digit_of_mnist_is_taken_for_dither(mnist_test_images):
    scenes = [Scene(image.astype(np.float32) / 255) for image in mnist_test_images]
    assert all(without_dither(scene) is scene for scene in scenes)
