"""The threshold of a network, chosen on validation digits and on trash made of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from service.artifacts.format import Reject
from service.artifacts.reference import Reference
from service.imaging import Preprocessing
from service.network import Network
from service.training.ask import ask
from service.training.calibrate import choose_threshold
from service.training.mnist import Digits
from service.training.recipes import Rejection
from service.training.reference import reference
from service.verdict import accepted

__all__ = ["Chosen", "choose"]


class Chosen(NamedTuple):
    """What was chosen, and on what.

    Attributes:
        reject: the threshold.
        reference: how the validation digits are answered with it.
    """

    reject: Reject
    reference: Reference


def choose(
    network: Network,
    preprocessing: Preprocessing,
    validation: Digits,
    rejection: Rejection,
    seed: Sequence[int],
    *,
    kinds: Iterable[str],
    processes: int,
    digits_are: str = "validation digits",
) -> Chosen:
    """Choose the threshold of a network as it will be loaded.

    Args:
        network: whose threshold.
        preprocessing: what it reads.
        validation: digits.
        rejection: what the threshold may cost and is to bring.
        seed: of the trash.
        kinds: of trash, by name.
        processes: that make the trash, at most so many at once.
        digits_are: what the artifact calls the digits.
    """
    digits = network.forward(preprocessing.prepare(validation.images))
    asked = ask(network, preprocessing, validation, seed, kinds=kinds, processes=processes)
    rubbish = np.concatenate([answers.activations for answers in asked.values()])
    threshold = choose_threshold(digits, rubbish, rejection)
    rejected, false = 1 - accepted(digits, threshold).mean(), accepted(rubbish, threshold).mean()
    reject = Reject(
        threshold=threshold,
        chosen=f"on {len(digits):,} {digits_are}, of which it rejects {rejected:.2%}, "
        f"and on trash, of which it accepts {false:.2%}",
    )
    return Chosen(reject, reference(digits, validation.images, threshold))
