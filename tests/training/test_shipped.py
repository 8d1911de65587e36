"""What the shipped networks promise, on the real MNIST."""

from pathlib import Path

import numpy as np
import pytest

from service.artifacts import load
from service.classifier import Classifier
from service.training import trash
from service.training.evaluate import calibration_error
from service.training.mnist import Digits
from service.training.recipes import RECIPES, Recipe, find
from service.verdict import accepted

SHIPPED = Path(__file__).parents[2] / "model_artifacts"
N = 10_000


@pytest.fixture(scope="module")
def shipped():
    """Every shipped network that reads digits, by name."""
    return {name: Classifier.of(load(SHIPPED / name / "1.npz")) for name in ("plain", "video", "wide")}


@pytest.fixture(scope="module")
def unseen(mnist_test_images, mnist_test_labels):
    return Digits(mnist_test_images.reshape(-1, 784).astype(np.float32) / 255, mnist_test_labels)


@pytest.fixture(scope="module")
def answers(shipped, unseen):
    """Activations for the test images, by network."""
    return {name: classifier.activations(unseen.images) for name, classifier in shipped.items()}


def accuracy(activations, digits):
    return (activations.argmax(axis=1) == digits.labels).mean()


def noise(kind, n=N):
    """Trash that needs no digits."""
    nothing = Digits(np.zeros((0, 784), np.float32), np.zeros(0, np.uint8))
    return trash.draw(kind, np.random.default_rng(2024), nothing, n)


def passing(classifier, images):
    """The share that is accepted at the artifact's own threshold."""
    return accepted(classifier.activations(images), classifier.reject_below).mean()


def test_plain_has_a_sigmoid_in_every_layer_and_13002_numbers(shipped):
    network = shipped["plain"].network
    assert network.sizes == (784, 16, 16, 10)
    assert {layer.activation.name for layer in network.layers} == {"sigmoid"}
    assert network.n_parameters == 13_002


def test_wide_is_a_plain_network_of_less_than_two_million_numbers_in_four_megabytes(shipped):
    wide = shipped["wide"]
    assert [layer.activation.name for layer in wide.network.layers] == ["relu", "relu", "relu", "sigmoid"]
    assert wide.network.n_parameters <= 2_000_000
    assert wide.artifact.size_bytes <= 4_000_000


@pytest.mark.mnist
@pytest.mark.parametrize(("name", "at_least"), [("plain", 0.975), ("wide", 0.996)])
def test_of_the_test_images_at_least_this_share_is_read(answers, unseen, name, at_least):
    assert accuracy(answers[name], unseen) >= at_least


@pytest.mark.mnist
@pytest.mark.parametrize(("name", "at_most"), [("plain", 0.045), ("wide", 0.0075)])
def test_of_the_test_images_at_most_this_share_is_rejected(answers, shipped, name, at_most):
    assert 1 - accepted(answers[name], shipped[name].reject_below).mean() <= at_most


@pytest.mark.mnist
def test_activations_of_wide_agree_with_the_share_that_is_right(answers, unseen):
    assert calibration_error(answers["wide"], unseen.labels) <= 0.003


@pytest.mark.mnist
@pytest.mark.parametrize(("share", "at_least"), [(0.99, 0.9985), (0.98, 0.9990), (0.95, 0.9998)])
def test_the_further_ahead_the_largest_is_the_more_often_wide_is_right(answers, unseen, share, at_least):
    second, largest = np.sort(answers["wide"], axis=1)[:, -2:].T
    surest = np.argsort(second - largest, kind="stable")[: round(share * len(largest))]
    assert accuracy(answers["wide"][surest], unseen[surest]) >= at_least


NOISE = ["salt-and-pepper", "constant", "gaussian", "gratings", "dead-leaves"]


@pytest.mark.parametrize(("name", "at_most"), [("plain", 0.01), ("wide", 0.001)])
def test_uniform_noise_is_no_digit(shipped, name, at_most):
    images = np.random.default_rng(1).random((N, 784), dtype=np.float32)
    assert passing(shipped[name], images) <= at_most


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize(("name", "at_most"), [("plain", 0.01), ("wide", 0.001)])
def test_other_noise_is_no_digit_either(shipped, name, at_most, kind):
    assert passing(shipped[name], noise(kind, 2000)) <= at_most


@pytest.mark.parametrize("kind", ["clouds", "blobs", "strokes"])
def test_drawn_noise_is_no_digit_to_the_smallest_network(shipped, kind):
    assert passing(shipped["plain"], noise(kind)) <= 0.01


@pytest.mark.parametrize("kind", ["rectangles", "garments"])
def test_flat_shapes_that_wide_never_saw_are_no_digits_to_it(shipped, kind):
    assert passing(shipped["wide"], noise(kind, 5000)) <= 0.001


@pytest.mark.parametrize("name", ["plain", "wide"])
def test_a_blank_image_wakes_no_neuron(shipped, name):
    assert shipped[name].activations(np.zeros((1, 784), np.float32)).max() <= 0.05


@pytest.mark.mnist
@pytest.mark.parametrize(
    ("kind", "at_most"),
    [
        ("letters-of-other-fonts", 0.05),
        ("letters-of-another-alphabet", 0.05),
        ("turned", 0.05),
        ("overlaid", 0.15),
    ],
)
def test_where_95_percent_of_digits_are_accepted_wide_keeps_other_things_out(
    shipped, answers, unseen, kind, at_most
):
    threshold = np.quantile(answers["wide"].max(axis=1), 0.05)
    images = trash.draw(kind, np.random.default_rng(7), unseen, 2000)
    assert (shipped["wide"].activations(images).max(axis=1) >= threshold).mean() <= at_most


@pytest.mark.mnist
def test_video_reads_as_much_as_its_recipe_does(answers, unseen):
    """Ten runs of the recipe gave 93.2 % to 94.5 %."""
    assert 0.925 <= accuracy(answers["video"], unseen) <= 0.95


def test_video_is_confident_about_noise(shipped):
    """What the videos show: without trash in training, noise is a digit."""
    assert passing(shipped["video"], noise("uniform")) > 0.5


@pytest.mark.parametrize("name", RECIPES)
def test_the_shipped_artifact_is_made_by_the_recipe_of_that_name(shipped, name):
    training = shipped[name].artifact.metadata.training
    recipe = find(name)
    assert Recipe.model_validate(training.recipe) == recipe
    assert training.n_images == (60_000 if recipe.refit else 50_000)
