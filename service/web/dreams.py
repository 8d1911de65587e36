"""Dreams: what each output neuron would most like to see, computed once and kept."""

from functools import lru_cache
from threading import Lock

import numpy as np

from service.classifier import Classifier
from service.network import FloatArray, Network
from service.network.dream import Ascent, dream

__all__ = ["Dreams", "steps_for"]

MOST_KEPT = 256  # dreams, of 3 kB for 28×28 pixels
MOST_STEPS, FEWEST_STEPS = 300, 25
MOST_PRODUCTS = 600_000_000  # of a weight in all steps together: about 0.2 s of one core
WAY = 0.6  # that all steps together may go, the root mean square of the changes to a pixel


class Dreams:
    """Remembers dreams, and computes one at a time: who asks at once for the same one waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of = lru_cache(MOST_KEPT)(_dream)

    def of(self, classifier: Classifier, neuron: int) -> FloatArray:
        """Return what an output neuron dreams of, (rows, columns) of what the first layer reads."""
        with self._lock:
            return self._of(classifier, neuron)


def _dream(classifier: Classifier, neuron: int) -> FloatArray:
    """Climb from blank paper; where there is no paper, from the middle between the extremes."""
    expected = classifier.preprocessing
    blank = expected.low if expected.on_paper else (expected.low + expected.high) / 2
    steps = steps_for(classifier.network)
    ascent = Ascent(steps, WAY / steps, low=expected.low, high=expected.high)
    return dream(classifier.network, neuron, np.full(expected.shape, blank, np.float32), ascent)


def steps_for(network: Network) -> int:
    """Return how many steps a dream takes, so that it costs little: fewer where a step is expensive.

    >>> steps_for(Network.random((784, 16, 16, 10)))
    300
    """
    return min(MOST_STEPS, max(FEWEST_STEPS, MOST_PRODUCTS // network.n_parameters))
