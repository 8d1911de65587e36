"""What is done to every file, as a value that travels to whichever process does it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import takewhile
from typing import TypeAlias

from service.artifacts.load import verified
from service.batch import see_all
from service.bulk.read import read
from service.bulk.rows import Row, Rows
from service.classifier import Classifier
from service.imaging import Choice, Limits
from service.release import DISTRIBUTION, VERSION
from service.seen import Images, Seen
from service.verdict import Verdict

__all__ = ["Content", "Item", "Job", "Worker"]

Content: TypeAlias = bytes | str
"""The bytes of a file, or the path at which the worker finds it."""

Item: TypeAlias = tuple[str, Content]
"""One file to be looked at: its name as the row will say it, and its content; plain pairs travel fastest."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides what a file is answered with.

    Attributes:
        artifact: the bytes of the .npz.
        limits: which pictures are read, and how large.
        reject_below: None takes the threshold stored in the artifact.
        invert: whether ink is darker than paper.
        center: whether the ink is framed as MNIST frames it.
        singly: one forward pass a picture, so that activations are those of `digits classify` bit for bit;
            else one for many, and they are within 5e-6 of those.
    """

    artifact: bytes
    limits: Limits
    reject_below: float | None = None
    invert: Choice = Choice.AUTO
    center: Choice = Choice.AUTO
    singly: bool = False

    def classifier(self) -> Classifier:
        """Put the classifier together.

        Raises:
            BadArtifactError: the artifact is not one that may be served.
            BadInputError: its network reads no pictures.
        """
        classifier = Classifier.of(
            verified(self.artifact), limits=self.limits, reject_below=self.reject_below
        )
        classifier.check_that_pictures_are_read()
        return classifier

    def rows(self) -> Rows:
        """Write what every row of this job has in common.

        Raises:
            BadArtifactError, BadInputError: see classifier.
        """
        return Rows.of(self.classifier())

    def described(self, rows: Rows) -> Mapping[str, object]:
        """Say what the answers depend on, so that no results are of two kinds."""
        return {
            "model": f"{rows.model}@{rows.version}",
            "sha256": sha256(self.artifact).hexdigest(),
            "reject_below": rows.reject_below,
            "invert": self.invert,
            "center": self.center,
            "singly": self.singly,
            "max_side_pixels": self.limits.max_side,
            "max_pixels": self.limits.max_pixels,
            DISTRIBUTION: VERSION,
        }


class Worker:
    """Answers files, in whichever process it was made."""

    def __init__(self, job: Job, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Get ready; once stopped, what is left of the files at hand is not answered."""
        self._job = job
        self._classifier = job.classifier()
        self._is_stopped = is_stopped
        self._rows = Rows.of(self._classifier)

    def answer(self, items: Sequence[Item]) -> list[Row]:
        """Make a row of each file; whatever is wrong with one costs that one alone."""
        looked = self._look(items)
        names = [name for name, _ in items[: len(looked)]]  # all of them, unless it was stopped
        verdicts = iter(self._judge([one for one in looked if isinstance(one, Seen)]))
        return [
            self._rows.answered(name, next(verdicts)) if isinstance(one, Seen) else one
            for name, one in zip(names, looked, strict=True)
        ]

    def _look(self, items: Sequence[Item]) -> list[Seen | Row]:
        pictures = (partial(_bytes_of, content) for _, content in items)
        return see_all(
            self._classifier,
            takewhile(lambda _: not self._is_stopped(), pictures),
            lambda place, error: self._rows.failed(items[place][0], error),
            invert=self._job.invert,
            center=self._job.center,
        )

    def _judge(self, seen: Sequence[Seen]) -> Iterable[Verdict]:
        if not seen:
            return ()
        if self._job.singly:
            return [self._classifier.judge_one(one).verdict for one in seen]
        return self._classifier.verdicts(Images.of(seen))


def _bytes_of(content: Content) -> bytes:
    return content if isinstance(content, bytes) else read(content)
