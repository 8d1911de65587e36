import numpy as np
import pytest
from PIL import Image

from service.imaging.cells import cells_of


@pytest.mark.parametrize("size", [(192, 192), (187, 140), (1, 1), (1, 50), (33, 2), (5, 5)])
@pytest.mark.parametrize("factor", [1, 2, 3, 10])
def test_cells_are_what_pillow_reduces_a_picture_to(size, factor):
    grey = np.random.default_rng(0).random(size, np.float32)

    cells = cells_of(grey, factor)

    assert cells.dtype == np.float32
    assert cells == pytest.approx(np.asarray(Image.fromarray(grey).reduce(factor)), abs=1e-6)


def test_cells_are_no_view_of_the_picture():
    grey = np.zeros((4, 4), np.float32)

    cells_of(grey, 1)[:] = 1

    assert not grey.any()
