"""The gradient by nudging every weight, against backpropagation: the same numbers, at another price."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from service.network import QUADRATIC, Cost, FloatArray, Gradient, Layer, Network, backpropagate
from service.training import chart
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome
from service.training.experiments.markdown import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Settings", "nudged"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How far it goes.

    Attributes:
        widths: neurons in each of the two hidden columns; the videos' 16 must be among them.
        far: a width at which nudging is only reckoned.
        mini_batch: images that the cost is averaged over.
        nudge: how far a weight is moved, up and down.
        repeats: timings of what is quick, of which the median counts.
    """

    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    far: int = 800
    mini_batch: int = 10
    nudge: float = 1e-5
    repeats: int = 100


VIDEO_WIDTH = 16


def nudged(
    network: Network, images: FloatArray, targets: FloatArray, cost: Cost, nudge: float
) -> tuple[Gradient, ...]:
    """Measure the gradient: move each weight and bias up and down, and see what that does to the cost.

    Two forward passes for each number. The layers should be float64: float32 rounds small nudges away.
    """

    def of_layer(depth: int) -> Gradient:
        layer = network.layers[depth]

        def cost_with(moved: Layer) -> float:
            layers = (*network.layers[:depth], moved, *network.layers[depth + 1 :])
            return cost(Network(layers).forward(images), targets)

        return Gradient(
            _slopes(lambda weights: cost_with(replace(layer, weights=weights)), layer.weights, nudge),
            _slopes(lambda biases: cost_with(replace(layer, biases=biases)), layer.biases, nudge),
        )

    return tuple(of_layer(depth) for depth in range(len(network.layers)))


def _slopes(cost_at: Callable[[FloatArray], float], array: FloatArray, nudge: float) -> FloatArray:
    moved, slopes = array.copy(), np.empty_like(array)
    for place in np.ndindex(array.shape):
        moved[place] = array[place] + nudge
        above = cost_at(moved)
        moved[place] = array[place] - nudge
        slopes[place] = (above - cost_at(moved)) / (2 * nudge)
        moved[place] = array[place]
    return slopes


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Measure networks of growing width both ways."""
    digits = bench.mnist.training[: settings.mini_batch]
    images, targets = digits.images.astype(np.float64), np.eye(10)[digits.labels]
    rows, pairs = [], {}
    for width in settings.widths:
        row, pairs[width] = _both(_network(width, bench), images, targets, settings)
        bench.report(
            f"{row['parameters']:,} weights and biases: {row['seconds_nudging']:.2f} s by nudging, "
            f"{row['seconds_backpropagation'] * 1e3:.2f} ms by backpropagation"
        )
        rows.append(row)
    numbers = {"networks": rows, "far": _reckoned(_network(settings.far, bench), images, targets, settings)}
    return Outcome(numbers, _draw(numbers, *pairs[VIDEO_WIDTH]))


def _network(width: int, bench: Bench) -> Network:
    """Return a random network of two hidden columns, in float64."""
    random = Network.random((784, width, width, 10), bench.rng(width))
    return random.with_arrays(lambda array: array.astype(np.float64))


def _both(
    network: Network, images: FloatArray, targets: FloatArray, settings: Settings
) -> tuple[Numbers, tuple[FloatArray, FloatArray]]:
    """Return what both ways cost and how far apart they end, and both gradients as rows of numbers."""
    started = process_time()
    slow = _flat(nudged(network, images, targets, QUADRATIC, settings.nudge))
    seconds = process_time() - started
    fast = _flat(backpropagate(network, images, targets, QUADRATIC).gradients)
    row = _quick(network, images, targets, settings) | {
        "seconds_nudging": seconds,
        "largest_difference": float(np.abs(slow - fast).max()),
        "largest_component": float(np.abs(fast).max()),
    }
    return row | {"times_slower": seconds / row["seconds_backpropagation"]}, (slow, fast)


def _quick(network: Network, images: FloatArray, targets: FloatArray, settings: Settings) -> Numbers:
    """Time one forward pass and one backpropagation."""
    return {
        "sizes": list(network.sizes),
        "parameters": network.n_parameters,
        "forward_passes": 2 * network.n_parameters,
        "seconds_forward": _seconds(lambda: network.forward(images), settings.repeats),
        "seconds_backpropagation": _seconds(
            lambda: backpropagate(network, images, targets, QUADRATIC), settings.repeats
        ),
    }


def _reckoned(network: Network, images: FloatArray, targets: FloatArray, settings: Settings) -> Numbers:
    """Say what nudging a large network would take, by the time of one of its forward passes."""
    row = _quick(network, images, targets, settings)
    return row | {"seconds_nudging": row["forward_passes"] * row["seconds_forward"]}


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median processor time of one call."""
    times = []
    for _ in range(repeats):
        started = process_time()
        work()
        times.append(process_time() - started)
    return median(times)


def _flat(gradients: tuple[Gradient, ...]) -> FloatArray:
    return np.concatenate([part.ravel() for gradient in gradients for part in gradient])


def _draw(numbers: Numbers, slow: FloatArray, fast: FloatArray) -> "Figure":
    drawn = chart.figure(8.6, 3.7)
    price, agreement = drawn.subplots(1, 2, width_ratios=(1.25, 1))
    _draw_price(price, numbers)
    agreement.plot(fast, slow, ".", color=chart.BLUE, markersize=3, alpha=0.4)
    agreement.set_title(f"784-16-16-10: all {len(fast):,} components")
    agreement.locator_params(nbins=5)
    agreement.set_xlabel("by backpropagation")
    agreement.set_ylabel("by nudging")
    agreement.text(
        0.04,
        0.96,
        f"largest difference {np.abs(slow - fast).max():.0e}",
        transform=agreement.transAxes,
        va="top",
    )
    return drawn


def _draw_price(axes: "Axes", numbers: Numbers) -> None:
    rows, far = numbers["networks"], numbers["far"]
    sizes = [row["parameters"] for row in rows]
    axes.loglog(
        sizes, [row["seconds_nudging"] for row in rows], "o-", color=chart.VERMILION, label="nudging each"
    )
    axes.loglog(
        [sizes[-1], far["parameters"]],
        [rows[-1]["seconds_nudging"], far["seconds_nudging"]],
        "o:",
        color=chart.VERMILION,
        mfc="none",
        label="reckoned from one forward pass",
    )
    axes.loglog(
        [*sizes, far["parameters"]],
        [row["seconds_backpropagation"] for row in (*rows, far)],
        "s-",
        color=chart.BLUE,
        label="backpropagation",
    )
    axes.set_title("One gradient of a mini-batch")
    axes.set_xlabel("weights and biases")
    axes.set_ylabel("processor seconds")
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.42))


def tell(numbers: Numbers) -> str:
    """Say what both ways give and cost."""
    far = numbers["far"]
    video = next(row for row in numbers["networks"] if row["sizes"][1] == VIDEO_WIDTH)
    rows = (
        (
            _named(row),
            f"{row['parameters']:,}",
            f"{row['forward_passes']:,}",
            f"{row['seconds_nudging']:.2f} s",
            f"{row['seconds_backpropagation'] * 1e3:.2f} ms",
            f"{row['times_slower']:,.0f}",
            f"{row['largest_difference']:.0e}",
        )
        for row in numbers["networks"]
    )
    header = (
        "network",
        "weights and biases",
        "forward passes to nudge",
        "nudging",
        "backpropagation",
        "times slower",
        "largest difference",
    )
    return f"""\
Both ways ask the same question of each weight: how much does the cost move when you do? Nudging asks it
literally, with two forward passes for every number; backpropagation gets all answers from one pass
forward and one back. For the network of the videos they agree to {video["largest_difference"]:.0e} (the
largest component is {video["largest_component"]:.2g}), and nudging takes {video["times_slower"]:,.0f}
times as long.

{table(header, rows)}

The gap grows with the network: every weight that is added is one more number to nudge, and one more
product in each of the passes. At {far["parameters"]:,} weights and biases ({_named(far)}) a single step
by nudging would take {far["seconds_nudging"] / 60:,.0f} minutes of this processor, against
{far["seconds_backpropagation"] * 1e3:.1f} ms. (Times change from machine to machine and run to run; the
differences do not.)"""


def _named(row: Numbers) -> str:
    return "-".join(map(str, row["sizes"]))


EXPERIMENT = Experiment(
    "nudge",
    "Does nudging every weight give the gradient that backpropagation gives, and at what price?",
    conduct,
    Settings(),
    tell,
)
