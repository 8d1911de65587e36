"""A network asked about trash of every kind: what it answers, and what it takes for digits."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from service.imaging import Preprocessing
from service.network import FloatArray, Network
from service.training import trash
from service.training.extras import needs
from service.training.mnist import Digits
from service.training.workers import side_by_side
from service.verdict import accepted

__all__ = ["N_FRAMED", "N_PASSED", "N_TRASH", "Answers", "ask"]

N_TRASH = 10_000  # images of each kind
N_FRAMED = 2_500  # of a kind that imaging frames
AT_ONCE = 500  # of them in memory
N_PASSED = 14  # images of each kind that are kept to be looked at


class Answers(NamedTuple):
    """What a network says of images that are no digits.

    Attributes:
        activations: of all of them, (n, 10).
        passed: images that it accepts as digits, (m, 784), a few of those with the largest activations.
        said: the activations of these, (m, 10), the largest first.
    """

    activations: FloatArray
    passed: FloatArray
    said: FloatArray


class Part(NamedTuple):
    """A task: so many images of a kind of trash."""

    kind: str
    n: int
    seed: np.random.SeedSequence


class Asked(NamedTuple):
    """Who is asked about them."""

    network: Network
    preprocessing: Preprocessing
    digits: Digits
    reject_below: float


def ask(
    network: Network,
    preprocessing: Preprocessing,
    digits: Digits,
    seed: Sequence[int],
    *,
    reject_below: float = 0,
    kinds: Iterable[str] = trash.KINDS,
    processes: int = 1,
) -> dict[str, Answers]:
    """Ask the network about thousands of images of each kind of trash.

    Args:
        network: that is asked.
        preprocessing: what it reads.
        digits: that trash is made of.
        seed: of everything random; the same one gives the same in any number of processes.
        reject_below: the threshold that what passes has to reach.
        kinds: of trash, by name.
        processes: that make the images, at most so many at once.
    """
    sizes = [
        (kind, min(AT_ONCE, n_trash(kind) - first))
        for kind in kinds
        for first in range(0, n_trash(kind), AT_ONCE)
    ]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    parts = [Part(kind, n, own) for (kind, n), own in zip(sizes, seeds, strict=True)]
    asked = Asked(network, preprocessing, digits, reject_below)
    answers = side_by_side(_ask, asked, parts, processes, ahead=len(parts))
    bar = needs("tqdm").tqdm(answers, "trash", len(parts), leave=False, disable=None)
    by_kind: dict[str, list[Answers]] = {}
    for part, answer in zip(parts, bar, strict=True):
        by_kind.setdefault(part.kind, []).append(answer)
    return {kind: _joined(some) for kind, some in by_kind.items()}


def n_trash(kind: str) -> int:
    """Count the images of a kind that are asked about; to frame one as an upload takes milliseconds."""
    return min(N_FRAMED, N_TRASH) if kind in trash.FRAMED else N_TRASH


def _ask(asked: Asked, part: Part) -> Answers:
    images = trash.draw(part.kind, np.random.default_rng(part.seed), asked.digits, part.n)
    activations = asked.network.forward(asked.preprocessing.prepare(images))
    taken = accepted(activations, asked.reject_below)
    return Answers(activations, *_surest(images[taken], activations[taken]))


def _joined(some: Sequence[Answers]) -> Answers:
    activations, passed, said = map(np.concatenate, zip(*some, strict=True))
    return Answers(activations, *_surest(passed, said))


def _surest(images: FloatArray, said: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = (-said.max(axis=1)).argsort(kind="stable")[:N_PASSED]
    return images[first], said[first]
