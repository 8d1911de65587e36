"""How fast the trainer is beside others, in CPU seconds of one thread: `make bench-train`.

Everything is measured in one run, in rounds in which each trainer has its turn, so that a busy machine is
busy for all. What counts is the processor's time; a turn that waited much longer than it computed is left out
of the median where there are calmer ones.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import click
import numpy as np

from benchmarks.trainers import SIZES, TRAINERS, Ours, installed, recipe
from service.cli.options import DATA
from service.imaging.deskew import deskew
from service.network import FloatArray
from service.training import mnist
from service.training.experiments.markdown import table
from service.training.memory import keep_freed
from service.training.mnist import Digits, Mnist
from service.training.recipes import RECIPES

__all__ = ["main"]

CALM = 1.2  # seconds that pass for each second of CPU
GOALS = (0.94, 0.96)  # accuracies on the test images
PARTS = 24  # of an epoch, after each of which the test images are asked
AT_ONCE = 512  # images deskewed in one go, as many as the cache holds
PRODUCTS = "matrix products alone"
WIDE_IMAGES = 10_000
WIDE_SIZES = RECIPES["wide"].sizes
WIDE_MEMBERS = ("sizes", "activations", "reach", "augmentation", "averaging")

Result = TypeVar("Result")


class Turn(NamedTuple):
    """One measurement, in seconds."""

    cpu: float
    wall: float


def timed(work: Callable[..., Result], *arguments: object) -> tuple[Result, Turn]:
    """Do the work; return what came of it and how long it took."""
    cpu, wall = process_time(), perf_counter()
    result = work(*arguments)
    return result, Turn(process_time() - cpu, perf_counter() - wall)


def typical(turns: Iterable[Turn]) -> float:
    """Return the median CPU seconds of the calm turns, of all where none is calm."""
    every = list(turns)
    calm = [turn for turn in every if turn.wall <= CALM * turn.cpu]
    return median(turn.cpu for turn in calm or every)


def products(sizes: Sequence[int], mini_batch: int, images: FloatArray) -> None:
    """Do the matrix products of one epoch of backpropagation and nothing else."""
    weights = [np.ones((n_out, n_in), np.float32) for n_in, n_out in pairwise(sizes)]
    columns = [np.ones((mini_batch, n), np.float32) for n in sizes[1:]]
    gradients, deltas = [np.empty_like(w) for w in weights], [np.ones_like(column) for column in columns]
    for first in range(0, len(images) - mini_batch + 1, mini_batch):
        before = [images[first : first + mini_batch], *columns]
        for w, left, right in zip(weights, before[:-1], columns, strict=True):
            np.matmul(left, w.T, out=right)
        for depth in reversed(range(len(weights))):
            np.matmul(deltas[depth].T, before[depth], out=gradients[depth])
            if depth:
                np.matmul(deltas[depth], weights[depth], out=deltas[depth - 1])


class Epoch(NamedTuple):
    """A row of the first table."""

    name: str
    mini_batch: int
    learning_rate: float


EPOCHS = tuple(
    Epoch(name, mini_batch, 3.0 if name == "Nielsen" else 0.003)
    for mini_batch in (10, 128)
    for name in TRAINERS
)


def epochs(digits: Digits, rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Measure one pass over the training images, and its matrix products alone: seconds by size and name."""
    chosen = [row for row in EPOCHS if installed(row.name)]
    turns: dict[tuple[int, str], list[Turn]] = {}
    for number in range(rounds):
        for row in chosen:
            if row.name == "Nielsen" and number:
                continue  # once is enough: it takes as long as all others together
            trainer = TRAINERS[row.name](row.mini_batch, row.learning_rate, number)
            _, turn = timed(trainer.learn, trainer.ready(digits))
            turns.setdefault((row.mini_batch, row.name), []).append(turn)
        for mini_batch in {row.mini_batch for row in chosen}:
            _, turn = timed(products, SIZES, mini_batch, digits.images)
            turns.setdefault((mini_batch, PRODUCTS), []).append(turn)
        tell(f"epochs: round {number + 1} of {rounds}")
    found: dict[str, dict[str, float]] = {}
    for (mini_batch, name), measured in turns.items():
        found.setdefault(str(mini_batch), {})[name] = typical(measured)
    return found


@dataclass(frozen=True, slots=True)
class Race:
    """A row of the second table.

    Attributes:
        name: of the trainer.
        mini_batch: images of a step.
        learning_rate: the best of a few, found by hand beside the mini-batch; Nielsen's own.
        deskewed: whether the input is; the time for it counts.
        most_epochs: after which it is given up.
        rounds: at most so many.
    """

    name: str
    mini_batch: int
    learning_rate: float
    deskewed: bool
    most_epochs: int = 20
    rounds: int = 100

    @property
    def title(self) -> str:
        """Name trainer and input."""
        return f"{self.name}, deskewed" if self.deskewed else self.name


RACES = (
    Race("digit-service, averaged", 128, 0.01, deskewed=True),
    Race("digit-service, averaged", 128, 0.01, deskewed=False),
    Race("scikit-learn", 128, 0.01, deskewed=True),
    Race("scikit-learn", 128, 0.01, deskewed=False),
    Race("PyTorch", 128, 0.01, deskewed=True),
    Race("PyTorch", 128, 0.01, deskewed=False),
    Race("Nielsen", 10, 3.0, deskewed=False, most_epochs=5, rounds=1),  # thirty epochs reach 93 to 94 %
)


def deskewed(images: FloatArray) -> FloatArray:
    """Deskew images, (n, 784), as many at once as the cache holds."""
    return np.concatenate([deskew(images[i : i + AT_ONCE]) for i in range(0, len(images), AT_ONCE)])


class Way(NamedTuple):
    """How one trainer came down, in CPU seconds to each goal; None where it did not get there."""

    reached: Mapping[float, float]
    best: float


def race(row: Race, data: Mnist, test: Digits, seed: int) -> Way:
    """Train until every goal is reached or all epochs are over; asking the test images is not counted."""
    rng = np.random.default_rng(seed)
    trainer, (spent, _) = timed(TRAINERS[row.name], row.mini_batch, row.learning_rate, seed)
    reached: dict[float, float] = {}
    best = 0.0
    known: dict[int, Any] = {}  # parts of the training images, as this trainer keeps them
    parts = np.array_split(rng.permutation(len(data.training)), PARTS)
    for number in range(row.most_epochs * PARTS):
        place = number % PARTS
        if place not in known:
            part = data.training[parts[place]]
            if row.deskewed:
                images, turn = timed(deskewed, part.images)
                part = Digits(images, part.labels)
                spent += turn.cpu
            known[place], turn = timed(trainer.ready, part)
            spent += turn.cpu
        _, turn = timed(trainer.learn, known[place])
        spent += turn.cpu
        accuracy = float((trainer.answer(test.images) == test.labels).mean())
        best = max(best, accuracy)
        for goal in GOALS:
            if accuracy >= goal:
                reached.setdefault(goal, spent)
        if len(reached) == len(GOALS):
            break
    return Way(MappingProxyType(reached), best)


def races(data: Mnist, rounds: int, tell: Callable[[str], None]) -> dict[str, dict[str, float | None]]:
    """Let everyone race to each goal; the median over the rounds, none where most did not get there."""
    tests = {False: data.test, True: Digits(deskewed(data.test.images), data.test.labels)}
    ways: dict[str, list[Way]] = {}
    for seed in range(rounds):
        for row in RACES:
            if installed(row.name) and seed < row.rounds:
                ways.setdefault(row.title, []).append(race(row, data, tests[row.deskewed], seed))
        tell(f"races: round {seed + 1} of {rounds}")
    return {title: _summary(found) for title, found in ways.items()}


def _summary(ways: Sequence[Way]) -> dict[str, float | None]:
    summary: dict[str, float | None] = {}
    for goal in GOALS:
        times = median(way.reached.get(goal, float("inf")) for way in ways)
        summary[f"{goal:.0%}"] = None if times == float("inf") else times
    return summary | {"best": median(way.best for way in ways), "rounds": len(ways)}


def wide(digits: Digits, rounds: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Measure a pass of a wide network over some images, with and without its share of making them."""
    some, shape = digits[:WIDE_IMAGES], RECIPES["wide"]
    turns: dict[str, list[Turn]] = {}
    for number in range(rounds):
        ours = Ours(shape.mini_batch, shape.learning_rate, number)
        members = {name: getattr(shape, name) for name in WIDE_MEMBERS}
        ours.start(recipe(shape.mini_batch, shape.learning_rate, **members), number)
        material, made = timed(ours.ready, some)
        _, learned = timed(ours.learn, material)
        share = shape.variations / shape.epochs if shape.variations else 1  # 0: made anew in each epoch
        turns.setdefault("steps alone", []).append(learned)
        turns.setdefault("steps and images", []).append(
            Turn(learned.cpu + share * made.cpu, learned.wall + share * made.wall)
        )
        _, turn = timed(products, WIDE_SIZES, shape.mini_batch, some.images)
        turns.setdefault(PRODUCTS, []).append(turn)
        tell(f"wide: round {number + 1} of {rounds}")
    return {name: typical(measured) for name, measured in turns.items()}


def markdown(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Tell the numbers in three tables."""
    blocks = []
    for mini_batch, row in found["epochs"].items():
        ours = row["digit-service"]
        lines = ([name, f"{s:.2f}", f"{s / ours:.2f}"] for name, s in row.items())
        blocks.append(
            f"One epoch of 784-16-16-10 over 60,000 images, mini-batches of {mini_batch}\n\n"
            + table(["trainer", "CPU seconds", "times ours"], lines)
        )
    lines = (
        [
            title,
            *("not reached" if s is None else f"{s:.2f}" for s in (row[f"{g:.0%}"] for g in GOALS)),
            f"{row['best']:.2%}",
            f"{row['rounds']}",
        ]
        for title, row in found["races"].items()
    )
    goals = [f"CPU seconds to {goal:.0%}" for goal in GOALS]
    blocks.append(
        "784-16-16-10 from the start to an accuracy on the test images\n\n"
        + table(["trainer", *goals, "best seen", "rounds"], lines)
    )
    alone = found["wide"][PRODUCTS]
    lines = ([name, f"{s:.2f}", f"{s / alone:.2f}"] for name, s in found["wide"].items())
    sizes, mini_batch = "-".join(map(str, WIDE_SIZES)), RECIPES["wide"].mini_batch
    blocks.append(
        f"{sizes} over {WIDE_IMAGES:,} images, mini-batches of {mini_batch}\n\n"
        + table(["what", "CPU seconds", "times the products"], lines)
    )
    return "\n\n".join(blocks) + "\n"


@click.command()
@DATA
@click.option(
    "--rounds", default=5, show_default=True, type=click.IntRange(min=1), help="Turns of each trainer."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write training.md and training.json into this folder."
)
def main(data: Path | None, rounds: int, out: Path | None) -> None:
    """Measure how fast networks are trained, here and elsewhere."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        raise click.UsageError("set OPENBLAS_NUM_THREADS=1 and MKL_NUM_THREADS=1, or run `make bench-train`")
    for name in TRAINERS:
        if not installed(name):
            click.echo(f"{name} is not installed and is left out", err=True)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    keep_freed()  # as `digits train` does
    everything = mnist.read(data)
    found = {
        "epochs": epochs(everything.training, rounds, tell),
        "races": races(everything, rounds, tell),
        "wide": wide(everything.training, rounds, tell),
    }
    text = markdown(found)
    click.echo(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "training.md").write_text(text, encoding="utf-8")
        (out / "training.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
