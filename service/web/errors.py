"""The failures that only HTTP knows; how they and all others are answered is in problems."""

from collections.abc import Mapping
from types import MappingProxyType

from service.errors import ServiceError

__all__ = [
    "BodyTooLargeError",
    "MissingKeyError",
    "OverloadedError",
    "RequestError",
    "SlowBodyError",
    "UnknownNeuronError",
    "UnsupportedBodyError",
]


class RequestError(ServiceError):
    """Says what is wrong with a request, with the header fields that its answer needs.

    Attributes:
        headers: by name.
    """

    def __init__(self, message: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(message)
        self.headers = headers


class BodyTooLargeError(RequestError):
    """Says that a body has more bytes or parts than are read."""


class SlowBodyError(RequestError):
    """Says that a body took too long to arrive."""


class UnsupportedBodyError(RequestError):
    """Says that a body is of a type or in an encoding that is not read."""


class MissingKeyError(RequestError):
    """Says that a key is needed, and that none or a wrong one was sent."""


class UnknownNeuronError(RequestError):
    """Says that a network has no such layer or neuron, and which it has."""


class OverloadedError(RequestError):
    """Says that more requests wait than can be answered in time."""
