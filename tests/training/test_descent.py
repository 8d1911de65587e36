import numpy as np
import pytest

from service.errors import BadInputError
from service.imaging.preprocessing import deskew
from service.network import CROSS_ENTROPY, Network
from service.training.augment import Augmentation
from service.training.descent import Candidate, MiniBatch, descend, mini_batches, step
from service.training.mnist import Digits
from service.training.optimise import Memory
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


def silent(_line):
    pass


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_pass_shows_every_digit_once(digits, rng):
    numbered = Digits(np.repeat(np.arange(400, dtype=np.float32)[:, None], 784, axis=1), digits.labels)
    batches = list(mini_batches(numbered, recipe_for(), rng))
    assert [len(batch.images) for batch in batches] == [20] * 20
    shown = np.concatenate([batch.images[:, 0] for batch in batches]).astype(int)
    assert sorted(shown) == list(range(400))
    assert list(shown) != sorted(shown)
    targets = np.concatenate([batch.targets for batch in batches])
    np.testing.assert_array_equal(targets, np.eye(10)[digits.labels[shown]])


def test_digits_that_fill_no_mini_batch_wait_for_the_next_pass(digits, rng):
    assert len(list(mini_batches(digits[:45], recipe_for(), rng))) == 2


def test_the_next_pass_has_another_order(digits, rng):
    first, second = (next(mini_batches(digits, recipe_for(), rng)).images for _ in range(2))
    assert not np.array_equal(first, second)


def test_trash_makes_up_its_share_and_aims_at_ten_zeros(digits, rng):
    recipe = recipe_for(mini_batch=40, trash_share=0.25, trash=("constant",))
    batches = list(mini_batches(digits, recipe, rng))
    assert [len(batch.images) for batch in batches] == [40] * 13
    images, targets = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    flat = np.ptp(images, axis=1) == 0
    assert flat.sum() == 13 * 10
    assert not targets[flat].any()
    assert (targets[~flat].sum(axis=1) == 1).all()


def test_trash_and_digits_come_mixed(digits, rng):
    recipe = recipe_for(mini_batch=40, trash_share=0.5, trash=("uniform",))
    zeros = [int((batch.targets.sum(axis=1) == 0).sum()) for batch in mini_batches(digits, recipe, rng)]
    assert sum(zeros) == 20 * len(zeros)
    assert len(set(zeros)) > 1


def test_images_are_prepared_as_the_server_prepares_them(digits, rng):
    recipe = recipe_for(preprocessing="mnist-deskewed")
    prepared = deskew(digits.images)
    for image in next(mini_batches(digits, recipe, rng)).images:
        assert np.isclose(image, prepared, atol=1e-6).all(axis=1).any()


def test_digits_are_changed_anew_in_each_pass(digits, rng):
    recipe = recipe_for(augmentation=Augmentation(shift=1))
    one = digits[:20]
    first, second = (next(mini_batches(one, recipe, rng)).images for _ in range(2))
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}


def test_a_step_of_plain_descent_is_the_slope_by_nudging(digits, rng):
    """The weight moves by −learning rate × dC/dw, and the slope is measured by turning that weight."""
    network = Network.random((784, 12, 10), rng)
    batch = MiniBatch(digits.images[:20], np.eye(10, dtype=np.float32)[digits.labels[:20]])
    recipe = recipe_for(optimiser="descent", learning_rate=0.5)
    after, cost = step(Candidate(network, network, Memory()), batch, recipe, over=0)

    def cost_with(bias):
        network.layers[1].biases[3] = bias
        return CROSS_ENTROPY(network.forward(batch.images), batch.targets)

    before = float(network.layers[1].biases[3])
    slope = (cost_with(before + 0.01) - cost_with(before - 0.01)) / 0.02
    assert cost == pytest.approx(cost_with(before))
    assert float(after.network.layers[1].biases[3]) == pytest.approx(before - 0.5 * slope, rel=1e-3)


def test_a_step_is_shortened_by_the_schedule(digits, rng):
    network = Network.random((784, 12, 10), rng)
    batch = MiniBatch(digits.images[:20], np.eye(10, dtype=np.float32)[digits.labels[:20]])
    recipe = recipe_for(schedule="cosine")
    after, _ = step(Candidate(network, network, Memory()), batch, recipe, over=1)
    np.testing.assert_array_equal(after.network.layers[0].weights, network.layers[0].weights)


def test_the_average_trails_behind_the_network(digits, rng):
    network = Network.random((784, 12, 10), rng)
    batch = MiniBatch(digits.images[:20], np.eye(10, dtype=np.float32)[digits.labels[:20]])
    candidate = Candidate(network, network, Memory())
    for _ in range(5):
        candidate, _ = step(candidate, batch, recipe_for(averaging=0.9), over=0)
    passed = (network, candidate.averaged, candidate.network)
    start, mean, now = (float(n.layers[1].biases[0]) for n in passed)
    assert min(start, now) < mean < max(start, now)


def test_the_cost_falls_and_the_digits_are_learned(digits, drawn):
    trained = descend(recipe_for(epochs=6), drawn.training, digits, 0, silent)
    costs = [moment.cost for moment in trained.curve]
    assert [moment.epoch for moment in trained.curve] == [1, 2, 3, 4, 5, 6]
    assert costs == sorted(costs, reverse=True)
    assert (trained.network.forward(digits.images).argmax(axis=1) == digits.labels).mean() > 0.9


def test_the_best_candidate_on_validation_is_kept(digits, drawn):
    """The same candidates, judged by two sets of which each suits another one."""
    recipe = recipe_for(epochs=1, candidates=6)
    odd, even = (digits[np.flatnonzero(digits.labels % 2 == rest)] for rest in (1, 0))

    def accuracy(network, some):
        return (network.forward(some.images).argmax(axis=1) == some.labels).mean()

    for_odd, for_even = (descend(recipe, drawn.training, some, 0, silent).network for some in (odd, even))
    assert accuracy(for_odd, odd) > accuracy(for_even, odd)
    assert accuracy(for_even, even) > accuracy(for_odd, even)


def test_the_curve_is_that_of_the_network_kept(digits, drawn):
    trained = descend(recipe_for(candidates=3), drawn.training, digits, 0, silent)
    accuracy = (trained.network.forward(digits.images).argmax(axis=1) == digits.labels).mean()
    assert trained.curve[-1].validation_accuracy == pytest.approx(accuracy)


def test_one_line_an_epoch_tells_cost_and_validation_accuracy(digits, drawn):
    lines = []
    curve = descend(recipe_for(), drawn.training, digits, 0, lines.append).curve
    assert len(lines) == len(curve) == 3
    for line, m in zip(lines, curve, strict=True):
        assert line == (
            f"epoch   {m.epoch}/3  cost {m.cost:.4f}  validation accuracy {m.validation_accuracy:.2%}"
        )


def test_the_same_seed_gives_the_same_network_and_another_seed_another(digits, drawn):
    recipe = recipe_for(epochs=1, trash_share=0.2, trash=("uniform",), augmentation=Augmentation(shift=1))
    first, again, other = (
        descend(recipe, drawn.training, digits, seed, silent).network.layers[0].weights for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_starting_weights_are_spread_as_the_recipe_says(digits, drawn):
    """With a learning rate of next to nothing the way ends where it began."""
    still = recipe_for(epochs=1, learning_rate=1e-12)
    near, far = (
        descend(recipe, drawn.training, digits, 0, silent).network.layers[0].weights
        for recipe in (still, still.model_copy(update={"spread": 4}))
    )
    np.testing.assert_allclose(far, 4 * near, atol=1e-6)


def test_a_recipe_that_diverges_is_told_to_go_slower(digits, drawn):
    recipe = recipe_for(
        optimiser="descent", cost="quadratic", activations=("relu", "relu"), learning_rate=1e9
    )
    with pytest.raises(BadInputError, match="tiny diverges in epoch 1; lower its learning_rate"):
        descend(recipe, drawn.training, digits, 0, silent)
