import json

import pytest

from service.errors import BadInputError
from service.network import QUADRATIC, Network
from service.network.costs import COSTS
from service.training.augment import Augmentation
from service.training.recipes import RECIPES, Recipe, find

OWN = """
name = "mine"
description = "A network of my own."
sizes = [784, 30, 10]
activations = ["tanh", "sigmoid"]
learning_rate = 0.001
mini_batch = 32
epochs = 5
trash_share = 0.25
[trash]
uniform = 1
strokes = 2.5
[augmentation]
rotation = 10
[rejection]
most_digits = 0.005
"""


@pytest.fixture
def written(tmp_path):
    """Write a recipe with some of its lines replaced, and return its path."""

    def write(*replacements):
        text = OWN
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return str(path)

    return write


def test_the_videos_recipe_is_theirs_to_the_letter():
    recipe = find("video")
    assert (recipe.sizes, recipe.activations) == ((784, 16, 16, 10), ("sigmoid", "sigmoid", "sigmoid"))
    assert (recipe.initialisation, recipe.preprocessing) == ("normal", "mnist")
    assert COSTS[recipe.cost] is QUADRATIC
    assert (recipe.optimiser, recipe.learning_rate, recipe.schedule) == ("descent", 3.0, "constant")
    assert (recipe.mini_batch, recipe.epochs, recipe.averaging, recipe.candidates) == (10, 30, 0, 1)
    assert (recipe.trash, recipe.trash_share, recipe.n_digits, recipe.validation) == ({}, 0, 10, 10_000)
    assert recipe.augmentation == Augmentation()


def test_plain_has_the_videos_13002_numbers_and_sigmoids_alone():
    recipe = find("plain")
    assert Network.random(recipe.sizes).n_parameters == 13_002
    assert set(recipe.activations) == {"sigmoid"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_recipe_is_found_by_its_name_and_survives_json(name):
    recipe = find(name)
    assert recipe.name == name
    assert Recipe.model_validate_json(json.dumps(recipe.model_dump(mode="json"))) == recipe


def test_a_recipe_of_one_s_own_is_read(written):
    recipe = find(written())
    assert (recipe.sizes, recipe.trash) == ((784, 30, 10), {"uniform": 1, "strokes": 2.5})
    assert (recipe.augmentation.rotation, recipe.augmentation.shift) == (10, 0)
    assert (recipe.rejection.most_digits, recipe.rejection.most_trash) == (0.005, 0.01)
    assert (recipe.n_digits, recipe.n_trash) == (24, 8)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("epochs = 5", "epoch = 5", "epochs: Field required"),
        ("epochs = 5", "epochs = 5\nbatch = 3", "batch: no recipe has this; the nearest is mini_batch"),
        ("epochs = 5", "epochs = 0", "epochs: Input should be greater than or equal to 1"),
        ("epochs = 5", f"epochs = {10**20}", "epochs: Input should be less than or equal to 1000000"),
        ("epochs = 5", "epochs = 5\ncandidates = 1001", "candidates: Input should be less than or equal to"),
        ("epochs = 5", "epochs = 5\nspread = 1e39", "spread: Input should be less than or equal to 10000"),
        ("learning_rate = 0.001", "learning_rate = nan", "learning_rate: Input should be"),
        ("learning_rate = 0.001", "learning_rate = 0", "learning_rate: Input should be greater than 0"),
        ('"tanh"', '"swish"', "activations.0: 'swish' is not one of sigmoid, tanh, relu"),
        ("epochs = 5", "epochs = 5\nreach = [4, 8]", "recipe: reach is for the layers before the last"),
        ("epochs = 5", "epochs = 5\nreach = [0.5]", "reach.0: Input should be greater than or equal to 1"),
        ("strokes = 2.5", "gratings = 2.5", "trash.gratings.[key]: 'gratings' is not one of uniform,"),
        ("strokes = 2.5", "strokes = 0", "trash.strokes: Input should be greater than 0"),
        (
            "epochs = 5",
            "epochs = 5\nsources = {dreams = 0.5}",
            "sources.dreams.[key]: 'dreams' is not one of",
        ),
        (
            "epochs = 5",
            "epochs = 5\nsources = {fonts = 0.01}",
            "recipe: sources must leave at least one image",
        ),
        (
            "epochs = 5",
            "epochs = 5\nsources = {fonts = 0.5, hands = 0.5}",
            "recipe: sources must leave at least one image",
        ),
        ("epochs = 5", 'epochs = 5\npreprocessing = "blur"', "preprocessing: 'blur' is not one of mnist,"),
        ("epochs = 5", 'epochs = 5\noptimiser = "walk"', "optimiser: 'walk' is not one of descent, adam"),
        ("epochs = 5", 'epochs = 5\npreprocessing = "four-pixel"', "recipe: preprocessing four-pixel is for"),
        ('"tanh", "sigmoid"', '"tanh", "relu"', "recipe: the cross-entropy needs sigmoid outputs"),
        (
            '"tanh", "sigmoid"',
            '"tanh", "tanh"]\ncost = "quadratic"\ncalibrate = true\nreach = [',
            "recipe: calibrate needs sigmoid outputs",
        ),
        ("784, 30, 10", "784, 30, 30, 10", "recipe: 3 layers need as many activations"),
        ("784, 30, 10", "4, 30, 10", "recipe: sizes must begin with 784 pixels and end with 10 digits"),
        ("784, 30, 10", f"784, {'9, ' * 31}10", "sizes: Tuple should have at most 32 items"),
        ("trash_share = 0.25", "trash_share = 0", "recipe: trash and trash_share need each other"),
        ("trash_share = 0.25", "trash_share = 0.01", "recipe: trash and trash_share need each other"),
        ("learning_rate = 0.001", "learning_rate = true", "learning_rate: Input should be a valid number"),
        ("epochs = 5", "epochs = 5\ncalibrate = 1", "calibrate: Input should be a valid boolean"),
        ("epochs = 5", 'epochs = 5\nrefit = "yes"', "refit: Input should be a valid boolean"),
        ("epochs = 5", "epochs = true", "epochs: Input should be a valid integer"),
        ("784, 30, 10", "784, true, 10", "sizes.1: Input should be a valid integer"),
        ("strokes = 2.5", "strokes = true", "trash.strokes: Input should be a valid number"),
        (
            "most_digits = 0.005",
            "most_digits = false",
            "rejection.most_digits: Input should be a valid number",
        ),
        ("rotation = 10", "rotation = true", "augmentation.rotation: Input should be a valid number"),
        (
            "rotation = 10",
            "rotation = -5",
            "augmentation.rotation: Input should be greater than or equal to 0",
        ),
        (
            "rotation = 10",
            "rotation = 1e9",
            "augmentation.rotation: Input should be less than or equal to 180",
        ),
        ("rotation = 10", "rotation = nan", "augmentation.rotation: Input should be"),
        ("rotation = 10", "scale = 1", "augmentation.scale: Input should be less than 1"),
        ("rotation = 10", "shear = 3", "augmentation.shear: Input should be less than or equal to 2"),
        ("rotation = 10", "shift = 29", "augmentation.shift: Input should be less than or equal to 28"),
        ("rotation = 10", "elastic = inf", "augmentation.elastic: Input should be"),
        (
            "rotation = 10",
            "elastic = 1\nsmoothness = 0",
            "augmentation.smoothness: Input should be greater than or equal to 4",
        ),
        ("rotation = 10", "spin = 10", "augmentation.spin: no recipe has this; the nearest is s"),
        (
            "most_digits = 0.005",
            "mostdigits = 1",
            "rejection.mostdigits: no recipe has this; the nearest is most_",
        ),
        ('name = "mine"', 'name = "Größe 1"', "name: use at most 63 small letters, digits and dashes"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_by_the_member_s_name(written, old, new, says):
    path = written((old, new))
    with pytest.raises(BadInputError) as caught:
        find(path)
    assert str(caught.value).startswith(f"{path}: {says}")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_those_that_exist():
    with pytest.raises(BadInputError, match=r"no recipe is named 'plane'; there are video, plain.* \.toml"):
        find("plane")


@pytest.mark.parametrize("content", [b"epochs = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="cannot be read as a recipe"):
        find(str(path))


def test_a_file_that_is_not_there_is_named_once(tmp_path):
    path = tmp_path / "missing.toml"
    with pytest.raises(BadInputError) as caught:
        find(str(path))
    assert str(caught.value) == f"{path}: No such file or directory; name a .toml file that can be read"
