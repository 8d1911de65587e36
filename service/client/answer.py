"""What a service answers, read from its JSON: what it says of a picture, or why it refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self, TypeAlias, TypeGuard

from service.errors import (
    BadInputError,
    ImageError,
    NotReadyError,
    RefusedError,
    UnknownModelError,
    UnreachableError,
)

__all__ = [
    "NOT_OURS",
    "Answer",
    "Json",
    "RefusedForNowError",
    "RefusedInputError",
    "RefusedKeyError",
    "RefusedModelError",
    "RefusedPictureError",
    "is_problem",
    "objects",
    "refusal",
    "result",
]

NOT_OURS = "the answer is not one of this service; look at its address"

Json: TypeAlias = Mapping[str, Any]


class RefusedPictureError(RefusedError, ImageError):
    """Says that the service cannot read a picture."""


class RefusedInputError(RefusedError, BadInputError):
    """Says that the service cannot understand a request."""


class RefusedModelError(RefusedError, UnknownModelError):
    """Says that the service has no such model or version, and which it has."""


class RefusedKeyError(RefusedError):
    """Says that the service asks for a key, and that none or a wrong one was sent."""


class RefusedForNowError(RefusedError, NotReadyError):
    """Says that the service is too busy or not ready, and still was when it was asked again."""


BY_CODE: Mapping[str, type[RefusedError]] = MappingProxyType(
    {
        "not_a_png": RefusedPictureError,
        "bad_image": RefusedPictureError,
        "image_too_large": RefusedPictureError,
        "bad_input": RefusedInputError,
        "body_too_large": RefusedInputError,
        "unknown_model": RefusedModelError,
        "missing_key": RefusedKeyError,
        "overloaded": RefusedForNowError,
        "not_ready": RefusedForNowError,
    }
)
"""What is raised for each code of a problem; RefusedError for any other."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says of one picture.

    Attributes:
        id: the request's, as in the service's log.
        model: that answered.
        model_version: its version.
        activations: of the output neurons; they do not sum to one.
        labels: of the output neurons.
        argmax: the index of the largest activation.
        label: the one at argmax, or None where the picture was rejected.
        margin: the largest activation less the second largest.
        reason: why it was rejected; None where it was not.
        reject_below: the threshold that was applied.
        members: the whole answer, with what `include` asked for.
    """

    id: str
    model: str
    model_version: str
    activations: tuple[float, ...]
    labels: tuple[str, ...]
    argmax: int
    label: str | None
    margin: float
    reason: str | None
    reject_below: float
    members: Json

    @property
    def rejected(self) -> bool:
        """Say whether the answer is "not a digit"."""
        return self.label is None

    @property
    def digit(self) -> int | None:
        """Return the digit, or None where the picture was rejected or the labels are no digits."""
        return None if self.label is None or "labels" in self.members else self.argmax

    @classmethod
    def of(cls, members: Json) -> Self:
        """Read an answer as it came in JSON.

        Raises:
            UnreachableError: it is none; something else answers there.
        """
        try:
            activations = tuple(map(float, members["activations"]))
            labels = tuple(members.get("labels", map(str, range(len(activations)))))
            argmax = int(members["argmax"])
            return cls(
                id=members["id"],
                model=members["model"],
                model_version=members["model_version"],
                activations=activations,
                labels=labels,
                argmax=argmax,
                label=None if members["rejected"] else labels[argmax],
                margin=members["margin"],
                reason=members["reason"],
                reject_below=members["reject_below"],
                members=MappingProxyType(dict(members)),
            )
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise UnreachableError(NOT_OURS) from error


def objects(members: Json, name: str) -> list[Json]:
    """Return the JSON objects that an answer lists.

    Raises:
        UnreachableError: it lists none; something else answers there.
    """
    listed = members.get(name)
    if not (isinstance(listed, list) and all(isinstance(each, dict) for each in listed)):
        raise UnreachableError(NOT_OURS)
    return listed


def result(members: Json) -> Answer | RefusedError:
    """Read what a batch says of one picture.

    Raises:
        UnreachableError: it says nothing that this service would; something else answers there.
    """
    if "error" not in members:
        return Answer.of(members)
    problem = members["error"]
    if not is_problem(problem):
        raise UnreachableError(NOT_OURS)
    return refusal(problem)


def is_problem(members: object) -> TypeGuard[Json]:
    """Say whether JSON is the problem document of a service."""
    return isinstance(members, dict) and isinstance(members.get("code"), str)


def refusal(problem: Json) -> RefusedError:
    """Return the error that stands for a problem."""
    return BY_CODE.get(problem["code"], RefusedError)(problem)
