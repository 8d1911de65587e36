"""From a file to what a network reads; a digit that is small on a large page is looked at again from near."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from service.imaging.budget import Budget
from service.imaging.decode import LARGEST, Limits, Picture, decode
from service.imaging.normalize import Choice, Normalized, Step, normalize, unseen
from service.imaging.parts import Box
from service.network import FloatArray

__all__ = ["Passed", "Read", "read", "unobserved"]

Passed: TypeAlias = Callable[[str], None]
"""Told the name of each stage as it ends, for whoever holds a clock."""

FEWEST = 28  # pixels of a picture that was reduced: a digit of fewer has lost what tells it from others
MARGIN = 0.4  # of a digit's longer side: so much of the page is looked at around it


class Read(NamedTuple):
    """A file that was read.

    Attributes:
        picture: all of it.
        near: the part that was looked at again; None where there was no need.
        normalized: as a network reads it; lengths and places are those of the whole upload.
    """

    picture: Picture
    near: Picture | None
    normalized: Normalized


class Look(NamedTuple):
    """What was made of a picture, and each step on the way."""

    normalized: Normalized
    steps: list[tuple[Step, FloatArray]]


def unobserved(stage: str) -> None:
    """Let a stage pass without a clock."""


def read(
    content: bytes,
    limits: Limits,
    budget: Budget | None = None,
    invert: Choice = Choice.AUTO,
    center: Choice = Choice.AUTO,
    *,
    passed: Passed = unobserved,
    saw: Callable[[Step, FloatArray], None] = unseen,
) -> Read:
    """Decode a file and bring its picture to 28×28 pixels.

    Args:
        content: a file's bytes, from anyone.
        limits: what is read.
        budget: see decode; decode's errors are raised.
        invert: see normalize.
        center: see normalize.
        passed: told "decode" and "preprocess" as each stage ends, twice where a part is looked at again.
        saw: see normalize.
    """
    picture = decode(content, limits, budget)
    passed("decode")
    look = _look_at(picture, invert, center)
    passed("preprocess")
    part = None if center is Choice.NO else _part(picture, look.normalized)
    near = None
    if part is not None:
        closer = decode(content, limits, budget, part)
        passed("decode")
        again = _looked_again(closer, part, look.normalized)
        passed("preprocess")
        if again is not None:
            near, look = closer, again
    for step, seen in look.steps:
        saw(step, seen)
    return Read(picture, near, look.normalized)


def _look_at(picture: Picture, invert: Choice, center: Choice) -> Look:
    """Normalize a picture; the steps are told later, since a second look may make them void."""
    steps: list[tuple[Step, FloatArray]] = []
    return Look(normalize(picture, invert, center, lambda *step: steps.append(step)), steps)


def _looked_again(near: Picture, part: Box, before: Normalized) -> Look | None:
    """Normalize the part of an upload that holds the digit; None where nothing is found in it."""
    again = _look_at(near, Choice.YES if before.inverted else Choice.NO, Choice.YES)
    return None if again.normalized.blank else Look(_placed(again.normalized, part), again.steps)


def _part(picture: Picture, normalized: Normalized) -> Box | None:
    """Choose the part of an upload to look at again; None where the digit is large enough, or missing."""
    factor = -(-max(picture.size) // LARGEST)
    if factor == 1 or normalized.bounding_box is None or normalized.several:
        return None
    left, top, right, bottom = normalized.bounding_box
    longer = max(right - left, bottom - top)
    if longer >= FEWEST * factor:
        return None
    margin = round(MARGIN * longer) + factor  # a pixel more of those that it was found in
    (width, height), begin = picture.size, (max(left - margin, 0), max(top - margin, 0))
    return *begin, min(right + margin, width), min(bottom + margin, height)


def _placed(found: Normalized, part: Box) -> Normalized:
    """Tell of what was found in a part where it lies in the whole."""
    if found.bounding_box is None:
        return found
    left, top, right, bottom = found.bounding_box
    across, down = part[:2]
    return replace(found, bounding_box=(left + across, top + down, right + across, bottom + down))
