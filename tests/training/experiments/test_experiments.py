"""Every experiment end to end, on little data and with settings that take a second."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from service import extras
from service.artifacts import load
from service.errors import BadInputError, ServiceError, UnknownModelError
from service.network import QUADRATIC, SIGMOID, Gradient, Layer, Network
from service.network.dream import Ascent
from service.training import chart
from service.training.experiments import (
    EXPERIMENTS,
    Bench,
    descent,
    dream,
    four_pixel,
    hidden,
    noise,
    nudge,
    perform,
    run,
    shuffled_labels,
)
from service.training.experiments.hidden import neighbourly
from service.training.recipes import Recipe

RECIPE = Recipe(
    name="short",
    description="For tests.",
    learning_rate=0.01,
    mini_batch=20,
    epochs=1,
    trash_share=0.25,
    trash={"uniform": 1},
    validation=100,
)

SMALL = {
    "four-pixel": four_pixel.Settings(starts=1, steps=40),
    "nudge": nudge.Settings(widths=(1, 16), far=20, mini_batch=1, repeats=3),
    "descent": descent.Settings(
        RECIPE.model_copy(update={"trash": {}, "trash_share": 0}), training=200, measured=50, early=(2,)
    ),
    "hidden": hidden.Settings(),
    "noise": noise.Settings(recipe=RECIPE, epochs=1, kinds=("uniform", "gratings"), images=20),
    "dream": dream.Settings(models=("plain",), sharp=Ascent(steps=2), smooth=Ascent(steps=2, smoothing=1)),
    "shuffled-labels": shuffled_labels.Settings(images=60, sizes=(784, 20, 10), epochs=2, mini_batch=20),
}


def small(name):
    return replace(EXPERIMENTS[name], settings=SMALL[name])


@pytest.fixture(scope="session")
def performed(drawn_once, models, tmp_path_factory):
    """Perform an experiment, once in all tests, and return the paths of what it wrote."""
    out, (folder, sha256) = tmp_path_factory.mktemp("experiments"), drawn_once

    @cache
    def of(name):
        return perform(small(name), Bench(folder, models, 0, lambda _line: None, sha256), out)

    return of


@pytest.fixture
def numbers_of(performed):
    """Return the numbers of a performed experiment."""
    return lambda name: json.loads(performed(name)[1].read_text())["numbers"]


@pytest.fixture(params=sorted(EXPERIMENTS))
def name(request):
    return request.param


def test_an_experiment_writes_a_picture_and_its_numbers(name, performed):
    picture, numbers, *_ = performed(name)
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert image.width >= 600
    found = json.loads(numbers.read_text())
    assert (picture.name, found["experiment"], found["seed"]) == (f"{name}.png", name, 0)
    assert len(EXPERIMENTS[name].tell(found["numbers"]).split()) > 60


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - {"nudge"}))  # which measures times
def test_the_same_seed_gives_the_same_bytes(name, performed, bench, tmp_path):
    again = perform(small(name), bench, tmp_path)
    assert [path.read_bytes() for path in performed(name)] == [path.read_bytes() for path in again]


def test_the_four_pixel_network_is_written_as_an_artifact(performed):
    picture, _, artifact = performed("four-pixel")
    assert artifact == picture.parent / "four-pixel" / "1.npz"
    assert load(artifact).metadata.training.n_images == 16


def test_nudging_gives_the_derivative_that_the_pencil_gives():
    """One weight, no squashing to speak of: C = (σ(wx + b) − t)²/2, dC/dw = (a − t) a (1 − a) x."""
    network = Network((Layer(np.array([[1.5]]), np.array([-0.5]), SIGMOID),))
    activation = 1 / (1 + np.exp(-(1.5 * 0.8 - 0.5)))
    slope = (activation - 1) * activation * (1 - activation)
    [gradient] = nudge.nudged(network, np.array([[0.8]]), np.array([[1.0]]), QUADRATIC, 1e-5)
    assert gradient.weights[0, 0] == pytest.approx(slope * 0.8, abs=1e-10)
    assert gradient.biases[0] == pytest.approx(slope, abs=1e-10)


def test_nudging_and_backpropagation_agree(numbers_of):
    rows = numbers_of("nudge")["networks"]
    assert [row["parameters"] for row in rows] == [807, 13_002]
    assert [row["forward_passes"] for row in rows] == [2 * 807, 2 * 13_002]
    assert max(row["largest_difference"] for row in rows) < 1e-8


def test_the_descent_is_measured_at_the_start_early_and_after_the_epoch(numbers_of):
    stops = numbers_of("descent")["stops"]
    assert [stop["epoch"] for stop in stops] == [0, 0.2, 1]
    assert stops[0]["cost"] > stops[-1]["cost"]
    assert all(
        stop["length"] == pytest.approx(np.linalg.norm(stop["length_by_layer"]), rel=1e-4) for stop in stops
    )


def test_the_strongest_hundredth_and_tenth_are_no_component_more():
    """Of 200 equal slopes, two are a hundredth and twenty a tenth."""
    equal = (Gradient(np.ones((10, 19)), np.ones(10)),)
    shares = descent._shares(equal)
    assert shares["of_top_1_percent"] == pytest.approx(0.01)
    assert shares["of_top_10_percent"] == pytest.approx(0.1)


def test_the_gradients_of_two_layers_are_compared_as_a_whole_too(numbers_of):
    """A layer of few weights may have a gradient as long as one of many."""
    numbers = numbers_of("descent")
    assert numbers["parameters_by_layer"] == [785 * 16, 17 * 16, 17 * 10]
    last = numbers["stops"][-1]["length_by_layer"]
    told = " ".join(descent.tell(numbers).split())
    assert f"170 weights and biases together is {last[2] / last[0]:.1f} times as long" in told
    assert "the same 50 training images" in told


def test_true_labels_are_learned_faster_than_shuffled_ones(bench, tmp_path):
    settings = shuffled_labels.Settings(images=300, sizes=(784, 30, 10), epochs=8, mini_batch=20)
    experiment = replace(EXPERIMENTS["shuffled-labels"], settings=settings)
    _, numbers, *_ = perform(experiment, bench, tmp_path)
    runs = json.loads(numbers.read_text())["numbers"]["runs"]
    assert runs["true"]["cost"][-1] < runs["shuffled"]["cost"][-1] / 2
    assert runs["true"]["test_accuracy"][-1] > 0.8
    assert runs["shuffled"]["test_accuracy"][-1] < 0.3


def test_weights_of_noise_have_neighbours_that_disagree():
    assert abs(neighbourly(np.random.default_rng(0).standard_normal((16, 28, 28)))) < 0.05


def test_weights_of_a_slope_have_neighbours_that_agree():
    rows, columns = np.indices((28, 28))
    assert neighbourly((rows + columns)[np.newaxis] / 54) == pytest.approx(1)


def test_a_dream_is_reported_with_its_own_activation(numbers_of):
    told = numbers_of("dream")["networks"]
    assert set(told) == {"plain, sharp", "plain, smooth"}
    assert all(0 <= activation <= 1 for each in told.values() for activation in each["activations"])


def test_noise_is_shown_to_shipped_networks_and_to_two_trained_here(numbers_of):
    numbers = numbers_of("noise")
    assert list(numbers["networks"]) == ["video", "plain", "digits alone", "digits and trash"]
    assert numbers["seen_in_training"] == ["uniform"]


def test_pictures_lie_side_by_side_with_gaps():
    sheet = chart.grid(np.ones((3, 2, 2)), columns=2)
    assert sheet.shape == (5, 5)
    assert int(np.isnan(sheet).sum()) == 5 + 4 + 4  # the cross between, and the place of the fourth


@pytest.mark.parametrize("color", [chart.BLUE, chart.VERMILION])
@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_numbers_on_a_shade_stand_out(share, color):
    """By WCAG's contrast; the 4.5 that it asks for neither black nor white has on every shade."""

    def brightness(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def rgb(hexadecimal):
        return [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]

    ground = brightness([1 - share + share * c for c in rgb(color)])
    text = brightness(rgb(chart.on_shade(share, color)))
    darker, brighter = sorted((ground, text))
    assert (brighter + 0.05) / (darker + 0.05) > 3.9


def test_an_unknown_experiment_is_named_beside_those_that_there_are(tmp_path):
    with pytest.raises(BadInputError, match=r"no experiment is named 'noice'; there are four-pixel, .*noise"):
        run("noice", data=None, out=tmp_path, report=print)


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="seed -1 is negative"):
        run("noise", data=None, out=tmp_path, seed=-1, report=print)


def test_a_folder_without_the_models_is_named(drawn_once, artifact_folder, tmp_path):
    folder, sha256 = drawn_once
    with pytest.raises(UnknownModelError, match="models holds none of video, plain; train one"):
        run("hidden", data=folder, out=tmp_path, report=print, models=artifact_folder, sha256=sha256)


def test_an_experiment_runs_on_the_folder_of_models_that_is_named(drawn_once, models, tmp_path):
    folder, sha256 = drawn_once
    lines = []
    run("hidden", data=folder, out=tmp_path / "new", report=lines.append, models=models, sha256=sha256)
    assert [line.split(":")[0] for line in lines] == ["video", "plain", "hidden"]


def test_a_place_that_cannot_be_written_to_is_one_line(bench, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BadInputError, match="taken: cannot be written to"):
        perform(small("hidden"), bench, tmp_path / "taken")


def test_a_place_that_cannot_be_written_to_is_told_before_the_work(bench, tmp_path):
    (tmp_path / "taken").write_text("a file")

    def conduct(*_):
        raise AssertionError("it worked for nothing")

    with pytest.raises(BadInputError, match="taken: cannot be written to"):
        perform(replace(small("hidden"), conduct=conduct), bench, tmp_path / "taken")


def test_what_finds_no_room_leaves_nothing_half_written(bench, tmp_path, little_room):
    experiment = small("hidden")
    with little_room(), pytest.raises(BadInputError, match="cannot be written to"):
        perform(experiment, bench, tmp_path / "out")
    assert not [*(tmp_path / "out").iterdir()]


def test_without_matplotlib_the_message_says_what_to_install(bench, tmp_path, monkeypatch):
    def missing(module):
        raise ImportError(module)

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(ServiceError, match=r"pip install 'digit-service\[train\]'"):
        perform(small("hidden"), bench, tmp_path)
