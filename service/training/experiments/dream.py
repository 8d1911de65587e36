"""The network run backwards: what each output neuron would most like to see."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.artifacts import Artifact
from service.imaging import SIDE
from service.network import FloatArray
from service.network.dream import Ascent, dream
from service.training import chart
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome, sums
from service.training.experiments.markdown import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Settings"]

SHARP, SMOOTH = Ascent(), Ascent(smoothing=1.5)


@dataclass(frozen=True, slots=True)
class Settings:
    """Who dreams, and how.

    Attributes:
        models: the networks, those that there are.
        sharp: an ascent that may change each pixel by itself.
        smooth: one whose every step is smoothed.
    """

    models: tuple[str, ...] = ("video", "plain", "wide")
    sharp: Ascent = SHARP
    smooth: Ascent = SMOOTH


TINY = 1e-12  # instead of nothing, where a blank dream is divided by its ink
GAP = 7  # pixels between two pictures


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Let each output neuron of each network dream, from a blank page."""
    average = bench.mnist.training.mean_images()
    frame = bench.mnist.training.images.max(axis=0) == 0  # (784,), where no digit has any ink
    rows, numbers = {"average digit": average}, {}
    artifacts = bench.artifacts(settings.models)
    for artifact in artifacts:
        name = artifact.metadata.name
        for way, ascent in (("sharp", settings.sharp), ("smooth", settings.smooth)):
            dreams = _dreams(artifact, ascent)
            rows[f"{name}, {way}"] = dreams
            numbers[f"{name}, {way}"] = _measured(artifact, dreams, average, frame)
        bench.report(f"{name}: {numbers[f'{name}, sharp']['understood']} of ten dreams are read as meant")
    return Outcome(
        {
            "networks": numbers,
            "frame": int(frame.sum()),
            "smoothing": settings.smooth.smoothing,
            "sha256": sums(artifacts),
        },
        _draw(rows, numbers),
    )


def _dreams(artifact: Artifact, ascent: Ascent) -> FloatArray:
    """Return one dream for each output neuron, (10, 784)."""
    blank = np.zeros((SIDE, SIDE), np.float32)
    network = artifact.network
    return np.stack([dream(network, neuron, blank, ascent).ravel() for neuron in range(network.sizes[-1])])


def _measured(
    artifact: Artifact, dreams: FloatArray, average: FloatArray, frame: NDArray[np.bool_]
) -> Numbers:
    """Say how the network itself reads its dreams, and how much they look like digits."""
    n = len(dreams)
    activations = artifact.network.forward(dreams)
    alike = _standard(dreams) @ _standard(average).T  # correlations; row: dream, column: digit
    return {
        "activations": [float(activations[neuron, neuron]) for neuron in range(n)],
        "understood": int((activations.argmax(axis=1) == np.arange(n)).sum()),
        "like_their_digit": int((alike.argmax(axis=1) == np.arange(n)).sum()),
        "correlation": float(np.diag(alike).mean()),
        "ink_in_frame": float(dreams[:, frame].sum() / max(dreams.sum(), TINY)),
    }


def _standard(images: FloatArray) -> FloatArray:
    """Give each image the mean 0 and the length 1; an empty one stays empty."""
    centred = images - images.mean(axis=1, keepdims=True)
    standard: FloatArray = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), TINY)
    return standard


def _draw(rows: dict[str, FloatArray], numbers: Numbers) -> "Figure":
    drawn = chart.figure(8.8, 0.2 + 0.84 * len(rows))
    panels = drawn.subplots(len(rows), 1)
    for axes, (title, pictures) in zip(panels, rows.items(), strict=True):
        activations = numbers[title]["activations"] if title in numbers else None
        _draw_row(axes, title, pictures, activations)
    return drawn


def _draw_row(axes: "Axes", title: str, pictures: FloatArray, activations: list[float] | None) -> None:
    """Draw ten pictures, each as dark as it needs to be seen, and how excited their neurons are."""
    shown = pictures / np.maximum(pictures.max(axis=1, keepdims=True), TINY)
    sheet = chart.grid(shown.reshape(-1, SIDE, SIDE), len(shown), GAP)
    chart.bare(axes)
    axes.imshow(sheet, cmap=chart.INK, vmin=0, vmax=1)
    axes.text(-4, SIDE / 2, title.replace(", ", "\n"), ha="right", va="center", fontsize=8.5)
    for place in range(len(shown)):
        text = str(place) if activations is None else f"{activations[place]:.2f}"
        axes.text(place * (SIDE + GAP) + SIDE / 2, -1, text, ha="center", va="bottom", fontsize=7.5)


def tell(numbers: Numbers) -> str:
    """Say how sure the networks are of their dreams, and how little these look like digits."""
    rows = (
        (
            name,
            f"{min(n['activations']):.2f}",
            f"{n['understood']} of 10",
            f"{n['correlation']:.2f}",
            f"{n['like_their_digit']} of 10",
            f"{n['ink_in_frame']:.1%}",
        )
        for name, n in numbers["networks"].items()
    )
    header = (
        "network",
        "least sure of its dreams",
        "read as meant",
        "mean correlation with the average digit",
        "most like their own digit",
        "ink where no digit has any",
    )
    return f"""\
The weights stand still and the image moves: from a blank page, in small steps along the slope of one
output neuron's z. Above each dream stands the activation of its neuron. "Sharp" lets every pixel go its
own way, "smooth" blurs each step with a Gaussian of {numbers["smoothing"]} pixels; each picture is drawn
as dark as it needs to be seen.

{table(header, rows)}

Recognizing is not drawing. A network is as sure of most of these scribbles as of a clear digit: its
training never asked what a digit looks like, only on which side of a border an image lies, and far away
from all digits there is much room on the right side. Blurred steps bring out what many pixels agree on,
and then some of a digit's curves come through: the 0, the 3 and the 5 of `wide` can be read, but hardly
any dream of the networks with sixteen neurons in a column. The last column of the table counts ink in the
{numbers["frame"]} pixels where no training image has any: only a network that was taught trash has a reason
to leave them blank. (A network dreams what its
first layer reads, so one with deskewing dreams upright digits.)"""


EXPERIMENT = Experiment(
    "dream",
    "What does the network see when it runs backwards from an answer to the pixels?",
    conduct,
    Settings(),
    tell,
)
