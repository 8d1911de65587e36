"""One row a file: what the network made of it, or why it could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self

import orjson

from service.artifacts.format import DIGITS
from service.classifier import Classifier
from service.errors import CODES, ServiceError
from service.verdict import Verdict

__all__ = ["Outcome", "Row", "Rows"]

UNFORESEEN = "internal_error"
WRITTEN = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


class Outcome(StrEnum):
    """What became of a file."""

    READ = "read"
    REJECTED = "rejected"
    FAILED = "failed"


class Row(NamedTuple):
    """What is kept of a file.

    Attributes:
        name: of the file, as it was found; bytes that are no UTF-8 are surrogates, as Python has them.
        outcome: what became of it.
        line: of JSON, with its newline.
    """

    name: str
    outcome: Outcome
    line: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """Writes rows that come from one model; each has the same members, null where there is nothing to say.

    Attributes:
        model: its name.
        version: of the model.
        labels: what the output neurons stand for.
        reject_below: the threshold that is applied.
    """

    model: str
    version: str
    labels: tuple[str, ...]
    reject_below: float

    @classmethod
    def of(cls, classifier: Classifier) -> Self:
        """Write rows of what a classifier answers."""
        metadata = classifier.artifact.metadata
        return cls(metadata.name, metadata.version, metadata.labels, classifier.reject_below)

    @property
    def names_digits(self) -> bool:
        """Say whether a row has a digit; of a model with other labels it has a label instead."""
        return self.labels == DIGITS

    @property
    def members(self) -> tuple[str, ...]:
        """Name what each row has, in its order."""
        told = ("name", "model", "model_version", "digit" if self.names_digits else "label")
        return (*told, *NO_ANSWER, "reject_below", *NO_ERROR)

    def answered(self, name: str, verdict: Verdict) -> Row:
        """Tell what the network said."""
        digit: int | str | None = verdict.digit
        if digit is not None and not self.names_digits:
            digit = self.labels[verdict.argmax]
        answer = {
            "argmax": verdict.argmax,
            "activations": verdict.activations,
            "margin": verdict.margin,
            "rejected": verdict.rejected,
            "reason": verdict.reason,
        }
        outcome = Outcome.REJECTED if verdict.rejected else Outcome.READ
        return Row(name, outcome, self._line(name, digit, answer, NO_ERROR))

    def failed(self, name: str, error: Exception) -> Row:
        """Tell why there is no answer; of an error that nobody foresaw, its kind alone."""
        code = next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), UNFORESEEN)
        unforeseen = f"something went wrong in here ({type(error).__name__}); please report this picture"
        told = str(error) if isinstance(error, ServiceError) else unforeseen
        members = {"error_code": code, "error_message": told}
        return Row(name, Outcome.FAILED, self._line(name, None, NO_ANSWER, members))

    def _line(
        self, name: str, digit: int | str | None, answer: Mapping[str, object], error: Mapping[str, object]
    ) -> bytes:
        members = {
            "name": _in_utf8(name),
            "model": self.model,
            "model_version": self.version,
            "digit" if self.names_digits else "label": digit,
            **answer,
            "reject_below": self.reject_below,
            **error,
        }
        return orjson.dumps(members, option=WRITTEN)


NO_ERROR: Mapping[str, object] = {"error_code": None, "error_message": None}
NO_ANSWER: Mapping[str, object] = dict.fromkeys(("argmax", "activations", "margin", "rejected", "reason"))


def _in_utf8(name: str) -> str:
    """Put what is no UTF-8 in a file's name into a sign that stands for it."""
    return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="replace")
