"""Many pictures, each read as it would be by itself, in less time for each."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import TypeVar

from service.classifier import Classifier
from service.imaging import SIDE, Choice, Passed, decode_alike, is_alike, normalize_alike, unobserved
from service.seen import Seen

__all__ = ["see_alike", "see_all"]

Failed = TypeVar("Failed")


def see_all(
    classifier: Classifier,
    pictures: Iterable[Callable[[], bytes]],
    failed: Callable[[int, Exception], Failed],
    *,
    invert: Choice = Choice.AUTO,
    center: Choice = Choice.AUTO,
    passed: Passed = unobserved,
) -> list[Seen | Failed]:
    """Read pictures as far as it goes without the network.

    MNIST's own images wait until all of them are read at once; of the others, which may be large, one is
    decoded and let go after the other.

    Args:
        classifier: reads them.
        pictures: each returns its bytes when its turn comes.
        failed: told the place of a picture and what was raised; returns what stands in its place, or raises.
            No error is kept, as its traceback would hold the picture.
        invert: see Classifier.classify.
        center: see Classifier.classify.
        passed: see Classifier.classify.
    """

    def see(place: int, picture: bytes) -> Seen | Failed:
        try:
            return classifier.see(picture, invert=invert, center=center, passed=passed)
        except Exception as error:  # noqa: BLE001  # which are to be expected, whoever called knows
            return failed(place, error)

    looked: dict[int, Seen | Failed] = {}
    alike: dict[int, bytes] = {}
    for place, read in enumerate(pictures):
        try:
            picture = read()
        except Exception as error:  # noqa: BLE001  # likewise
            looked[place] = failed(place, error)
        else:
            if is_alike(picture):
                alike[place] = picture
            else:
                looked[place] = see(place, picture)
    with nullcontext() if classifier.budget is None else classifier.budget.one_at_a_time:
        at_once = see_alike(classifier, list(alike.values()), invert=invert, center=center, passed=passed)
    for (place, picture), seen in zip(alike.items(), at_once, strict=True):
        looked[place] = see(place, picture) if seen is None else seen
    return [looked[place] for place in sorted(looked)]


def see_alike(
    classifier: Classifier,
    pngs: Sequence[bytes],
    *,
    invert: Choice = Choice.AUTO,
    center: Choice = Choice.AUTO,
    passed: Passed = unobserved,
) -> list[Seen | None]:
    """Read those among PNGs of MNIST's size that are its own images, and no others; see see_all."""
    seen: list[Seen | None] = [None] * len(pngs)
    if not pngs or center is Choice.YES or not classifier.preprocessing.on_paper:
        return seen
    which, greys = decode_alike(pngs, classifier.limits)
    passed("decode")
    for place, normalized in zip(which, normalize_alike(greys, invert, center), strict=True):
        if normalized is not None:
            seen[place] = Seen(normalized.pixels, normalized.blank, normalized, (SIDE, SIDE), "L")
    passed("preprocess")
    return seen
