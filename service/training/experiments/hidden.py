"""What the neurons of the first hidden column look for: their weights as grids of 28×28."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.network import FloatArray
from service.training import chart
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome, sums
from service.training.experiments.markdown import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Settings", "neighbourly"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Whose weights are shown.

    Attributes:
        models: the networks, those that there are.
        neurons: how many of the first column.
    """

    models: tuple[str, ...] = ("video", "plain")
    neurons: int = 16


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Draw the grids, and measure how far they are from noise."""
    inked = bench.mnist.training.images.max(axis=0) > 0  # (784,)
    grids, numbers = {}, {}
    artifacts = bench.artifacts(settings.models)
    for artifact in artifacts:
        name = artifact.metadata.name
        weights = artifact.network.layers[0].weights[: settings.neurons]
        grids[name] = weights.reshape(-1, 28, 28)
        numbers[name] = _measured(grids[name], inked)
        bench.report(f"{name}: neighbours agree to {numbers[name]['neighbours']:.2f}")
    found = {"models": numbers, "never_inked": int((~inked).sum()), "sha256": sums(artifacts)}
    return Outcome(found, _draw(grids))


def _measured(grids: FloatArray, inked: NDArray[np.bool_]) -> Numbers:
    """Compare the weights where digits have ink with those of the frame, where they never do."""
    flat = grids.reshape(len(grids), -1)
    return {
        "neighbours": neighbourly(grids),
        "typical": float(np.sqrt((flat**2).mean())),
        "typical_of_inked": float(np.sqrt((flat[:, inked] ** 2).mean())),
        "typical_of_never_inked": float(np.sqrt((flat[:, ~inked] ** 2).mean())),
    }


def neighbourly(grids: FloatArray) -> float:
    """Return how well each weight agrees with its neighbours to the right and below, −1..1.

    The mean correlation over grids, (n, rows, columns): 0 for noise, near 1 for smooth shapes.
    """
    pairs = ((grids[:, :, :-1], grids[:, :, 1:]), (grids[:, :-1], grids[:, 1:]))
    return float(
        np.mean(
            [
                np.corrcoef(here.ravel(), there.ravel())[0, 1]
                for one, other in pairs
                for here, there in zip(one, other, strict=True)
            ]
        )
    )


def _draw(grids: dict[str, FloatArray]) -> "Figure":
    """Draw a row for each network and a column for each palette."""
    drawn = chart.figure(8.8, 4.3 * len(grids))
    panels = drawn.subplots(len(grids), len(chart.PALETTES), squeeze=False)
    for row, (name, network) in zip(panels, grids.items(), strict=True):
        for axes, palette in zip(row, chart.PALETTES, strict=True):
            _draw_grids(axes, network, palette)
            chart.bare(axes, f"{name}, {palette}")
    return drawn


def _draw_grids(axes: "Axes", grids: FloatArray, palette: str) -> None:
    """Draw each grid to its own scale; its strongest 2 % look alike, so that the others are seen."""
    largest = np.quantile(np.abs(grids), 0.98, axis=(1, 2), keepdims=True)
    axes.imshow(chart.grid(grids / largest, 4), cmap=chart.colours(palette), vmin=-1, vmax=1)


def tell(numbers: Numbers) -> str:
    """Say how much of the grids is noise."""
    rows = (
        (
            name,
            f"{model['neighbours']:.2f}",
            f"{model['typical_of_inked']:.2f}",
            f"{model['typical_of_never_inked']:.2f}",
        )
        for name, model in numbers["models"].items()
    )
    header = (
        "network",
        "neighbouring weights agree (0 noise, 1 smooth)",
        "typical weight where digits have ink",
        "where they never have",
    )
    return f"""\
Each grid is one neuron of the first hidden column: where it wants ink (positive: blue, or green) and where it
wants none (negative: vermilion, or red), each to its own scale; once in colours that everyone can tell
apart, once in those of the videos.

{table(header, rows)}

The hoped-for edges and loops are hard to find. In the network of the videos' recipe a few grids hold a
short bar, most hold patches without a shape, and around them lies noise. That noise is the start itself:
in {numbers["never_inked"]} of 784 pixels no training image has any ink, a weight times zero moves
nothing, and so these weights are to this day what chance made them, of size 1. Smaller random weights at
the start and images that are shifted and bent leave smoother grids (the network `plain`), and the trash
that it is taught has ink everywhere: there the weights of the frame do move, and several neurons do
little but watch for ink where a digit has none."""


EXPERIMENT = Experiment(
    "hidden",
    "What do the sixteen neurons behind the pixels look for?",
    conduct,
    Settings(),
    tell,
)
