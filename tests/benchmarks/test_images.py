import numpy as np
import pytest
from PIL import Image

from benchmarks import images, pictures
from service.training import photographs
from service.training.mnist import Digits


@pytest.fixture
def digits():
    """Ten bars of ink, each in another place."""
    drawn = np.zeros((10, 28, 28), np.float32)
    for number, picture in enumerate(drawn):
        picture[4:24, 6 + number : 10 + number] = 1
    return Digits(drawn.reshape(10, 784), np.arange(10, dtype=np.uint8))


def test_uploads_of_a_kind_are_the_same_each_time_and_keep_their_labels(digits):
    first, second = (pictures.of_kind("grain", digits, 6) for _ in range(2))

    assert len(first.pictures) == len(first.labels) == 6
    assert all(np.array_equal(a.grey, b.grey) for a, b in zip(first.pictures, second.pictures, strict=True))
    assert len(first[:2].pictures) == 2


def test_exact_images_are_not_changed(digits):
    sent = pictures.exact(digits)

    assert np.array_equal(sent.pictures[3].grey.reshape(-1), digits.images[3])


def test_pairs_are_wider_than_high_and_paper_is_decoded(digits, monkeypatch):
    monkeypatch.setattr(pictures, "N", 4)

    assert len(pictures.pairs(digits)) == len(pictures.touching(digits)) == 4
    assert len(pictures.blank(digits, 3)) == 3


def test_every_step_that_is_ablated_exists_and_comes_back():
    for step in images.STEPS.values():
        before = {name: getattr(step.module, name) for name in step.instead}
        with images._without(step):
            assert all(getattr(step.module, name) is thing for name, thing in step.instead.items())
        assert all(getattr(step.module, name) is thing for name, thing in before.items())


def test_the_contact_sheet_has_a_row_for_each_kind(digits):
    kinds = {kind: pictures.of_kind(kind, digits, 3) for kind in ("grain", "icon", "chalk")}

    sheet = images.contact_sheet(kinds)

    assert isinstance(sheet, Image.Image)
    assert sheet.height == 2 * (images.SIDE + 6)  # the third stands beside the first


def test_tables_name_every_kind_and_the_worst(digits, small_classifier):
    kinds = {kind: pictures.of_kind(kind, digits, 4) for kind in ("grain", "icon")}

    table = images.by_kind(kinds, {"tiny": small_classifier})

    assert table.startswith("| kind | tiny |\n| --- | --- |\n")
    assert all(f"| {row} | " in table for row in ("grain", "icon", "**mean**", "**worst**"))


def test_an_ablation_has_a_row_for_each_step(digits, small_classifier):
    paper = pictures.blank(digits, 2)
    table = images.ablation(
        {"grain": pictures.of_kind("grain", digits, 2)}, paper, {"tiny": small_classifier}
    )

    assert all(f"| {step} | " in table for step in images.STEPS)


@pytest.fixture
def small_classifier(artifact_folder):
    return images.Classifier.of(images.load(artifact_folder / "tiny" / "1.npz"))


def test_kinds_without_ink_of_their_own_are_the_blank_ones():
    assert {"specks", "paper edge", "cut tightly"} <= set(photographs.KINDS)
