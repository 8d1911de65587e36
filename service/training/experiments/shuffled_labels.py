"""True labels against shuffled ones: a network can learn either by heart, but not at the same pace."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.network import CROSS_ENTROPY, RELU, SIGMOID, Network, backpropagate
from service.training import chart
from service.training.evaluate import accuracy
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome
from service.training.experiments.markdown import table
from service.training.mnist import Digits
from service.training.optimise import OPTIMISERS, Memory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Settings", "train"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What learns, and from how much.

    Attributes:
        images: training images.
        sizes: of a network that is large enough to learn them by heart; ReLU, sigmoid outputs.
        small: of one that is not.
        epochs: passes over the images.
        mini_batch: images of one step.
        learning_rate: of plain gradient descent.
    """

    images: int = 5000
    sizes: tuple[int, ...] = (784, 256, 10)
    small: tuple[int, ...] = (784, 16, 16, 10)
    epochs: int = 100
    mini_batch: int = 50
    learning_rate: float = 0.1


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Train on true and on shuffled labels, from the same start and in the same order."""
    digits = bench.mnist.training[: settings.images]
    shuffled = Digits(digits.images, bench.rng(1).permutation(digits.labels))
    runs = {}
    for name, labelled, sizes in (
        ("true", digits, settings.sizes),
        ("shuffled", shuffled, settings.sizes),
        ("shuffled, small network", shuffled, settings.small),
    ):
        runs[name] = train(labelled, bench.mnist.test, sizes, settings, bench.rng(2))
        bench.report(
            f"{name} labels: {runs[name]['train_accuracy'][-1]:.1%} of the training images, "
            f"{runs[name]['test_accuracy'][-1]:.1%} of the test images"
        )
    numbers: Numbers = {
        "images": settings.images,
        "by_chance": float((shuffled.labels == digits.labels).mean()),
        "sizes": list(settings.sizes),
        "parameters": Network.random(settings.sizes).n_parameters,
        "small": list(settings.small),
        "runs": runs,
    }
    return Outcome(numbers, _draw(numbers))


def train(
    digits: Digits, test: Digits, sizes: tuple[int, ...], settings: Settings, rng: np.random.Generator
) -> dict[str, list[float]]:
    """Train a network by plain mini-batch gradient descent and return its curves, one number an epoch."""
    activations = [*[RELU] * (len(sizes) - 2), SIGMOID]
    network, memory = Network.random(sizes, rng, activations=activations), Memory()
    targets = np.eye(sizes[-1], dtype=np.float32)[digits.labels]
    curves: dict[str, list[float]] = {"cost": [], "train_accuracy": [], "test_accuracy": []}
    for _ in range(settings.epochs):
        costs = []
        for which in _mini_batches(len(digits), settings.mini_batch, rng):
            cost, gradients = backpropagate(network, digits.images[which], targets[which], CROSS_ENTROPY)
            network, memory = OPTIMISERS["descent"](network, gradients, memory, settings.learning_rate)
            costs.append(cost)
        curves["cost"].append(float(np.mean(costs)))
        curves["train_accuracy"].append(accuracy(network.forward(digits.images), digits.labels))
        curves["test_accuracy"].append(accuracy(network.forward(test.images), test.labels))
    return curves


def _mini_batches(n: int, mini_batch: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    return np.split(rng.permutation(n), range(mini_batch, n, mini_batch))


COLOURS = {"true": chart.BLUE, "shuffled": chart.VERMILION, "shuffled, small network": chart.GREY}
"""The colour of each run."""


def _draw(numbers: Numbers) -> "Figure":
    drawn = chart.figure(8.8, 3.7)
    cost, accuracy = drawn.subplots(1, 2)
    _draw_curves(cost, numbers, "cost", "-")
    cost.set_ylim(0)
    cost.set_title("Cost of the training images")
    _draw_curves(accuracy, numbers, "train_accuracy", "-")
    _draw_curves(accuracy, numbers, "test_accuracy", ":")
    accuracy.set_ylim(0, 1.02)
    accuracy.set_title("Accuracy: training images (lines), test images (dots)")
    chart.percent(accuracy.yaxis)
    accuracy.legend(
        *cost.get_legend_handles_labels(), loc="center right", bbox_to_anchor=(1, 0.58), title="labels"
    )
    return drawn


def _draw_curves(axes: "Axes", numbers: Numbers, curve: str, line: str) -> None:
    for name, colour in COLOURS.items():
        values = numbers["runs"][name][curve]
        axes.plot(range(1, len(values) + 1), values, line, color=colour, label=name)
    axes.set_xlabel("epoch")


def _reached(curve: list[float], share: float) -> int:
    """Return the epoch after which a curve has made that share of its way down; the first is 1."""
    wanted = curve[0] - share * (curve[0] - curve[-1])
    return next(epoch for epoch, value in enumerate(curve, start=1) if value <= wanted)


def tell(numbers: Numbers) -> str:
    """Say what each run reached, and how straight its way was."""
    runs = numbers["runs"]
    true, shuffled, small = runs.values()
    rows = (
        (
            name,
            f"{run['cost'][0]:.2f}",
            f"{run['cost'][-1]:.2f}",
            f"{_reached(run['cost'], 0.5)}",
            f"{run['train_accuracy'][-1]:.1%}",
            f"{run['test_accuracy'][-1]:.1%}",
        )
        for name, run in runs.items()
    )
    header = (
        "labels",
        "cost of the first epoch",
        "of the last",
        "half-way down after epoch",
        "training images right",
        "test images right",
    )
    large, few = ("-".join(map(str, numbers[sizes])) for sizes in ("sizes", "small"))
    return f"""\
{numbers["images"]:,} training images, {large} ({numbers["parameters"]:,} weights and biases), plain
gradient descent from the same start, once with the true labels and once with the same labels dealt out at
random ({numbers["by_chance"]:.0%} of them are right by chance).

{table(header, rows)}

Both come down. The network has many more numbers than there are images, and it learns
{shuffled["train_accuracy"][-1]:.0%} of the nonsense by heart while it is right on
{shuffled["test_accuracy"][-1]:.0%} of the test images, no better than a guess. So a low cost on the
training images proves nothing. What tells the two apart is the way: with true labels the curve drops at
once (half-way down after epoch {_reached(true["cost"], 0.5)}), because what helps on one 3 helps on the
others; with shuffled labels it falls slowly and almost in a straight line (epoch
{_reached(shuffled["cost"], 0.5)}), one exception at a time. The grey curve is the videos' shape, {few}:
it has too few numbers to learn so many exceptions, and after as many epochs knows
{small["train_accuracy"][-1]:.0%} of them."""


EXPERIMENT = Experiment(
    "shuffled-labels",
    "Does a network learn labels that mean nothing, and does it learn them differently?",
    conduct,
    Settings(),
    tell,
)
