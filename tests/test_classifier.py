"""The one use case: every way in gives the same activations."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from service.artifacts import Artifact
from service.classifier import Classifier
from service.errors import BadArtifactError, BadInputError, NotAPngError
from service.imaging.deskew import deskew
from service.network import Network
from service.seen import Images
from service.verdict import Reason


@pytest.fixture
def artifact(small_network, metadata_for):
    return Artifact(metadata_for(small_network), small_network, sha256="0" * 64, size_bytes=0)


@pytest.fixture
def classifier(artifact):
    return Classifier.of(artifact, reject_below=0)


@pytest.fixture
def pixels():
    """A picture that is ink from corner to corner of its middle, (784,)."""
    picture = np.zeros((28, 28), np.float32)
    picture[4:24, 10:18] = np.random.default_rng(1).integers(100, 256, (20, 8)) / np.float32(255)
    return picture.reshape(-1)


def png(pixels):
    buffer = io.BytesIO()
    rows = pixels if pixels.ndim > 1 else pixels.reshape(28, 28)
    Image.fromarray(np.rint(rows * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_and_its_pixels_give_the_same_activations_bit_for_bit(classifier, pixels):
    from_png = classifier.classify(png(pixels)).verdict.activations
    from_pixels = classifier.classify_pixels(pixels).verdict.activations
    assert (from_png == from_pixels).all()


def test_the_activations_are_those_of_the_network(classifier, artifact, pixels):
    expected = artifact.network.forward(pixels[np.newaxis])[0]
    assert (classifier.classify_pixels(pixels).verdict.activations == expected).all()


def test_rows_of_pixels_are_read_as_the_same_image(classifier, pixels):
    rows = classifier.classify_pixels(pixels.reshape(28, 28)).verdict.activations
    assert (rows == classifier.classify_pixels(pixels).verdict.activations).all()


def preprocessed_by(artifact, name):
    preprocessing = artifact.metadata.preprocessing.model_copy(update={"name": name})
    return replace(artifact, metadata=artifact.metadata.model_copy(update={"preprocessing": preprocessing}))


def test_the_networks_own_preprocessing_is_applied_to_pixels_too(artifact):
    classifier = Classifier.of(preprocessed_by(artifact, "mnist-deskewed"))
    slanted = np.zeros((28, 28), np.float32)
    for row in range(4, 24):
        slanted[row, 6 + row // 2 : 9 + row // 2] = 1
    expected = artifact.network.forward(deskew(slanted.reshape(1, -1)))[0]
    assert (classifier.classify_pixels(slanted).verdict.activations == expected).all()


def test_the_trace_ends_in_the_answer(classifier, pixels):
    answer = classifier.classify_pixels(pixels)
    assert (classifier.trace(answer.seen.pixels).activations[-1][0] == answer.verdict.activations).all()


def test_blank_pixels_are_rejected_as_blank(artifact):
    verdict = Classifier.of(artifact, reject_below=0.1).classify_pixels(np.zeros(784)).verdict
    assert verdict.reason is Reason.BLANK


@pytest.mark.parametrize("marks", [1, 2])
def test_a_picture_of_two_things_is_rejected_as_several_alone_and_among_others(artifact, marks):
    page = np.zeros((100, 200), np.float32)
    for mark in range(marks):
        page[20:80, 60 + 60 * mark : 70 + 60 * mark] = 1
    classifier = Classifier.of(artifact, reject_below=1e-6)  # which all ten neurons reach
    expected = Reason.AMBIGUOUS if marks == 1 else Reason.SEVERAL
    assert classifier.classify(png(page)).verdict.reason is expected
    seen = classifier.see(png(page))
    assert [each.verdict.reason for each in classifier.judge_each([seen])] == [expected]
    assert [verdict.reason for verdict in classifier.verdicts(Images.of([seen]))] == [expected]


def test_many_are_judged_as_each_is_alone(artifact):
    images = np.random.default_rng(5).random((9, 784), dtype=np.float32) ** 4
    images[3] = 0
    strict = Classifier.of(artifact, reject_below=0.3)
    together = [*strict.verdicts(Images.of([strict.see_pixels(image) for image in images]))]
    for image, verdict in zip(images, together, strict=True):
        alone = strict.classify_pixels(image).verdict
        assert verdict.activations == pytest.approx(alone.activations, abs=1e-6)
        assert (verdict.digit, verdict.reason) == (alone.digit, alone.reason)
    assert together[3].reason is Reason.BLANK


def test_what_is_seen_alone_is_judged_bit_for_bit_as_it_is_classified(classifier, pixels):
    seen = classifier.see(png(pixels))
    [verdict] = classifier.verdicts(Images.of([seen]))
    assert (verdict.activations == classifier.classify(png(pixels)).verdict.activations).all()


@pytest.mark.parametrize("preprocessing", ["mnist", "mnist-deskewed", "mnist-evened"])
@pytest.mark.parametrize("n", [1, 2, 8])
def test_each_of_many_is_judged_bit_for_bit_as_it_is_alone(artifact, preprocessing, n):
    images = np.random.default_rng(n).random((n, 784), dtype=np.float32) ** 8
    images[0] = 0
    strict = Classifier.of(preprocessed_by(artifact, preprocessing), reject_below=0.3)
    seen = [strict.see_pixels(image) for image in images]

    for judged, one in zip(strict.judge_each(seen), seen, strict=True):
        alone = strict.judge_one(one)
        assert np.array_equal(judged.verdict.activations, alone.verdict.activations)
        assert (judged.seen, judged.verdict.reason) == (one, alone.verdict.reason)


def test_of_nothing_nothing_is_judged(classifier):
    assert classifier.judge_each([]) == []


def test_a_judgement_has_the_threshold_of_the_call(classifier, pixels):
    [verdict] = classifier.verdicts(Images.of([classifier.see_pixels(pixels)]), reject_below=0.75)
    assert verdict.reject_below == 0.75


def test_the_threshold_of_the_call_wins_over_the_classifiers(artifact, pixels):
    classifier = Classifier.of(artifact, reject_below=1)
    assert classifier.classify_pixels(pixels).verdict.rejected
    assert not classifier.classify_pixels(pixels, reject_below=0).verdict.rejected


def test_the_artifacts_threshold_is_the_default(artifact, pixels):
    verdict = Classifier.of(artifact).classify_pixels(pixels).verdict
    assert verdict.reject_below == artifact.metadata.reject.threshold


def test_every_stage_is_told_to_whoever_holds_a_clock(classifier, pixels):
    stages = []
    classifier.classify(png(pixels), passed=stages.append)
    assert stages == ["decode", "preprocess", "forward"]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros(783), "shape"),
        (np.zeros((2, 784)), "shape"),
        (np.zeros((784, 1)), "shape"),
        (np.full(784, 1.01), "between 0"),
        (np.full(784, -0.01), "between 0"),
        (np.full(784, np.nan), "between 0"),
        (np.full(784, np.inf), "between 0"),
    ],
)
def test_pixels_of_another_shape_or_range_are_refused(classifier, pixels, message):
    with pytest.raises(BadInputError, match=message):
        classifier.classify_pixels(pixels)


def test_bytes_that_are_no_png_are_refused(classifier):
    with pytest.raises(NotAPngError):
        classifier.classify(b"GIF89a and so on")


@pytest.mark.parametrize(
    ("preprocessing", "message"),
    [({"name": "fourier"}, "fourier"), ({"name": "mnist", "parameters": {"blur": 2}}, "blur")],
)
def test_an_artifact_with_an_unknown_preprocessing_is_refused(artifact, preprocessing, message):
    unknown = artifact.metadata.preprocessing.model_validate(preprocessing)
    metadata = artifact.metadata.model_copy(update={"preprocessing": unknown})
    with pytest.raises(BadArtifactError, match=message):
        Classifier.of(replace(artifact, metadata=metadata))


def test_an_artifact_that_reads_another_number_of_pixels_is_refused(artifact):
    metadata = artifact.metadata.model_copy(update={"sizes": (4, 16, 16, 10)})
    with pytest.raises(BadArtifactError, match="784"):
        Classifier.of(replace(artifact, metadata=metadata))


@pytest.fixture
def camera(metadata_for):
    """The classifier of a camera of four pixels: black −1 to white 1, and no paper in it."""
    network = Network.random((4, 3, 2), np.random.default_rng(3))
    metadata = metadata_for(network, preprocessing={"name": "four-pixel"})
    return Classifier.of(Artifact(metadata, network, sha256="0" * 64, size_bytes=0), reject_below=0.01)


def test_four_black_pixels_are_not_blank(camera):
    assert camera.classify_pixels(np.full(4, -1.0)).verdict.reason is not Reason.BLANK


def test_a_network_of_other_pictures_reads_no_png(camera, pixels):
    with pytest.raises(BadInputError, match="2x2 pixels"):
        camera.classify(png(pixels))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, -0.001, 1.001])
def test_images_out_of_bounds_are_refused(classifier, pixels, number):
    images = np.stack([pixels] * 3).astype(np.float64)
    assert classifier.check_images(images).dtype == np.float32
    images[2, 783] = number
    with pytest.raises(BadInputError, match="paper"):
        classifier.check_images(images)


def test_images_that_lie_crooked_in_memory_are_straightened(classifier, pixels):
    body = b"x" + np.stack([pixels] * 2).tobytes()
    crooked = np.frombuffer(body, np.float32, offset=1).reshape(2, 784)
    checked = classifier.check_images(crooked)
    assert checked.flags.aligned
    assert (checked == pixels).all()
