"""What `wide` learns from differs from what it is asked about in the writing, and in little else."""

import numpy as np
import pytest

from service.imaging.deskew import deskew
from service.training.augment import augment
from service.training.hands import LOOSE
from service.training.recipes import RECIPES

pytestmark = pytest.mark.mnist

PLACES = np.arange(28)


@pytest.fixture(scope="module")
def asked(mnist_test_images):
    return deskew(mnist_test_images[:3000].reshape(-1, 784).astype(np.float32) / 255)


@pytest.fixture(scope="module", params=[RECIPES["wide"].augmentation, LOOSE], ids=["wide", "other hands"])
def learned(request, mnist_test_images):
    images = mnist_test_images[:3000].reshape(-1, 784).astype(np.float32) / 255
    return deskew(augment(images, request.param, np.random.default_rng(0)))


def sharpness(images):
    """How far pixels are from their four neighbours, beside the ink, root mean squares of both."""
    pictures = images.reshape(-1, 28, 28)
    inner = pictures[:, 1:-1, 1:-1]
    around = pictures[:, 2:, 1:-1] + pictures[:, :-2, 1:-1] + pictures[:, 1:-1, 2:] + pictures[:, 1:-1, :-2]
    return np.sqrt(((4 * inner - around) ** 2).mean() / (pictures**2).mean())


def centres(images):
    """Rows and columns of the centres of mass, (2, n)."""
    pictures = images.reshape(-1, 28, 28)
    return np.array([pictures.sum(axis=axis) @ PLACES for axis in (2, 1)]) / pictures.sum(axis=(1, 2))


def test_it_is_as_sharp(asked, learned):
    assert sharpness(learned) == pytest.approx(sharpness(asked), rel=0.1)


def test_its_centre_of_mass_lies_where_it_lies(asked, learned):
    expected, found = centres(asked), centres(learned)
    np.testing.assert_allclose(found.mean(axis=1), expected.mean(axis=1), atol=0.1)
    np.testing.assert_allclose(found.std(axis=1), expected.std(axis=1), atol=0.1)


def test_it_has_as_much_ink(asked, learned):
    assert learned.mean() == pytest.approx(asked.mean(), rel=0.1)
