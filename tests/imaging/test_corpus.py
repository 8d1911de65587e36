import warnings
from pathlib import Path

import numpy as np
import png as pypng
import pytest

from service import errors
from service.imaging import Limits, decode

CORPUS = Path(__file__).parents[1] / "corpus"
ACCEPTED = sorted((CORPUS / "accepted").glob("*.png"))
REFUSED = sorted((CORPUS / "refused").glob("*/*.png"))

UPRIGHT = {  # how a viewer turns what is stored, by its orientation
    1: lambda grey: grey,
    2: lambda grey: grey[:, ::-1],
    3: lambda grey: grey[::-1, ::-1],
    4: lambda grey: grey[::-1],
    5: lambda grey: grey.T,
    6: lambda grey: grey[::-1].T,
    7: lambda grey: grey[::-1, ::-1].T,
    8: lambda grey: grey.T[::-1],
}


def read_with_pypng(png):
    """Decode with a library that shares no code with ours: light and opacity, (height, width), 0 to 1."""
    reader = pypng.Reader(bytes=png)
    with warnings.catch_warnings(action="ignore"):
        reader.preamble(lenient=True)  # of chunks that nobody needs, the checksum may be wrong
    width, height, rows, info = reader.asDirect()
    samples = np.vstack([np.array(row) for row in rows]).reshape(height, width, info["planes"])
    samples = samples / (2 ** info["bitdepth"] - 1)
    opacity = samples[..., -1] if info["alpha"] else np.ones((height, width))
    colours = samples[..., : 1 if info["greyscale"] else 3]
    weights = [1.0] if info["greyscale"] else [0.299, 0.587, 0.114]
    return colours @ weights, opacity


def tolerance_of(name):
    """Half a step of 8 bits for colour, one for opacity, which rounds down; one more for 8 of 16 bits."""
    if "16" in name and not name.startswith("grey-16"):
        return 2.6 / 255
    return 1e-6 if name.startswith("grey") and "alpha" not in name else 1.6 / 255


def test_the_files_on_disk_are_what_the_maker_makes(make):
    on_disk = {str(file.relative_to(CORPUS)): file.read_bytes() for file in [*ACCEPTED, *REFUSED]}

    assert on_disk == make.files()


@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_an_independent_decoder_sees_the_same_grey(file):
    light, opacity = read_with_pypng(file.read_bytes())
    turn = UPRIGHT[int(file.stem[-1]) if file.stem.startswith("orientation") else 1]

    grey = decode(file.read_bytes(), Limits()).grey

    on_black, on_white = turn(light * opacity), turn(light * opacity + 1 - opacity)
    tolerance = tolerance_of(file.stem)
    assert grey.shape == on_black.shape
    assert (grey >= on_black - tolerance).all()
    assert (grey <= on_white + tolerance).all()


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_raises_the_error_its_folder_names(file):
    with pytest.raises(errors.ImageError) as refusal:
        decode(file.read_bytes(), Limits())

    assert type(refusal.value).__name__ == file.parent.name
    assert len(str(refusal.value).splitlines()) == 1
