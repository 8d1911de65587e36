import numpy as np
import pytest

from service.imaging.preprocessing import deskew
from service.training import material
from service.training.augment import Augmentation
from service.training.material import gather, mini_batches
from service.training.mnist import Digits
from service.training.recipes import Recipe


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
    """One pass over the digits."""
    return mini_batches(gather(recipe, digits, rng), recipe, rng)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_pass_shows_every_digit_once(digits, rng):
    numbered = Digits(np.repeat(np.arange(400, dtype=np.float32)[:, None], 784, axis=1), digits.labels)
    batches = list(passed(numbered, recipe_for(), rng))
    assert [len(batch.images) for batch in batches] == [20] * 20
    shown = np.concatenate([batch.images[:, 0] for batch in batches]).astype(int)
    assert sorted(shown) == list(range(400))
    assert list(shown) != sorted(shown)
    targets = np.concatenate([batch.targets for batch in batches])
    np.testing.assert_array_equal(targets, np.eye(10)[digits.labels[shown]])


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


def test_other_sources_have_their_share_of_every_step(digits, rng):
    recipe = recipe_for(mini_batch=40, sources={"fonts": 0.25, "hands": 0.1})
    batches = list(passed(digits, recipe, rng))
    assert [len(batch.images) for batch in batches] == [40] * (400 // 26)
    own = {image.tobytes() for image in digits.images}
    for batch in batches:
        assert sum(image.tobytes() in own for image in batch.images) == 26


def test_digits_of_uploads_are_the_digits_they_show(digits, rng):
    """A calculator's digits survive the way through an upload, and so do their labels."""
    material = gather(recipe_for(mini_batch=40, sources={"uploads": 0.5}), digits, rng)
    uploads = material.others["uploads"]
    templates = np.stack([digits.images[digits.labels == label].mean(axis=0) for label in range(10)])
    alike = np.corrcoef(np.concatenate([uploads.images, templates]))[: len(uploads), -10:]
    assert uploads.images.any(axis=1).all()
    assert (alike.argmax(axis=1) == uploads.labels).mean() > 0.5


@pytest.mark.parametrize("kind", ["uploaded", "framed", "scribbles"])
def test_trash_that_is_costly_to_make_is_made_once_and_shown_changed(kind, digits, rng, monkeypatch):
    monkeypatch.setattr(material, "POOL", 30)
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash={kind: 1})
    gathered = gather(recipe, digits, rng)
    assert len(gathered.pools[kind]) == 30
    shown = np.concatenate([batch.trash for batch in mini_batches(gathered, recipe, rng)])
    assert len(np.unique(shown, axis=0)) > 60
    assert shown.min() >= 0
    assert shown.max() <= 1


def test_images_are_prepared_as_the_server_prepares_them(digits, rng):
    recipe = recipe_for(preprocessing="mnist-deskewed")
    prepared = deskew(digits.images)
    for image in next(passed(digits, recipe, rng)).images:
        assert np.isclose(image, prepared, atol=1e-6).all(axis=1).any()


def test_digits_are_changed_anew_in_each_pass(digits, rng):
    recipe = recipe_for(augmentation=Augmentation(shift=1))
    one = digits[:20]
    first, second = (next(passed(one, recipe, rng)).images for _ in range(2))
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}
