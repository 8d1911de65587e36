"""Pictures that wait at the same time are classified one right after the other, before their requests.

By the next request the code that classifies has left the processor's caches, and to bring it back takes as
long as the work itself. And MNIST's own pictures are decoded together. Each gets the activations that it has
by itself, bit for bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from service.batch import see_alike
from service.classifier import Classifier
from service.seen import Classification
from service.web.exchange import Stopwatch

__all__ = ["Foreseen", "foresee"]

FEWEST = 2  # pictures: one by itself is as well looked at by its own request


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """A picture that was classified while its request waited.

    Attributes:
        picture: the bytes that were read.
        classifier: what read them, as if the client had chosen nothing.
        classification: what it answered.
        seconds: by stage, the picture's share of the time that all took.
    """

    picture: bytes
    classifier: Classifier
    classification: Classification
    seconds: Mapping[str, float]


def foresee(classifier: Classifier, pictures: Sequence[bytes | None]) -> list[Foreseen | None]:
    """Classify those of several pictures that MNIST itself could hold.

    Args:
        classifier: that of a client that chooses none.
        pictures: from anyone; None stands for a request that does not hold a picture alone.

    Returns:
        None in place of every other picture, and of what cannot be read: its request tells why.
    """
    found: list[Foreseen | None] = [None] * len(pictures)
    waiting = {place: picture for place, picture in enumerate(pictures) if picture is not None}
    if len(waiting) < FEWEST:
        return found
    stopwatch = Stopwatch()
    looked = see_alike(classifier, list(waiting.values()), passed=stopwatch.passed)
    seen = {place: one for place, one in zip(waiting, looked, strict=True) if one is not None}
    judged = classifier.judge_each([*seen.values()])
    stopwatch.passed("forward")
    shares = MappingProxyType(
        {stage: taken / max(len(seen), 1) for stage, taken in stopwatch.seconds.items()}
    )
    for place, classification in zip(seen, judged, strict=True):
        found[place] = Foreseen(waiting[place], classifier, classification, shares)
    return found
