"""A measurement in pictures, each a PNG that answers one question."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.errors import BadInputError
from service.network import FloatArray
from service.training import chart
from service.training.ask import N_PASSED
from service.training.evaluate import calibration_bins, coverage, surest
from service.training.measure import Measurement
from service.verdict import accepted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "draw"]

Picture: TypeAlias = "Callable[[Measurement], Figure]"

MISTAKES = 40  # shown at most, ten a line
A_LINE = 10
HIGH, BROAD = 36, 32  # pixels from one mistake to the next
APART = 44  # pixels from one image of trash to the next, with room for a digit
NAMES = 190  # pixels to the left of them, for the names of kinds
THRESHOLDS = 400  # of a curve
COLOURS = (chart.BLUE, chart.VERMILION, chart.GREEN, chart.ORANGE, chart.BLACK)  # of the worst kinds of trash
PALE = "#C4C4BE"  # of the others
STRICTEST = 0.9  # share of digits accepted at which the curves end


def draw(measured: Measurement, out: Path) -> list[Path]:
    """Draw every picture into a folder, made where it is missing; return their paths, out/<name>.png.

    Raises:
        BadInputError: the folder cannot be written to.
        ServiceError: the `train` extra is not installed.
    """
    paths = []
    with chart.style():
        for name, picture in PICTURES.items():
            paths.append(out / f"{name}.png")
            figure = picture(measured)
            try:
                out.mkdir(parents=True, exist_ok=True)
                chart.write(figure, paths[-1])
            except OSError as error:
                raise BadInputError(
                    f"{paths[-1]}: cannot be written ({error.strerror}); name another folder"
                ) from error
    return paths


def _of(measured: Measurement) -> str:
    return measured.artifact.metadata.full_name


def _confusion(measured: Measurement) -> "Figure":
    """Draw a row for each digit: what is right in blue, what is not in vermilion, both by its share."""
    counts = np.array(measured.evaluation.confusion)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, shares)
    figure = chart.figure(6.2, 5.9)
    axes = figure.subplots()
    axes.imshow(
        np.where(wrong > 0, wrong, np.nan), cmap=chart.shades(chart.VERMILION), vmin=0, vmax=wrong.max()
    )
    for row, column in zip(*np.nonzero(counts), strict=True):
        right = row == column
        dark = 0 if right else wrong[row, column] / wrong.max()
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=8,
            fontweight="bold" if right else "normal",
            color=chart.BLUE if right else chart.on_shade(dark, chart.VERMILION),
        )
    axes.set_xticks(range(len(counts)))
    axes.set_yticks(range(len(counts)))
    axes.grid(visible=False)
    axes.set_xlabel("answer")
    axes.set_ylabel("digit")
    axes.set_title(f"{_of(measured)}: what it takes each digit for, in images of {measured.evaluation.data}")
    return figure


def _mistakes(measured: Measurement) -> "Figure":
    """Draw the digits that are answered wrongly with the largest activations; grey is what it rejects."""
    labels, answers = measured.digits.labels, measured.activations.argmax(axis=1)
    largest, taken = measured.activations.max(axis=1), accepted(measured.activations, measured.threshold)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(-largest[wrong], kind="stable")][:MISTAKES]
    lines = max(1, -(-len(worst) // A_LINE))
    figure = chart.figure(8.8, 0.35 + 1.04 * lines)
    axes = figure.subplots()
    for place, image in enumerate(worst):
        top, left = place // A_LINE * HIGH, place % A_LINE * BROAD
        picture = measured.digits.images[image].reshape(28, 28)
        axes.imshow(picture, cmap=chart.INK, vmin=0, vmax=1, extent=(left, left + 28, top + 28, top))
        text = f"{labels[image]} → {answers[image]}  {largest[image]:.2f}"
        colour = chart.BLACK if taken[image] else chart.GREY
        axes.text(left + 14, top + 31.5, text, ha="center", va="center", fontsize=8, color=colour)
    axes.set_xlim(0, A_LINE * BROAD - BROAD + 28)
    axes.set_ylim(lines * HIGH, 0)
    chart.bare(
        axes, f"{_of(measured)}: {len(wrong):,} of {len(answers):,} answers are wrong; the surest of them"
    )
    return figure


def _passed(measured: Measurement) -> "Figure":
    """Draw a line of each kind of trash that passes: the images that it is surest are a digit, and which."""
    shares = measured.evaluation.false_acceptance
    kinds = sorted((kind for kind in measured.trash if shares[kind]), key=lambda kind: -shares[kind])
    lines = max(len(kinds), 1)
    figure = chart.figure(8.8, 0.35 + 0.36 * lines)
    axes = figure.subplots()
    for line, kind in enumerate(kinds):
        answers = measured.trash[kind]
        top = line * BROAD
        text = f"{kind}  {shares[kind]:.2%}"
        axes.text(-4, top + 14, text, ha="right", va="center", fontsize=8, color=chart.BLACK)
        for place, (image, said) in enumerate(zip(answers.passed, answers.said, strict=True)):
            left, picture = place * APART, image.reshape(28, 28)
            axes.imshow(picture, cmap=chart.INK, vmin=0, vmax=1, extent=(left, left + 28, top + 28, top))
            axes.text(
                left + 31, top + 14, said.argmax(), ha="left", va="center", fontsize=8, color=chart.VERMILION
            )
    axes.set_xlim(-NAMES, N_PASSED * APART)
    axes.set_ylim(lines * BROAD, 0)
    chart.bare(
        axes,
        f"{_of(measured)}: trash that passes at {measured.threshold:g}, what share of it does, and what the "
        f"surest is taken for; of {len(measured.trash) - len(kinds)} kinds none does",
    )
    return figure


def _thresholds(measured: Measurement) -> tuple[FloatArray, NDArray[np.float64]]:
    """Return thresholds from the one that accepts most digits on, and what share each accepts."""
    candidates = np.unique(measured.activations.max(axis=1))
    shares = coverage(measured.activations, candidates)
    useful = np.arange(shares.argmax(), len(candidates))
    useful = useful[shares[useful] >= _strictest(shares)]
    chosen = useful[np.unique(np.linspace(0, len(useful) - 1, THRESHOLDS, dtype=int))]
    return candidates[chosen], shares[chosen]


def _strictest(shares: NDArray[np.float64]) -> float:
    """Return the share of digits accepted at which curves end, so that they take half of the axis at least.

    They begin at the largest of these shares, which is small where a network is weak.
    """
    return max(0.0, min(STRICTEST, 2 * float(shares.max()) - 1))


def _coverage(measured: Measurement) -> "Figure":
    """Draw what share of accepted digits is wrong against what share is accepted."""
    thresholds, shares = _thresholds(measured)
    figure = chart.figure(6.6, 4.0)
    axes = figure.subplots()
    axes.plot(
        shares,
        [_wrong(measured, float(threshold)) for threshold in thresholds],
        color=chart.BLUE,
        label="by the largest activation",
    )
    by_margin = [1 - surest(measured.activations, measured.digits.labels, share)[1] for share in shares]
    axes.plot(shares, by_margin, color=chart.GREEN, label="by the margin to the second")
    axes.legend(frameon=False, loc="upper left")
    _dot(axes, (1, _wrong(measured, 0)), chart.GREY, "no rejection", 0)
    here = (
        float(accepted(measured.activations, measured.threshold).mean()),
        _wrong(measured, measured.threshold),
    )
    _dot(axes, here, chart.VERMILION, f"its threshold, {measured.threshold:g}", 8)
    axes.set_xlabel("digits accepted")
    axes.set_ylabel("accepted digits that are wrong")
    axes.set_xlim(_strictest(shares), 1.002)
    axes.set_ylim(bottom=0)
    chart.percent(axes.xaxis, 0)
    chart.percent(axes.yaxis, 2)
    axes.set_title(f"{_of(measured)}: fewer answers, fewer wrong ones")
    return figure


def _wrong(measured: Measurement, threshold: float) -> float:
    """Return the share of accepted digits that is wrong; of none, none is."""
    taken = accepted(measured.activations, threshold)
    wrong = measured.activations.argmax(axis=1) != measured.digits.labels
    return float(wrong[taken].mean()) if taken.any() else 0.0


def _rejection(measured: Measurement) -> "Figure":
    """Draw what share of each kind of trash is accepted against what share of digits is rejected."""
    thresholds, shares = _thresholds(measured)
    passing = {kind: coverage(answers.activations, thresholds) for kind, answers in measured.trash.items()}
    worst = sorted(passing, key=lambda kind: -measured.evaluation.false_acceptance[kind])
    n_trash = max(len(answers.activations) for answers in measured.trash.values())
    floor = 0.5 / n_trash  # a logarithm has no zero
    figure = chart.figure(8.0, 4.8)
    axes = figure.subplots()
    for place, kind in enumerate(worst):
        shown = np.maximum(passing[kind], floor)
        if place < len(COLOURS):
            axes.plot(1 - shares, shown, color=COLOURS[place], zorder=3, label=kind)
        else:
            axes.plot(1 - shares, shown, color=PALE, linewidth=1)
    axes.plot([], [], color=PALE, linewidth=1, label=f"{len(worst[len(COLOURS) :])} other kinds")
    axes.axvline(
        1 - accepted(measured.activations, measured.threshold).mean(),
        color=chart.BLACK,
        linewidth=0.9,
        linestyle=":",
        label=f"its threshold, {measured.threshold:g}",
    )
    axes.set_yscale("log")
    axes.set_ylim(floor, 1)
    axes.set_yticks([0.0001, 0.001, 0.01, 0.1, 1], ["0.01%", "0.1%", "1%", "10%", "100%"])
    axes.set_xlim(0, 1 - _strictest(shares))
    chart.percent(axes.xaxis, 0)
    axes.set_xlabel("digits rejected")
    axes.set_ylabel(f"trash accepted (at the bottom: none of {n_trash:,})")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_title(f"{_of(measured)}: what it takes to keep trash out")
    return figure


def _calibration(measured: Measurement) -> "Figure":
    """Draw the share that is right against the largest activation, in bins of equal count."""
    bins = list(calibration_bins(measured.activations, measured.digits.labels))
    largest = np.array([activations.mean(dtype=np.float64) for _, activations in bins])
    right = np.array([correct.mean() for correct, _ in bins])
    figure = chart.figure(8.0, 4.1)
    lowest = min(0.995, float(np.sort(np.concatenate([largest, right]))[2]))  # two outliers stay outside
    for axes, start in zip(figure.subplots(1, 2), (0.0, lowest - 0.15 * (1 - lowest)), strict=True):
        axes.plot([0, 1], [0, 1], color=chart.GREY, linewidth=0.9, linestyle="--")
        axes.plot(largest, right, "o-", color=chart.BLUE, markersize=5)
        axes.set_xlim(start, 1 + 0.02 * (1 - start))
        axes.set_ylim(start, 1 + 0.02 * (1 - start))
        axes.locator_params(nbins=5, steps=[1, 2, 5, 10])
        axes.set_xlabel("largest activation, mean of a bin")
        axes.set_ylabel("right answers in it")
        chart.percent(axes.yaxis, 0 if start == 0 else 1)
        axes.set_title("all bins" if start == 0 else "the upper corner")
    figure.suptitle(
        f"{_of(measured)}: how often it is right when it is so sure; {len(bins)} bins of equal count, off by "
        f"{measured.evaluation.calibration_error:.2%} on average",
        x=0.01,
        ha="left",
        fontsize=9.5,
    )
    return figure


def _dot(axes: "Axes", place: tuple[float, float], colour: str, text: str, up: float) -> None:
    """Mark a point, with words to its left, so many points higher."""
    axes.plot(*place, "o", color=colour)
    axes.annotate(
        text, place, (-7, up), textcoords="offset points", ha="right", va="center", fontsize=8.5, color=colour
    )


PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        "confusion": _confusion,
        "mistakes": _mistakes,
        "passed": _passed,
        "coverage": _coverage,
        "rejection": _rejection,
        "calibration": _calibration,
    }
)
