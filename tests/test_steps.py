"""docs/images.md shows what the code draws today."""

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pictures():
    """The pictures of the page as examples/steps.py draws them now."""
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        spec = importlib.util.spec_from_file_location("steps", ROOT / "examples" / "steps.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.pictures()
    finally:
        sys.path.pop(0)


def grey(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float32)


def test_the_page_shows_every_picture(pictures):
    page = (ROOT / "docs" / "images.md").read_text()

    assert len(pictures) == 8
    assert [name for name in pictures if f"(pictures/{name})" not in page] == []


def test_the_pictures_are_what_the_code_draws(pictures):
    for name, drawn in pictures.items():
        shown = grey((ROOT / "docs" / "pictures" / name).read_bytes())
        assert shown.shape == grey(drawn).shape, name
        assert np.abs(shown - grey(drawn)).mean() < 1, f"{name} is out of date; run python examples/steps.py"
