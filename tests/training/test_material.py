from itertools import islice

import numpy as np
import pytest

from service.imaging.deskew import deskew
from service.training import trash
from service.training.augment import Augmentation
from service.training.glyphs import SEEN_FONTS
from service.training.material import gather, mini_batches, supply
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.stock import collect


def recipe_for(**changes):
    members = {
        "name": "tiny",
        "description": "A tiny network for tests.",
        "sizes": (784, 12, 10),
        "activations": ("relu", "sigmoid"),
        "learning_rate": 0.02,
        "mini_batch": 20,
        "epochs": 3,
    }
    return Recipe.model_validate(members | changes)


def passed(digits, recipe, rng):
    """One epoch."""
    material = next(supply(recipe, digits, 0))
    n_steps = len(material.labels) // (recipe.n_digits * (recipe.variations or 1))
    return mini_batches(material, recipe, n_steps, rng)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_pass_shows_every_digit_once(digits, rng):
    """Each is an image of its own: its number in four greys, each of which is a quarter of the range."""
    place = np.arange(400)[:, None] // 4 ** np.arange(5) % 4 / np.float32(3)
    numbered = Digits(np.pad(place, ((0, 0), (0, 779))).astype(np.float32), digits.labels)
    batches = list(passed(numbered, recipe_for(), rng))
    assert [len(batch.images) for batch in batches] == [20] * 20
    greys = np.concatenate([batch.images[:, :5] for batch in batches])
    numbers = (greys * 3 @ 4.0 ** np.arange(5)).round().astype(int)
    assert sorted(numbers) == list(range(400))
    assert list(numbers) != sorted(numbers)
    targets = np.concatenate([batch.targets for batch in batches])
    np.testing.assert_array_equal(targets, np.eye(10)[digits.labels[numbers]])


def test_digits_that_fill_no_mini_batch_wait_for_the_next_pass(digits, rng):
    assert len(list(passed(digits[:45], recipe_for(), rng))) == 2


def test_the_next_pass_has_another_order(digits, rng):
    first, second = (next(passed(digits, recipe_for(), rng)).images for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("drawn_times", [1, 3])
def test_trash_makes_up_its_share_of_a_step_and_there_may_be_more_to_choose_from(digits, rng, drawn_times):
    recipe = recipe_for(mini_batch=40, trash_share=0.25, trash={"constant": 1}, trash_drawn=drawn_times)
    batches = list(passed(digits, recipe, rng))
    assert [len(batch.images) for batch in batches] == [30] * 13
    assert [len(batch.trash) for batch in batches] == [10 * drawn_times] * 13
    assert all((np.ptp(batch.trash, axis=1) == 0).all() for batch in batches)
    assert all((batch.targets.sum(axis=1) == 1).all() for batch in batches)


def test_kinds_of_trash_come_as_often_as_the_recipe_says_and_mixed(digits, rng):
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={"inverted": 1, "constant": 3})
    flat = [(np.ptp(batch.trash, axis=1) == 0).mean() for batch in passed(digits, recipe, rng)]
    assert np.mean(flat) == pytest.approx(0.75, abs=0.07)
    assert all(0.4 < share < 1 for share in flat)


def test_other_sources_have_their_share_of_every_epoch(digits, rng):
    recipe = recipe_for(mini_batch=40, sources={"hands": 0.35})
    images = np.concatenate([batch.images for batch in passed(digits, recipe, rng)])
    own = {image.tobytes() for image in digits.images}
    assert len(images) // 40 == 400 // 26
    assert np.mean([image.tobytes() in own for image in images]) == pytest.approx(26 / 40, abs=0.02)


def test_digits_of_uploads_are_the_digits_they_show(digits):
    """A calculator's digits survive the way through an upload, and so do their labels."""
    stock = collect(recipe_for(mini_batch=40, sources={"uploads": 0.5}), digits[:60], 0, 1)
    uploads = stock.others["uploads"]
    templates = np.stack([digits.images[digits.labels == label].mean(axis=0) for label in range(10)])
    alike = np.corrcoef(np.concatenate([uploads.images, templates]))[: len(uploads), -10:]
    assert uploads.images.any(axis=1).all()
    assert (alike.argmax(axis=1) == uploads.labels).mean() > 0.5


@pytest.mark.parametrize("kind", ["framed", "scribbles"])
def test_trash_that_is_costly_to_make_is_made_once_and_shown_changed(kind, digits):
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={kind: 1}, variations=2)
    few = digits[:30]
    assert 0 < len(collect(recipe, few, 0, 1).pools[kind]) <= 30
    rubbish = gather(recipe, few, 0).trash
    assert len(np.unique(rubbish, axis=0)) > 45


def test_trash_that_imaging_rejects_is_not_learned_from(digits):
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={"uploaded": 1})
    pool = collect(recipe, digits, 0, 1).pools["uploaded"]
    assert 0 < len(pool) < len(digits) / 4
    assert pool.any(axis=1).all()


def test_something_is_learned_from_where_imaging_rejects_all_of_it(digits, monkeypatch):
    monkeypatch.setattr(trash, "KINDS", {"uploaded": lambda _rng, _digits, n: np.zeros((n, 784))})
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={"uploaded": 1})
    assert len(collect(recipe, digits[:30], 0, 1).pools["uploaded"]) == 30


def test_every_letter_is_there_however_few_the_digits_are(digits, monkeypatch):
    every = np.random.default_rng(1).random((50, 784), np.float32)
    monkeypatch.setattr("service.training.glyphs.letters", {SEEN_FONTS: every}.__getitem__)
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={"letters": 1})
    np.testing.assert_array_equal(collect(recipe, digits[:30], 0, 1).pools["letters"], every)


def test_images_are_prepared_as_the_server_prepares_them(digits, rng):
    recipe = recipe_for(preprocessing="mnist-deskewed")
    prepared = deskew(digits.images)
    for image in next(passed(digits, recipe, rng)).images:
        assert np.isclose(image, prepared, atol=0.5 / 255 + 1e-6).all(axis=1).any()


def test_each_digit_is_there_in_as_many_variations_as_the_recipe_says(digits):
    recipe = recipe_for(augmentation=Augmentation(shift=1), variations=3)
    material = gather(recipe, digits[:20], 0)
    assert len({image.tobytes() for image in material.images}) == 60
    assert sorted(material.labels) == sorted(np.tile(digits.labels[:20], 3))


def test_an_epoch_shows_as_many_digits_as_there_are_however_many_the_variations(digits, rng):
    recipe = recipe_for(augmentation=Augmentation(shift=1), variations=3)
    assert sum(len(batch.images) for batch in passed(digits, recipe, rng)) == 400


VARIED = {
    "mini_batch": 40,
    "augmentation": Augmentation(shift=1),
    "sources": {"uploads": 0.1},
    "trash_share": 0.25,
    "trash": {"strokes": 1, "framed": 1},
}


@pytest.mark.parametrize("variations", [0, 2])
def test_the_same_seed_gives_the_same_material_in_any_number_of_processes(digits, variations):
    recipe = recipe_for(**VARIED, variations=variations)
    alone, together = (supply(recipe, digits[:40], 0, processes) for processes in (1, 2))
    for one, other in islice(zip(alone, together, strict=True), 3):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.trash, other.trash)
    assert not np.array_equal(one.images, next(supply(recipe, digits[:40], 1)).images)


def test_material_is_made_anew_for_each_epoch(digits):
    first, second = islice(supply(recipe_for(**VARIED), digits[:40], 0), 2)
    assert not {image.tobytes() for image in first.images} & {image.tobytes() for image in second.images}
    np.testing.assert_array_equal(first.labels[:40], second.labels[:40])


@pytest.mark.parametrize("recipe", [recipe_for(), recipe_for(**VARIED, variations=2)])
def test_material_that_does_not_vary_or_is_kept_is_made_once(digits, recipe):
    first, second = islice(supply(recipe, digits[:40], 0), 2)
    assert first is second
