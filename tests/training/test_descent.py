from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from service.errors import BadInputError
from service.network import CROSS_ENTROPY, Network, backpropagate
from service.training import descent
from service.training.augment import Augmentation
from service.training.descent import descend, kept_epochs
from service.training.material import MiniBatch, supply
from service.training.optimise import Memory
from service.training.recipes import Recipe
from service.training.step import Candidate, step, taught

NO_TRASH = np.empty((0, 784), np.float32)


def batch_of(digits):
    return MiniBatch(digits.images[:20], np.eye(10, dtype=np.float32)[digits.labels[:20]], NO_TRASH)


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


def trained_by(recipe, training, validation, seed=0, report=silent, **options):
    """Go all the way down."""
    materials = supply(recipe, training, seed, to=options.get("to", np))
    return descend(recipe, materials, validation, seed, report, **options)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_step_of_plain_descent_is_the_slope_by_nudging(digits, rng):
    """The weight moves by −learning rate × dC/dw, and the slope is measured by turning that weight."""
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    recipe = recipe_for(optimiser="descent", learning_rate=0.5)
    after, cost = step(Candidate(network, network, Memory()), batch, recipe, over=0)

    def cost_with(bias):
        network.layers[1].biases[3] = bias
        return CROSS_ENTROPY(network.forward(batch.images), batch.targets)

    before = float(network.layers[1].biases[3])
    slope = (cost_with(before + 0.01) - cost_with(before - 0.01)) / 0.02
    assert cost == pytest.approx(cost_with(before))
    assert float(after.network.layers[1].biases[3]) == pytest.approx(before - 0.5 * slope, rel=1e-3)


def test_a_step_that_climbs_first_takes_the_slope_from_above(digits, rng):
    """By hand: half a unit straight uphill, the slope there, and down by it from where the network stands."""
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    recipe = recipe_for(optimiser="descent", learning_rate=0.1, climb=0.5)
    after, cost = step(Candidate(network, network, Memory()), batch, recipe, over=0)

    here = backpropagate(network, batch.images, batch.targets, CROSS_ENTROPY)
    length = np.linalg.norm(np.concatenate([slope.ravel() for layer in here.gradients for slope in layer]))
    moved = [
        replace(
            layer,
            weights=layer.weights + 0.5 / length * slope.weights,
            biases=layer.biases + 0.5 / length * slope.biases,
        )
        for layer, slope in zip(network.layers, here.gradients, strict=True)
    ]
    above = backpropagate(Network(tuple(moved)), batch.images, batch.targets, CROSS_ENTROPY)
    assert above.cost > here.cost
    assert cost == pytest.approx(here.cost)
    for layer, stood, slope in zip(after.network.layers, network.layers, above.gradients, strict=True):
        np.testing.assert_allclose(layer.weights, stood.weights - 0.1 * slope.weights, atol=1e-6)
        np.testing.assert_allclose(layer.biases, stood.biases - 0.1 * slope.biases, atol=1e-6)


def test_a_step_is_shortened_by_the_schedule(digits, rng):
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    recipe = recipe_for(schedule="cosine")
    after, _ = step(Candidate(network, network, Memory()), batch, recipe, over=1)
    np.testing.assert_array_equal(after.network.layers[0].weights, network.layers[0].weights)


def test_after_fewer_steps_than_make_a_mean_the_average_is_where_the_network_stands(digits, rng):
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    candidate = Candidate(network, network, Memory())
    for _step in range(3):
        candidate, _ = step(candidate, batch, recipe_for(averaging=0.999), over=0)
    for mean, layer in zip(candidate.averaged.layers, candidate.network.layers, strict=True):
        np.testing.assert_array_equal(mean.weights, layer.weights)


def test_the_average_trails_behind_the_network(digits, rng):
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    candidate = Candidate(network, network, Memory())
    for _ in range(5):
        candidate, _ = step(candidate, batch, recipe_for(averaging=0.9), over=0)
    passed = (network, candidate.averaged, candidate.network)
    start, mean, now = (float(n.layers[1].biases[0]) for n in passed)
    assert min(start, now) < mean < max(start, now)


def test_the_first_steps_are_soon_forgotten_by_the_average(digits, rng):
    """By hand: every fourth step keeps (4 / 14)⁴ of the mean at first, then (8 / 18)⁴."""
    network = Network.random((784, 12, 10), rng)
    batch = batch_of(digits)
    candidate, passed = Candidate(network, network, Memory()), []
    for _step in range(8):
        candidate, _ = step(candidate, batch, recipe_for(averaging=0.999), over=0)
        passed.append(candidate.network.layers[0].weights)
    early, late = (4 / 14) ** 4, (8 / 18) ** 4
    mean = late * (early * passed[2] + (1 - early) * passed[3]) + (1 - late) * passed[7]
    np.testing.assert_allclose(candidate.averaged.layers[0].weights, mean, rtol=1e-4, atol=1e-6)


def test_the_cost_falls_and_the_digits_are_learned(digits, drawn):
    trained = trained_by(recipe_for(epochs=6), drawn.training, digits)
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

    for_odd, for_even = (trained_by(recipe, drawn.training, some).network for some in (odd, even))
    assert accuracy(for_odd, odd) > accuracy(for_even, odd)
    assert accuracy(for_even, even) > accuracy(for_odd, even)


def test_the_curve_is_that_of_the_network_kept(digits, drawn):
    trained = trained_by(recipe_for(candidates=3), drawn.training, digits)
    accuracy = (trained.network.forward(digits.images).argmax(axis=1) == digits.labels).mean()
    assert trained.curve[-1].validation_accuracy == pytest.approx(accuracy)


def test_one_line_an_epoch_tells_cost_and_validation_accuracy(digits, drawn):
    lines = []
    curve = trained_by(recipe_for(), drawn.training, digits, report=lines.append).curve
    assert len(lines) == len(curve) == 3
    for line, m in zip(lines, curve, strict=True):
        assert line == (
            f"epoch   {m.epoch}/3  cost {m.cost:.4f}  validation accuracy {m.validation_accuracy:.2%}"
        )


def test_the_same_seed_gives_the_same_network_and_another_seed_another(digits, drawn):
    recipe = recipe_for(epochs=1, trash_share=0.2, trash={"uniform": 1}, augmentation=Augmentation(shift=1))
    first, again, other = (
        trained_by(recipe, drawn.training, digits, seed).network.layers[0].weights for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_starting_weights_are_spread_as_the_recipe_says(digits, drawn):
    """With a learning rate of next to nothing the way ends where it began."""
    still = recipe_for(epochs=1, learning_rate=1e-12)
    near, far = (
        trained_by(recipe, drawn.training, digits).network.layers[0].weights
        for recipe in (still, still.model_copy(update={"spread": 4}))
    )
    np.testing.assert_allclose(far, 4 * near, atol=1e-6)


def test_a_recipe_that_diverges_is_told_to_go_slower(digits, drawn):
    recipe = recipe_for(
        optimiser="descent", cost="quadratic", activations=("relu", "relu"), learning_rate=1e9
    )
    with pytest.raises(BadInputError, match="tiny diverges in epoch 1; lower its learning_rate"):
        trained_by(recipe, drawn.training, digits)


def test_one_candidate_of_several_that_diverges_is_told_too(digits, drawn, monkeypatch):
    begin, started = descent.start, []

    def start(*arguments):
        started.append(begin(*arguments))
        if len(started) == 1:
            return started[0]
        far = tuple(
            replace(layer, weights=layer.weights * np.float32(1e30)) for layer in started[1].network.layers
        )
        return replace(started[1], network=Network(far), averaged=Network(far))

    monkeypatch.setattr(descent, "start", start)
    with pytest.raises(BadInputError, match="tiny diverges in epoch 1"):
        trained_by(
            recipe_for(candidates=2, activations=("relu", "relu"), cost="quadratic"), drawn.training, digits
        )


def test_a_step_learns_the_trash_that_the_network_is_surest_of(digits, rng):
    """The steps with a choice of trash and with only the surest of it are the same."""
    network = Network.random((784, 12, 10), rng)
    images, targets = digits.images[:15], np.eye(10, dtype=np.float32)[digits.labels[:15]]
    rubbish = rng.random((20, 784), dtype=np.float32)
    surest = np.argsort(network.forward(rubbish).max(axis=1))[-5:]
    recipe = recipe_for(trash_share=0.25, trash={"uniform": 1}, trash_drawn=4)
    chosen, given = (
        step(Candidate(network, network, Memory()), MiniBatch(images, targets, some), recipe, over=0)
        for some in (rubbish, rubbish[surest])
    )
    assert chosen[1] == pytest.approx(given[1])
    np.testing.assert_allclose(
        chosen[0].network.layers[0].weights, given[0].network.layers[0].weights, atol=1e-6
    )


def test_trash_aims_at_ten_zeros(digits, rng):
    """Plain descent on trash alone lowers every output's bias."""
    network = Network.random((784, 12, 10), rng)
    nothing = MiniBatch(digits.images[:0], np.empty((0, 10), np.float32), digits.images[:20])
    recipe = recipe_for(optimiser="descent", trash_share=0.5, trash={"uniform": 1}, mini_batch=40)
    after, _ = step(Candidate(network, network, Memory()), nothing, recipe, over=0)
    assert (after.network.layers[-1].biases < network.layers[-1].biases).all()


def test_the_best_candidate_is_trained_alone_as_beside_the_others(digits, drawn):
    recipe = recipe_for(candidates=3)
    together = trained_by(recipe, drawn.training, digits)
    alone = trained_by(recipe, drawn.training, None, only=together.best)
    assert alone.best == together.best
    assert alone.curve == ()
    for layer, same in zip(alone.network.layers, together.network.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, same.weights)


def test_moments_are_kept_from_the_start_to_the_end_ever_further_apart(digits, drawn):
    trained = trained_by(recipe_for(epochs=8, moments=5), drawn.training, digits)
    assert list(trained.moments) == [0, 1, 2, 4, 8]
    accuracy = [
        (network.forward(digits.images).argmax(axis=1) == digits.labels).mean()
        for network in trained.moments.values()
    ]
    assert accuracy[0] < 0.4
    assert accuracy[1:] == pytest.approx([trained.curve[e - 1].validation_accuracy for e in (1, 2, 4, 8)])
    for layer, same in zip(trained.moments[8].layers, trained.network.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, same.weights)


@pytest.mark.parametrize(
    ("moments", "epochs"), [(1, [0]), (2, [0, 5]), (3, [0, 1, 5]), (9, [0, 1, 2, 3, 4, 5])]
)
def test_the_end_is_among_as_few_moments_as_two(moments, epochs):
    assert sorted(kept_epochs(recipe_for(epochs=5, moments=moments))) == epochs


def test_no_moments_are_kept_unless_asked_for(digits, drawn):
    assert trained_by(recipe_for(), drawn.training, digits).moments == {}


@pytest.fixture
def steps(monkeypatch):
    """Every step that is made, as its recipe and the share of the training that was over."""
    made = []

    def watched(candidate, batch, recipe, over):
        made.append((recipe, over))
        return step(candidate, batch, recipe, over)

    monkeypatch.setattr(descent, "step", watched)
    return made


def test_every_step_knows_how_much_of_the_training_is_over(digits, drawn, steps):
    trained_by(recipe_for(epochs=2, mini_batch=100), drawn.training, digits)
    assert [over for _, over in steps] == pytest.approx([made / 14 for made in range(14)])


def test_a_committee_does_not_climb(digits, drawn, steps):
    trained_by(recipe_for(epochs=1, mini_batch=350, climb=0.1, committee=2), drawn.training, digits)
    assert [recipe.climb for recipe, _ in steps] == [0, 0, 0, 0, 0.1, 0.1]


def test_candidates_learn_from_the_mean_answer_of_a_committee(digits, drawn):
    recipe = recipe_for(epochs=6, candidates=2, committee=3, lesson=0.9)
    lines = []
    found = trained_by(recipe, drawn.training, digits, report=lines.append)
    assert lines[0] == "a committee of 3"
    assert lines[7] == "those who learn from it"
    assert len(lines) == 2 + 2 * 6
    assert len(found.all) == 2
    assert (found.network.forward(digits.images).argmax(axis=1) == digits.labels).mean() > 0.9


def test_a_committee_may_be_convolutional_and_learn_for_fewer_epochs(digits, drawn):
    recipe = recipe_for(
        epochs=4, committee=1, teachers="convolutional", committee_epochs=2, lesson=0.9, learning_rate=0.002
    )
    lines = []
    found = trained_by(recipe, drawn.training, digits, report=lines.append)
    assert [line.split()[1] for line in lines if line.startswith("epoch")] == [
        *("1/2", "2/2"),
        *("1/4", "2/4", "3/4", "4/4"),
    ]
    assert accuracy_told(lines[2]) > 90  # no network of twelve neurons learns as fast
    assert len(found.curve) == 4
    assert accuracy_told(lines[-1]) < 90


def accuracy_told(line):
    """The validation accuracy that a line of progress ends with, in percent."""
    return float(line.split()[-1].removesuffix("%"))


def test_a_lesson_moves_the_targets_towards_the_teachers_answer(digits, rng):
    """By hand: two teachers, a lesson of a quarter."""
    teachers = tuple(Network.random((784, 5, 10), rng) for _ in range(2))
    batch = MiniBatch(digits.images[:3], np.eye(10, dtype=np.float32)[digits.labels[:3]], NO_TRASH)
    answers = [teacher.forward(batch.images) for teacher in teachers]
    expected = 0.75 * batch.targets + 0.25 * (answers[0] + answers[1]) / 2
    np.testing.assert_allclose(taught(batch, teachers, 0.25).targets, expected, rtol=1e-6)


def test_arrays_of_another_module_are_brought_home(digits, drawn):
    """A module that counts what it makes stands for a card's."""
    made = []

    def asarray(array):
        made.append(array)
        return np.asarray(array)

    elsewhere = SimpleNamespace(asarray=asarray, eye=np.eye)
    here, there = (trained_by(recipe_for(), drawn.training, digits, to=to) for to in (np, elsewhere))
    assert made
    for layer, same in zip(here.network.layers, there.network.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, same.weights)
