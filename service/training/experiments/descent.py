"""The way downhill watched: cost and gradient on the way, and which weights matter most."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from service.network import COSTS, FloatArray, Gradient, Network, backpropagate
from service.training import chart
from service.training.evaluate import accuracy
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome
from service.training.experiments.markdown import table
from service.training.material import gather, mini_batches
from service.training.mnist import Digits
from service.training.recipes import RECIPES, Recipe
from service.training.step import start, step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is trained and measured.

    Attributes:
        recipe: the way down.
        training: images that are learned from.
        measured: of these, images that cost and gradient are measured on.
        early: steps of the first epoch after which they are; they always are after an epoch.
    """

    recipe: Recipe = RECIPES["video"]
    training: int = 50_000
    measured: int = 10_000
    early: tuple[int, ...] = (10, 20, 50, 100, 200, 500, 1000, 2000)


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Train by the recipe, and stop now and then to measure the slope."""
    recipe = settings.recipe
    training, test = bench.mnist.training[: settings.training], bench.mnist.test
    rows: list[Numbers] = []
    ends: list[tuple[Gradient, ...]] = []
    for network, epoch in _stops(training, settings, bench):
        row, gradients = _measured(network, training[: settings.measured], test, recipe)
        rows.append({"epoch": epoch} | row)
        ends = [*ends[:1], gradients]
        bench.report(f"epoch {epoch:5.2f}  cost {row['cost']:.4f}  gradient {row['length']:.4f}")
    slopes = dict(zip(("at the start", "at the end"), ends, strict=True))
    numbers = {
        "stops": rows,
        "measured": settings.measured,
        "parameters": len(_flat(ends[0])),
        "parameters_by_layer": [len(_flat([gradient])) for gradient in ends[0]],
        "shares": {when: _shares(gradients) for when, gradients in slopes.items()},
        "typical": {when: [_typical(g.weights) for g in gradients] for when, gradients in slopes.items()},
        "silent_pixels": int((np.abs(ends[0][0].weights).max(axis=0) == 0).sum()),
    }
    return Outcome(numbers, _draw(numbers, slopes))


def _stops(training: Digits, settings: Settings, bench: Bench) -> Iterator[tuple[Network, float]]:
    """Train, and show the network at the start, after some of the first steps, and after every epoch."""
    recipe, rng = settings.recipe, bench.rng()
    candidate, n_steps = start(recipe, rng), len(training) // recipe.n_own
    material = gather(recipe, training, bench.seed)
    yield candidate.network, 0
    for epoch in range(recipe.epochs):
        for number, batch in enumerate(mini_batches(material, recipe, n_steps, rng), start=1):
            candidate, _ = step(candidate, batch, recipe, epoch / recipe.epochs)
            if number == n_steps or (epoch == 0 and number in settings.early):
                yield candidate.network, epoch + number / n_steps


def _measured(
    network: Network, digits: Digits, test: Digits, recipe: Recipe
) -> tuple[Numbers, tuple[Gradient, ...]]:
    """Return the cost, the accuracy and the length of the gradient, in all and by layer; and the gradient."""
    targets = np.eye(10, dtype=np.float32)[digits.labels]
    cost, gradients = backpropagate(network, digits.images, targets, COSTS[recipe.cost])
    by_layer = [float(np.linalg.norm(_flat([gradient]))) for gradient in gradients]
    return {
        "cost": cost,
        "test_accuracy": accuracy(network.forward(test.images), test.labels),
        "length": float(np.linalg.norm(by_layer)),
        "length_by_layer": by_layer,
    }, gradients


def _flat(gradients: list[Gradient] | tuple[Gradient, ...]) -> FloatArray:
    return np.concatenate([part.ravel() for gradient in gradients for part in gradient])


def _typical(weights: FloatArray) -> float:
    """Return the root mean square of a layer's components."""
    return float(np.sqrt((weights.astype(np.float64) ** 2).mean()))


def _held(gradients: tuple[Gradient, ...]) -> FloatArray:
    """Return the share of the squared length that the largest 1, 2, 3, … components hold together."""
    squares = np.sort(_flat(gradients).astype(np.float64) ** 2)[::-1]
    held: FloatArray = squares.cumsum() / squares.sum()
    return held


def _shares(gradients: tuple[Gradient, ...]) -> Numbers:
    """Say how unevenly the components share in the squared length."""
    held = _held(gradients)
    return {
        "of_top_1_percent": float(held[len(held) // 100 - 1]),  # held[0] is of one component
        "of_top_10_percent": float(held[len(held) // 10 - 1]),
        "components_for_half": int((held < 1 / 2).sum()) + 1,
    }


def _draw(numbers: Numbers, ends: dict[str, tuple[Gradient, ...]]) -> "Figure":
    drawn = chart.figure(8.8, 6.4)
    (cost, length), (held, maps) = drawn.subplots(2, 2)
    _draw_cost(cost, numbers["stops"])
    _draw_length(length, numbers["stops"])
    _draw_held(held, ends)
    _draw_maps(maps, ends)
    return drawn


def _draw_cost(axes: "Axes", stops: list[Numbers]) -> None:
    start, *later = stops
    axes.loglog([stop["epoch"] for stop in later], [stop["cost"] for stop in later], ".-", color=chart.BLUE)
    axes.axhline(start["cost"], color=chart.GREY, linestyle=":", label="at the start")
    axes.set_title("Cost")
    _label_epochs(axes)
    axes.legend()


def _label_epochs(axes: "Axes") -> None:
    axes.set_xlabel("epoch")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda epoch, _: f"{epoch:g}")


def _draw_length(axes: "Axes", stops: list[Numbers]) -> None:
    epochs = [stop["epoch"] for stop in stops[1:]]
    axes.loglog(epochs, [stop["length"] for stop in stops[1:]], ".-", color=chart.BLACK, label="all")
    looks = zip((chart.BLUE, chart.ORANGE, chart.VERMILION), ("--", "-.", ":"), strict=True)
    for layer, (colour, line) in enumerate(looks):
        lengths = [stop["length_by_layer"][layer] for stop in stops[1:]]
        axes.loglog(epochs, lengths, line, color=colour, label=f"layer {layer + 1}", linewidth=1.4)
    axes.axhline(stops[0]["length"], color=chart.GREY, linestyle=":")
    axes.set_title("Length of the gradient")
    _label_epochs(axes)
    axes.legend(ncols=2)


def _draw_held(axes: "Axes", ends: dict[str, tuple[Gradient, ...]]) -> None:
    for (when, gradients), colour, line in zip(
        ends.items(), (chart.VERMILION, chart.BLUE), ("--", "-"), strict=True
    ):
        held = _held(gradients)
        axes.semilogx(np.arange(1, len(held) + 1) / len(held), held, line, color=colour, label=when)
    axes.set_title("Few components make up most of the gradient")
    axes.set_xlabel("share of the weights and biases, the strongest first")
    axes.set_ylabel("share of the squared length")
    chart.percent(axes.yaxis)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.legend()


def _draw_maps(axes: "Axes", ends: dict[str, tuple[Gradient, ...]]) -> None:
    """Draw how much the first layer's weights matter, by the pixel that they come from."""
    pictures = [
        np.sqrt((gradients[0].weights ** 2).mean(axis=0)).reshape(28, 28) for gradients in ends.values()
    ]
    sheet = chart.grid(np.stack([picture / picture.max() for picture in pictures]), 2)
    chart.bare(axes, "First layer, by pixel: " + " and ".join(ends))
    axes.imshow(sheet, cmap="cividis", vmin=0, vmax=1)


def tell(numbers: Numbers) -> str:
    """Say how the slope changes on the way and where it is steep."""
    stops = numbers["stops"]
    start, end = stops[0], stops[-1]
    steepest = max(stops[1:], key=lambda stop: stop["length"])
    shares, n = numbers["shares"]["at the end"], numbers["parameters"]
    first, then = (weights[-1] / weights[0] for weights in numbers["typical"].values())
    whole_first, whole_then = (
        stop["length_by_layer"][-1] / stop["length_by_layer"][0] for stop in (start, end)
    )
    many, *_, few = numbers["parameters_by_layer"]
    told = {0, 0.02, 0.2, 1, 2, 5, 10, 20, end["epoch"]}
    rows = (
        (f"{s['epoch']:g}", f"{s['cost']:.4f}", f"{s['test_accuracy']:.1%}", f"{s['length']:.4f}")
        for s in stops
        if s["epoch"] in told
    )
    return f"""\
The videos' recipe, stopped now and then to measure cost and gradient, always on the same
{numbers["measured"]:,} training images.

{table(["epoch", "cost", "test accuracy", "length of the gradient"], rows)}

The cost falls from {start["cost"]:.2f} to {end["cost"]:.3f}, nearly all of it in the first epoch; what
follows looks like a straight line only because both axes are logarithmic. The gradient gets
{start["length"] / end["length"]:.0f} times shorter from start to end, though not steadily: after the
first steps it is longest at epoch {steepest["epoch"]:g}, where the cost has come down to
{steepest["cost"]:.2f}. The ground gets flat and never level, because each step follows a mini-batch of ten
images and the next ones pull another way.

The components are very unequal: at the end {shares["components_for_half"]:,} of {n:,} weights and biases
({shares["components_for_half"] / n:.1%}) hold half of the gradient's squared length, and the strongest
tenth holds {shares["of_top_10_percent"]:.0%} of it. A typical weight of the last layer moves the cost
{then:.0f} times as much as a typical weight of the first ({first:.0f} times at the start). That is so
because they are few: the gradient of the last layer's {few:,} weights and biases together is
{whole_then:.1f} times as long as that of the first layer's {many:,} ({whole_first:.1f} times at the start,
where the sigmoids of the first layer are flat and let little through). In the first layer the weights that
matter come from the middle of the image, and those of {numbers["silent_pixels"]} pixels matter for nothing:
none of the images measured has any ink there."""


EXPERIMENT = Experiment(
    "descent",
    "How do cost and gradient change on the way down, and which weights matter most?",
    conduct,
    Settings(),
    tell,
)
