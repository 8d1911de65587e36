"""Images that are no digit: how sure the networks are of them, and what cures it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from service.artifacts import Artifact
from service.imaging import PREPROCESSINGS
from service.network import FloatArray, Network
from service.training import chart, trash
from service.training.descent import descend
from service.training.evaluate import accuracy
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome, sums
from service.training.experiments.markdown import table
from service.training.material import supply
from service.training.recipes import RECIPES, Recipe
from service.verdict import accepted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["EXPERIMENT", "Settings"]

ALONE, TAUGHT = "digits alone", "digits and trash"  # what the two networks that are trained here see
SURE = 0.5  # an activation from which a neuron says yes, the same for every network here


@dataclass(frozen=True, slots=True)
class Settings:
    """Who is asked about what.

    Attributes:
        models: shipped networks, those that there are.
        recipe: of two more that are trained here, one without its trash and one with it.
        epochs: of those two.
        kinds: of trash, from service.training.trash.
        images: of each kind.
    """

    models: tuple[str, ...] = ("video", "plain", "wide")
    recipe: Recipe = RECIPES["plain"]
    epochs: int = 10
    kinds: tuple[str, ...] = (
        "uniform",
        "salt-and-pepper",
        "gaussian",
        "shuffled",
        "gratings",
        "random-phase",
    )
    images: int = 10_000


class Asked(NamedTuple):
    """A network, and what it answered: the largest activation of each image is what counts here.

    Attributes:
        trash: activations by kind, each (n, 10).
        digits: activations of the test digits, (n, 10).
        accuracy: share of the test digits that are right.
    """

    trash: dict[str, FloatArray]
    digits: FloatArray
    accuracy: float


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Show noise to shipped networks, and to two that differ in nothing but the trash they were taught."""
    rng, test = bench.rng(), bench.mnist.test
    images = {kind: trash.draw(kind, rng, test, settings.images) for kind in settings.kinds}
    artifacts = _reading_digits(bench.artifacts(settings.models))
    networks = _networks(artifacts, bench, settings)
    asked = {name: _ask(network, how, images, bench) for name, (network, how) in networks.items()}
    numbers: Numbers = {
        "sure": SURE,
        "images": settings.images,
        "epochs": settings.epochs,
        "networks": {name: _measured(answers) for name, answers in asked.items()},
        "sha256": sums(artifacts),
        "seen_in_training": sorted(set(settings.recipe.trash) & set(settings.kinds)),
    }
    for name, measured in numbers["networks"].items():
        bench.report(f"{name}: sure of {np.mean(list(measured['sure_of'].values())):.1%} of the noise")
    return Outcome(numbers, _draw({kind: noise[0] for kind, noise in images.items()}, asked, numbers))


def _networks(
    artifacts: Iterable[Artifact], bench: Bench, settings: Settings
) -> dict[str, tuple[Network, str]]:
    """Gather the networks, each with the name of its preprocessing."""
    shipped = {
        artifact.metadata.name: (artifact.network, artifact.metadata.preprocessing.name)
        for artifact in artifacts
    }
    few = {"epochs": settings.epochs, "variations": min(settings.epochs, settings.recipe.variations)}
    short = settings.recipe.model_copy(update={"candidates": 1} | few)
    without = short.model_copy(update={"trash": {}, "trash_share": 0})
    digits = bench.mnist.training
    learned, chosen_on = digits[: -short.validation], digits[-short.validation :]
    for name, recipe in ((ALONE, without), (TAUGHT, short)):
        bench.report(f"{name}: {recipe.epochs} epochs of the recipe {recipe.name}")
        trained = descend(recipe, supply(recipe, learned, bench.seed), chosen_on, bench.seed, bench.report)
        shipped[name] = (trained.network, recipe.preprocessing)
    return shipped


def _reading_digits(artifacts: Iterable[Artifact]) -> list[Artifact]:
    return [artifact for artifact in artifacts if artifact.network.sizes[0] == PREPROCESSINGS["mnist"].n_in]


def _ask(network: Network, preprocessing: str, images: dict[str, FloatArray], bench: Bench) -> Asked:
    prepare = PREPROCESSINGS[preprocessing].prepare
    test = bench.mnist.test
    digits = network.forward(prepare(test.images))
    return Asked(
        {kind: network.forward(prepare(noise)) for kind, noise in images.items()},
        digits,
        accuracy(digits, test.labels),
    )


def _measured(asked: Asked) -> Numbers:
    """Count what a network is sure of; sure is when exactly one neuron says yes."""
    everything = np.concatenate(list(asked.trash.values()))
    answers = np.bincount(everything.argmax(axis=1), minlength=10)
    return {
        "sure_of": {kind: float(accepted(a, SURE).mean()) for kind, a in asked.trash.items()},
        "sure_of_digits": float(accepted(asked.digits, SURE).mean()),
        "accuracy": asked.accuracy,
        "median_largest_activation": float(np.median(everything.max(axis=1))),
        "commonest_answer": int(answers.argmax()),
        "share_of_commonest": float(answers.max() / answers.sum()),
    }


def _draw(shown: dict[str, FloatArray], asked: dict[str, Asked], numbers: Numbers) -> "Figure":
    drawn = chart.figure(8.8, 7.4)
    parts = drawn.subfigures(3, 1, squeeze=False, height_ratios=(0.95, 0.85, 1))[:, 0]
    _draw_pictures(parts[0], shown, asked)
    _draw_histograms(parts[1], asked)
    _draw_shares(parts[2].subplots(), numbers)
    return drawn


def _draw_pictures(figure: "SubFigure", shown: dict[str, FloatArray], asked: dict[str, Asked]) -> None:
    """Draw an image of each kind, and below it the ten activations of the first network."""
    name, answers = next(iter(asked.items()))
    figure.suptitle(f"Noise, and what {name} says to it", x=0.01, ha="left", fontsize=9.5)
    panels = figure.subplots(2, len(shown), height_ratios=(1.25, 1))
    for (kind, picture), above, below in zip(shown.items(), *panels, strict=True):
        chart.bare(above)
        above.imshow(picture.reshape(28, 28), cmap=chart.INK, vmin=0, vmax=1)
        above.set_title(kind, fontsize=8.5, loc="center")
        _draw_answer(below, answers.trash[kind][0])


def _draw_answer(axes: "Axes", activations: FloatArray) -> None:
    strongest = int(activations.argmax())
    bars = [chart.VERMILION if digit == strongest else chart.GREY for digit in range(len(activations))]
    axes.bar(range(len(activations)), activations, color=bars)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([])
    axes.set_xticks(range(len(activations)))
    axes.tick_params(length=0, labelsize=6.5)
    axes.grid(visible=False)
    axes.set_xlabel(f"{strongest}: {activations[strongest]:.2f}", fontsize=8)


def _draw_histograms(figure: "SubFigure", asked: dict[str, Asked]) -> None:
    """Draw for each network how large the largest activation is, of digits upwards and of noise downwards."""
    figure.suptitle(
        "Largest activation: test digits (blue, up) and all of the noise (vermilion, down)",
        x=0.01,
        ha="left",
        fontsize=9.5,
    )
    edges = np.linspace(0, 1, 26)
    for axes, (name, answers) in zip(figure.subplots(1, len(asked), sharey=True), asked.items(), strict=True):
        for activations, colour, sign in (
            (answers.digits, chart.BLUE, 1),
            (np.concatenate(list(answers.trash.values())), chart.VERMILION, -1),
        ):
            counts, _ = np.histogram(np.clip(activations.max(axis=1), 0, 1), edges)
            axes.bar(edges[:-1], sign * counts / counts.sum(), width=edges[1], align="edge", color=colour)
        axes.axvline(SURE, color=chart.BLACK, linewidth=0.8, linestyle=":")
        axes.axhline(0, color=chart.BLACK, linewidth=0.8)
        axes.set_ylim(-1, 1)
        axes.set_yticks([])
        axes.set_xticks([0, 0.5, 1])
        axes.grid(visible=False)
        axes.set_title(name, fontsize=8.5)


def _draw_shares(axes: "Axes", numbers: Numbers) -> None:
    """Draw the shares that each network is sure of, a row for each kind."""
    networks = numbers["networks"]
    kinds = list(next(iter(networks.values()))["sure_of"])
    chart.bare(axes, f"Share of images with one activation of {SURE} and more")
    shares = np.array([[network["sure_of"][kind] for network in networks.values()] for kind in kinds])
    digits = [network["sure_of_digits"] for network in networks.values()]
    everything = np.vstack([shares, digits])
    for first, part, colour in ((0, shares, chart.VERMILION), (len(kinds), everything[-1:], chart.BLUE)):
        extent = (-0.5, len(networks) - 0.5, first + len(part) - 0.5, first - 0.5)
        axes.imshow(part, cmap=chart.shades(colour), vmin=0, vmax=1, aspect="auto", extent=extent)
    axes.set_ylim(len(kinds) + 0.5, -0.5)
    axes.set_xticks(range(len(networks)), list(networks))
    names = [f"{kind}{' (taught)' if kind in numbers['seen_in_training'] else ''}" for kind in kinds]
    axes.set_yticks(range(len(kinds) + 1), [*names, "test digits"])
    axes.tick_params(length=0)
    axes.axhline(len(kinds) - 0.5, color=chart.BLACK, linewidth=1)
    for (row, column), share in np.ndenumerate(everything):
        axes.text(
            column,
            row,
            f"{share:.1%}",
            ha="center",
            va="center",
            color=chart.on_shade(share, chart.BLUE if row == len(kinds) else chart.VERMILION),
        )


def tell(numbers: Numbers) -> str:
    """Say how sure each network is of noise, and what trash in the training changes."""
    networks, limit = numbers["networks"], numbers["sure"]
    first, alone, taught = next(iter(networks.values())), networks[ALONE], networks[TAUGHT]
    kinds = list(first["sure_of"])
    unseen = [kind for kind in kinds if kind not in numbers["seen_in_training"]]
    worst = max(unseen, key=lambda kind: taught["sure_of"][kind])
    share = taught["sure_of"][worst]
    passing = f"of those {worst} images pass most often ({share:.2%})" if share else "none of those passes"
    before, after = (float(np.mean(list(network["sure_of"].values()))) for network in (alone, taught))
    return f"""\
{numbers["images"]:,} images of each kind of noise. A network counts as sure when exactly one activation
reaches {limit}; the same limit for all of them, so that they can be compared (each shipped network brings
a threshold of its own).

{table(["images", *networks], _rows(networks, kinds))}

The network trained as in the videos is sure of {first["sure_of"][kinds[0]]:.0%} of {kinds[0]} noise. Half
of all these images excite one of its neurons to {first["median_largest_activation"]:.2f} or more, and
{first["share_of_commonest"]:.0%} of them are read as {first["commonest_answer"]}. Nothing ever taught it
to say no.

The two networks on the right show the cure: the same recipe for {numbers["epochs"]} epochs, from the same
start, without and with trash whose target is ten zeros. Their accuracies are {alone["accuracy"]:.1%} and
{taught["accuracy"]:.1%}; the first is sure of {before:.0%} of the noise, the second of {after:.1%}. The
lesson carries to kinds of noise that were not in the training ({", ".join(unseen)}): {passing}.
This says nothing about trash that looks like a
digit, halves or letters, which is harder."""


def _rows(networks: Numbers, kinds: Iterable[str]) -> Iterator[list[str]]:
    for kind in kinds:
        yield [kind, *(f"{network['sure_of'][kind]:.1%}" for network in networks.values())]
    yield ["test digits", *(f"{network['sure_of_digits']:.1%}" for network in networks.values())]
    yield ["accuracy on them", *(f"{network['accuracy']:.1%}" for network in networks.values())]


EXPERIMENT = Experiment(
    "noise",
    "How sure are networks of images that are no digit, and what cures it?",
    conduct,
    Settings(),
    tell,
)
