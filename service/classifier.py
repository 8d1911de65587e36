"""The one use case: the bytes of a picture in, a verdict out.

The web service, the command line and everything that reads many files call these functions, so that one
picture gives the same activations everywhere.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Self

import numpy as np

from service.artifacts import Artifact
from service.errors import BadArtifactError, BadInputError
from service.imaging import (
    PREPROCESSINGS,
    Budget,
    Choice,
    Limits,
    Passed,
    Pixels,
    Preprocessing,
    claimed_pixels,
    read,
    unobserved,
)
from service.network import FloatArray, Network, Trace
from service.seen import Classification, Images, Seen
from service.verdict import Verdicts, decide, decide_all

__all__ = ["Classifier", "preprocessing_of"]

AT_ONCE = 128  # images answered in one go: what a wide layer makes of them stays in a core's cache


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A network together with the imaging that it was trained behind.

    Attributes:
        artifact: the network and what is known of it.
        preprocessing: its input step.
        limits: which pictures are read, and how large.
        reject_below: the threshold where the caller names none.
        budget: bounds how much is decoded at once, together with whoever else has it; None bounds nothing.
    """

    artifact: Artifact
    preprocessing: Preprocessing
    limits: Limits
    reject_below: float
    budget: Budget | None = None

    @classmethod
    def of(
        cls,
        artifact: Artifact,
        *,
        limits: Limits | None = None,
        reject_below: float | None = None,
        budget: Budget | None = None,
    ) -> Self:
        """Put a classifier together.

        Args:
            artifact: verified.
            limits: which pictures are read, and how large.
            reject_below: None takes the threshold stored in the artifact.
            budget: of all that decode at once; None bounds nothing.

        Raises:
            BadArtifactError: imaging does not know the artifact's preprocessing, or it makes another number
                of inputs than the network reads.
        """
        return cls(
            artifact,
            preprocessing_of(artifact),
            Limits() if limits is None else limits,
            artifact.metadata.reject.threshold if reject_below is None else reject_below,
            budget,
        )

    @property
    def network(self) -> Network:
        """Return the mathematics alone."""
        return self.artifact.network

    def classify(
        self,
        picture: bytes,
        *,
        reject_below: float | None = None,
        invert: Choice = Choice.AUTO,
        center: Choice = Choice.AUTO,
        passed: Passed = unobserved,
    ) -> Classification:
        """Read the digit in a picture.

        Args:
            picture: the file's bytes, from anyone.
            reject_below: None takes the classifier's own.
            invert: whether ink is darker than paper.
            center: whether the ink is framed as MNIST frames it.
            passed: told "decode", "preprocess" and "forward" as each stage ends, for whoever holds a clock.

        Raises:
            ImageError: the bytes are not a picture that is read; see service.imaging.decode.
            BusyError: too many large pictures are being decoded.
            BadInputError: this network reads no pictures, only pixels.
        """
        seen = self.see(picture, invert=invert, center=center, passed=passed)
        classification = self.judge_one(seen, reject_below=reject_below)
        passed("forward")
        return classification

    def classify_pixels(
        self,
        pixels: FloatArray,
        *,
        reject_below: float | None = None,
        passed: Passed = unobserved,
    ) -> Classification:
        """Read the digit in the network's own input, (n_in,) or (rows, columns), paper low and ink high.

        Raises:
            BadInputError: another number of pixels, or one out of bounds.
        """
        seen = self.see_pixels(pixels)
        passed("decode")
        classification = self.judge_one(seen, reject_below=reject_below)
        passed("forward")
        return classification

    def see(
        self,
        picture: bytes,
        *,
        invert: Choice = Choice.AUTO,
        center: Choice = Choice.AUTO,
        passed: Passed = unobserved,
    ) -> Seen:
        """Read a picture as far as it goes without the network; see classify."""
        self.check_that_pictures_are_read()
        with nullcontext() if self.budget is None else self.budget.gate(claimed_pixels(picture)):
            decoded, _, normalized = read(picture, self.limits, self.budget, invert, center, passed=passed)
        return Seen(normalized.pixels, normalized.blank, normalized, decoded.size, decoded.mode)

    def see_pixels(self, pixels: FloatArray) -> Seen:
        """Read the network's own input as far as it goes without the network.

        Raises:
            BadInputError: another number of pixels, or one out of bounds.
        """
        checked = self.check_pixels(pixels)
        blank = self.preprocessing.on_paper and bool((checked == self.preprocessing.low).all())
        return Seen(checked, blank)

    def judge_each(self, seen: Sequence[Seen]) -> list[Classification]:
        """Answer each of what was seen as judge_one does, to the last bit, in less time."""
        if not seen:
            return []
        prepared = self.preprocessing.prepare(np.stack([one.pixels for one in seen]))
        answers = self.network.forward_each(prepared)
        return [
            self._judged(one, answer, self.reject_below) for one, answer in zip(seen, answers, strict=True)
        ]

    def judge_one(self, seen: Seen, *, reject_below: float | None = None) -> Classification:
        """Answer what was seen."""
        (answer,) = self.network.forward(self.preprocessing.prepare(seen.pixels[np.newaxis]))
        return self._judged(seen, answer, self.reject_below if reject_below is None else reject_below)

    def _judged(self, seen: Seen, answer: FloatArray, threshold: float) -> Classification:
        verdict = decide(answer, threshold, blank=seen.blank, several=seen.several)
        return Classification(seen, verdict)

    def check_pixels(self, pixels: FloatArray) -> Pixels:
        """Prove that an array is one input of this network.

        Raises:
            BadInputError: another shape, or a number out of bounds; NaN is out of bounds.
        """
        expected = self.preprocessing
        if pixels.shape not in {(expected.n_in,), expected.shape}:
            rows, columns = expected.shape
            raise BadInputError(
                f"pixels have shape {pixels.shape}; send {expected.n_in} numbers, or {rows} rows of {columns}"
            )
        if not ((pixels >= expected.low) & (pixels <= expected.high)).all():
            raise _out_of_bounds(expected)
        return Pixels(np.ascontiguousarray(pixels, np.float32).reshape(-1))

    def check_images(self, images: FloatArray) -> FloatArray:
        """Prove that an array, (n, n_in), holds inputs of this network; return it as float32.

        Raises:
            BadInputError: a number out of bounds; NaN is out of bounds.
        """
        expected = self.preprocessing
        if not (images.min() >= expected.low and images.max() <= expected.high):  # of NaN, neither holds
            raise _out_of_bounds(expected)
        return np.require(images, np.float32, ("C", "ALIGNED"))

    def activations(self, images: FloatArray) -> FloatArray:
        """Answer images, (n, n_in), with their output activations, (n, n_out)."""
        parts = (images[first : first + AT_ONCE] for first in range(0, max(len(images), 1), AT_ONCE))
        answers = [self.network.forward(self.preprocessing.prepare(part)) for part in parts]
        return answers[0] if len(answers) == 1 else np.concatenate(answers)

    def verdicts(self, images: Images, *, reject_below: float | None = None) -> Verdicts:
        """Judge many in one forward pass; one by one, activations differ by at most 5e-6."""
        threshold = self.reject_below if reject_below is None else reject_below
        return decide_all(
            self.activations(images.pixels), threshold, blank=images.blank, several=images.several
        )

    def trace(self, pixels: Pixels) -> Trace:
        """Return z and the activations of every layer for one image, each (1, n_out)."""
        return self.network.trace(self.preprocessing.prepare(pixels[np.newaxis]))

    def check_that_pictures_are_read(self) -> None:
        """Refuse to look at pictures where the network has no use for them.

        Raises:
            BadInputError: it reads pixels alone.
        """
        if not self.preprocessing.on_paper:
            rows, columns = self.preprocessing.shape
            name = self.artifact.metadata.name
            raise BadInputError(
                f"model {name} reads {rows}x{columns} pixels and no PNG; send the pixels themselves"
            )


def _out_of_bounds(expected: Preprocessing) -> BadInputError:
    return BadInputError(
        f"a pixel is not between {expected.low:g} (paper) and {expected.high:g} (ink); scale it first"
    )


def preprocessing_of(artifact: Artifact) -> Preprocessing:
    """Find the input step that an artifact names.

    Raises:
        BadArtifactError: imaging does not know it, or it makes another number of inputs than the network
            reads.
    """
    metadata = artifact.metadata
    wanted = metadata.preprocessing
    preprocessing = PREPROCESSINGS.get(wanted.name)
    if preprocessing is None or wanted.parameters:
        raise BadArtifactError(
            f"{metadata.full_name}: preprocessing {wanted.name!r} {wanted.parameters or ''} "
            f"is not known here; known are {', '.join(PREPROCESSINGS)}"
        )
    if preprocessing.n_in != metadata.sizes[0]:
        raise BadArtifactError(
            f"{metadata.full_name}: preprocessing {wanted.name!r} makes "
            f"{preprocessing.n_in} numbers, the network reads {metadata.sizes[0]}"
        )
    return preprocessing
