"""Many pictures read at once give what each gives by itself."""

import io
from dataclasses import replace
from functools import partial
from operator import attrgetter

import numpy as np
import pytest
from PIL import Image

from service.artifacts import Artifact
from service.batch import see_all
from service.classifier import Classifier
from service.errors import BadImageError, BadInputError, NotAPngError
from service.imaging import Choice

TOLD = attrgetter("blank", "several", "size", "mode", "normalized.bounding_box")


@pytest.fixture
def classifier(small_network, metadata_for):
    artifact = Artifact(metadata_for(small_network), small_network, sha256="0" * 64, size_bytes=0)
    return Classifier.of(artifact)


@pytest.fixture
def pngs(picture):
    """One that is MNIST's own, one in the corner, one in colour, one enlarged, one in black on white."""
    corner = np.roll(picture, (-4, -9), axis=(0, 1))
    colour = np.stack([picture] * 3, axis=2)
    enlarged = picture.repeat(9, axis=0).repeat(9, axis=1)
    return [png_of(pixels) for pixels in (picture, corner, colour, enlarged, 255 - picture)]


def png_of(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def refuse(place, error):
    raise AssertionError(f"picture {place} failed") from error


def reading(pngs):
    return [partial(bytes, png) for png in pngs]


@pytest.mark.parametrize("invert", Choice)
@pytest.mark.parametrize("center", Choice)
def test_each_is_seen_as_it_is_by_itself(classifier, pngs, invert, center):
    together = see_all(classifier, reading(pngs * 2), refuse, invert=invert, center=center)

    for png, seen in zip(pngs * 2, together, strict=True):
        alone = classifier.see(png, invert=invert, center=center)
        assert np.array_equal(seen.pixels, alone.pixels)
        assert TOLD(seen) == TOLD(alone)


def test_what_failed_stands_in_its_place(classifier, pngs):
    def lost():
        raise BadInputError("there is no such file")

    cut = pngs[0][:-20]
    pictures = [*reading([b"GIF89a", cut, pngs[0]]), lost, *reading([pngs[1]])]

    outcomes = see_all(classifier, pictures, lambda place, error: (place, type(error)))

    assert outcomes[:2] == [(0, NotAPngError), (1, BadImageError)]
    assert outcomes[3] == (3, BadInputError)
    assert [outcome.size for outcome in (outcomes[2], outcomes[4])] == [(28, 28)] * 2


def test_what_is_raised_in_place_of_a_picture_comes_out(classifier):
    with pytest.raises(AssertionError, match="picture 1 failed"):
        see_all(classifier, reading([b""] * 2), lambda place, error: place and refuse(place, error))


def test_what_fails_is_the_same_with_a_network_that_reads_no_pictures(classifier, pngs):
    blind = replace(classifier, preprocessing=replace(classifier.preprocessing, on_paper=False))

    assert see_all(blind, reading(pngs[:1]), lambda _, error: type(error)) == [BadInputError]


def test_of_nothing_nothing_is_seen(classifier):
    assert see_all(classifier, [], refuse) == []


def test_every_stage_is_told_to_whoever_holds_a_clock(classifier, pngs):
    stages = []

    see_all(classifier, reading(pngs), refuse, passed=stages.append)

    assert set(stages) == {"decode", "preprocess"}
