import json
from math import tanh
from pathlib import Path

import numpy as np
import pytest

from service.artifacts import load
from service.network import RELU, TANH, Layer, Network
from service.training.experiments import camera
from service.training.experiments.camera import IMAGES, TARGETS
from service.verdict import accepted

SHIPPED = Path(__file__).parents[3] / "model_artifacts" / "four-pixel" / "1.npz"


def kind_of(image):
    """Say what the four pixels show, by looking at their rows and columns."""
    upper_left, upper_right, lower_left, lower_right = image
    if upper_left == upper_right == lower_left == lower_right:
        return "solid"
    if (upper_left, upper_right) == (lower_left, lower_right):
        return "vertical"
    if (upper_left, lower_left) == (upper_right, lower_right):
        return "horizontal"
    if (upper_left, upper_right) == (lower_right, lower_left):
        return "diagonal"
    return None


def expected():
    """One output a kind: 1 for it, 0 for the others; four zeros for an image of no kind."""
    return np.array([[float(kind_of(image) == kind) for kind in camera.KINDS] for image in IMAGES])


def test_there_are_sixteen_images_all_different():
    assert len({tuple(image) for image in IMAGES.tolist()}) == 16


def test_the_targets_name_what_the_pixels_show():
    assert TARGETS.tolist() == expected().tolist()


def test_each_kind_has_an_image_and_its_negative():
    assert [kind_of(image) for image in IMAGES[:8]] == [kind for kind in camera.KINDS for _ in range(2)]


def test_built_by_hand_it_is_right_for_the_eight_images_of_a_kind():
    assert camera.by_hand().forward(IMAGES[:8]) == pytest.approx(expected()[:8], abs=1e-12)


def test_built_by_hand_it_says_everything_to_the_eight_others():
    half = tanh(tanh(2)) / tanh(2 * tanh(2))  # by the pencil: one of two neurons of each pair speaks up
    assert camera.by_hand().forward(IMAGES[8:]) == pytest.approx(np.full((8, 4), half))


def test_one_bias_makes_it_right_for_all_sixteen():
    assert camera.by_hand_with_bias().forward(IMAGES) == pytest.approx(expected(), abs=1e-12)


@pytest.mark.parametrize("network", [camera.by_hand(), camera.by_hand_with_bias()], ids=["plain", "bias"])
def test_the_hidden_weights_built_by_hand_are_one_minus_one_or_zero(network):
    for layer in network.layers[:3]:
        assert set(np.unique(layer.weights)) <= {-1, 0, 1}


def test_the_drawing_of_the_walk_through_holds():
    """Dark above, white below: the pairs of the left and right column cancel, the others say minus one."""
    horizontal = np.array([[-1.0, -1.0, 1.0, 1.0]])
    first, second, third, outputs = camera.by_hand().trace(horizontal).activations
    assert np.sign(first).tolist() == [[0, 0, -1, -1]]
    assert np.sign(second).tolist() == [[0, 0, 0, -1]]
    assert np.sign(third).tolist() == [[0, 0, 0, 0, 0, 0, 0, 1]]
    assert np.sign(outputs).tolist() == [[0, 0, 0, 1]]


def test_learned_from_random_weights_it_is_right_for_all_sixteen():
    starts = (camera.awake(np.random.default_rng([0, start])) for start in range(5))
    ends = [camera.learn(start, steps=2000, learning_rate=0.01).network.forward(IMAGES) for start in starts]
    assert min(np.abs(end - expected()).max() for end in ends) < 1e-3


def test_a_start_is_awake_when_every_output_hears_something():
    network = camera.awake(np.random.default_rng(0))
    assert (network.forward(IMAGES) > 0).all()


def test_the_same_start_learns_the_same():
    one, other = (camera.learn(camera.awake(np.random.default_rng(1)), 50, 0.01) for _ in range(2))
    assert one.stages == other.stages


def test_learning_brings_the_cost_down_stage_by_stage():
    stages = camera.learn(camera.awake(np.random.default_rng(1)), 200, 0.01, stages=4).stages
    assert [stage.step for stage in stages] == [50, 100, 150, 200]
    assert stages[0].cost > stages[-1].cost


def test_right_counts_images_and_not_outputs():
    everything_on = Network((Layer(np.zeros((4, 4)), np.ones(4), RELU),))
    nothing_on = Network((Layer(np.zeros((4, 4)), np.zeros(4), RELU),))
    assert (camera.right(everything_on), camera.right(nothing_on)) == (0, 8)


def test_a_receptive_field_is_every_image_that_excites_the_neuron_most():
    upper_left = Network((Layer(np.eye(4)[:1], np.zeros(1), TANH),))
    [[images]] = camera.favourites(upper_left)
    assert sorted(images.tolist()) == sorted(image for image in IMAGES.tolist() if image[0] == 1)


def test_an_output_likes_a_pattern_and_its_negative():
    solid, vertical, diagonal, horizontal = camera.favourites(camera.by_hand())[-1]
    assert solid.tolist() == [[1, 1, 1, 1], [-1, -1, -1, -1]]
    assert vertical.tolist() == [[1, -1, 1, -1], [-1, 1, -1, 1]]
    assert diagonal.tolist() == [[1, -1, -1, 1], [-1, 1, 1, -1]]
    assert horizontal.tolist() == [[1, 1, -1, -1], [-1, -1, 1, 1]]


def test_the_shipped_artifact_is_right_for_all_sixteen():
    artifact = load(SHIPPED)
    outputs = artifact.network.forward(IMAGES.astype(np.float32))
    assert outputs == pytest.approx(expected(), abs=1e-4)
    assert accepted(outputs, artifact.metadata.reject.threshold).tolist() == [True] * 8 + [False] * 8


def test_only_the_learned_network_that_is_drawn_is_said_to_ship():
    """They can be told apart by how many neurons of the third hidden column like one image of a kind best."""
    docs = SHIPPED.parents[2] / "docs"
    drawn = json.loads((docs / "pictures" / "four-pixel.json").read_text())["numbers"]
    likes = [field.tolist() for field in camera.favourites(load(SHIPPED).network)[2]]
    shipped = sum(len(images) == 1 and kind_of(images[0]) is not None for images in likes)
    said = "Another one that learned so ships" in " ".join((docs / "experiments.md").read_text().split())
    assert said == (shipped != drawn["third_column_of_a_kind"])


def test_the_shipped_artifact_keeps_all_sixteen_as_golden_samples():
    metadata = load(SHIPPED).metadata
    assert sorted(metadata.golden.inputs) == sorted(map(tuple, IMAGES.tolist()))
    assert metadata.labels == ("solid", "vertical", "diagonal", "horizontal")
