"""The four-pixel networks drawn: neurons as the images they like best, weights as lines, answers below."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from service.network import FloatArray, Layer, Network
from service.training import chart
from service.training.experiments.camera import IMAGES, KINDS, favourites
from service.training.extras import needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

ICON = 0.62  # side of a neuron's image, where neurons of the longest column are one apart
FAR = 2.3  # from column to column
SEVERAL = 4  # images that are drawn beside each other; of more there is nothing to see


def draw(by_hand: Network, learned: Network, answers: Mapping[str, FloatArray]) -> "Figure":
    """Draw two networks beside each other, and the answers of several to all sixteen images, (16, 4) each."""
    drawn = chart.figure(8.8, 6.9)
    panels = drawn.subplot_mosaic([["by hand", "learned"], ["answers", "answers"]], height_ratios=(1, 1.3))
    _draw_network(panels["by hand"], by_hand, "Built by hand")
    _draw_network(panels["learned"], learned, "Learned from random weights")
    _draw_answers(panels["answers"], answers)
    return drawn


def _draw_network(axes: "Axes", network: Network, title: str) -> None:
    chart.bare(axes)
    axes.text(-0.4, 0.35, title, fontsize=9.5)
    likes = [[_likes_pixel(pixel) for pixel in range(4)], *favourites(network)]
    places = [_places(depth, len(column)) for depth, column in enumerate(likes)]
    for depth, layer in enumerate(network.layers):
        _draw_weights(axes, layer, places[depth], places[depth + 1])
    for column, spots in zip(likes, places, strict=True):
        for images, (x, y) in zip(column, spots, strict=True):
            _draw_neuron(axes, images, x, y)
    for kind, (x, y) in zip(KINDS, places[-1], strict=True):
        axes.text(x + 1.15, y, kind, va="center", fontsize=8.5)
    axes.set_xlim(-0.6, 4 * FAR + 2.9)
    axes.set_ylim(-8, 0.9)
    axes.set_aspect("equal")


def _places(depth: int, count: int) -> list[tuple[float, float]]:
    """Spread a column's neurons over a height of eight."""
    return [(depth * FAR, -(neuron + 0.5) * 8 / count) for neuron in range(count)]


def _likes_pixel(pixel: int) -> FloatArray:
    liked: FloatArray = IMAGES[IMAGES[:, pixel] == 1]
    return liked


def _draw_weights(
    axes: "Axes", layer: Layer, before: list[tuple[float, float]], after: list[tuple[float, float]]
) -> None:
    largest = np.abs(layer.weights).max()
    for neuron, (x, y) in enumerate(after):
        for weight, (x_before, y_before) in zip(layer.weights[neuron], before, strict=True):
            axes.plot(
                (x_before, x),
                (y_before, y),
                color=chart.BLUE if weight > 0 else chart.VERMILION,
                linewidth=2.4 * abs(weight) / largest,
                alpha=0.75,
                zorder=1,
                solid_capstyle="butt",
            )


def _draw_neuron(axes: "Axes", images: FloatArray, x: float, y: float) -> None:
    """Draw a receptive field: one image if the pixels that differ do so in every way, else several."""
    care = (images == images[0]).all(axis=0)
    if len(images) == 2 ** int((~care).sum()):
        _draw_icon(axes, np.where(care, images[0], np.nan), (x, y), (ICON, ICON))
    else:
        for place, image in enumerate(images[:SEVERAL]):
            _draw_icon(axes, image, (x + place * (ICON + 0.08), y), (ICON, ICON))


def _draw_icon(
    axes: "Axes", image: FloatArray, place: tuple[float, float], size: tuple[float, float]
) -> None:
    """Draw four pixels about a place; one that does not matter is hatched."""
    rectangle = needs("matplotlib.patches").Rectangle
    (x, y), (width, height) = place, size
    for pixel, value in enumerate(image):
        corner = (x - width / 2 * (1 - pixel % 2), y - height / 2 * (pixel // 2))
        kind = {"facecolor": "#DADAD4", "hatch": "xxxxxx", "edgecolor": "#A9A9A2", "linewidth": 0}
        if not np.isnan(value):
            kind = {"facecolor": "white" if value > 0 else "black", "linewidth": 0}
        axes.add_patch(rectangle(corner, width / 2, height / 2, zorder=2, **kind))
    axes.add_patch(
        rectangle(
            (x - width / 2, y - height / 2),
            width,
            height,
            fill=False,
            edgecolor=chart.GREY,
            linewidth=0.9,
            zorder=3,
        )
    )


def _draw_answers(axes: "Axes", answers: Mapping[str, FloatArray]) -> None:
    """Draw a block of four rows for each network, a column for each image."""
    chart.bare(axes)
    axes.text(-3.2, 0.9, "Outputs for all sixteen images", fontsize=9.5)
    for column, image in enumerate(IMAGES):
        _draw_icon(axes, image, (_across(column), 0), (0.46, 0.9))
    for block, (title, outputs) in enumerate(answers.items()):
        top = 1.75 + block * 5.2
        axes.text(-0.6, -top + 0.15, title, fontsize=8.5, weight="bold")
        for row, kind in enumerate(KINDS):
            axes.text(-0.75, -top - row - 0.5, kind, ha="right", va="center", fontsize=8)
            for column, value in enumerate(outputs[:, row]):
                _draw_value(axes, float(value), _across(column), -top - row - 0.5)
    axes.set_xlim(-3.2, 16.2)
    axes.set_ylim(-1.75 - 5.2 * len(answers) + 1.1, 1.6)


def _across(column: int) -> float:
    """Leave a gap between the images of a kind and the others."""
    return column + 0.4 * (column >= 2 * len(KINDS))


def _draw_value(axes: "Axes", value: float, x: float, y: float) -> None:
    shade = needs("matplotlib.colors").to_rgba(chart.BLUE, min(abs(value), 1))
    rectangle = needs("matplotlib.patches").Rectangle
    axes.add_patch(rectangle((x - 0.48, y - 0.48), 0.96, 0.96, facecolor=shade, linewidth=0))
    text = f"{value:.2f}"
    axes.text(
        x,
        y,
        "0" if text == "0.00" else text,
        ha="center",
        va="center",
        fontsize=7,
        color=chart.on_shade(min(abs(value), 1), chart.BLUE),
    )
