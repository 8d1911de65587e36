"""Everything that this package raises on purpose, in one tree that knows no HTTP.

ServiceError
├── ImageError              an uploaded picture is refused
│   ├── NotAPngError        the bytes are of another format, or of none
│   ├── ImageTooLargeError  more pixels than are read
│   └── BadImageError       a picture that cannot be decoded
├── BadInputError           a request or an argument that cannot be understood
├── UnknownModelError       no artifact has that name or version
├── BusyError               more large pictures come at once than there is memory for
├── NotReadyError           the service is starting, draining or failed its self-test
├── BadArtifactError        an .npz that is not what it claims to be
├── BadDataError            training data that is missing or corrupt
├── RefusedError            a service that was asked over HTTP refused, and said why
├── UnreachableError        a service that was asked over HTTP does not answer, or something else does
└── SettingsError           a setting that is unknown or out of bounds

Each message is one line for the person who reads it: what is wrong, and what to do.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "CODES",
    "BadArtifactError",
    "BadDataError",
    "BadImageError",
    "BadInputError",
    "BusyError",
    "ImageError",
    "ImageTooLargeError",
    "NotAPngError",
    "NotReadyError",
    "RefusedError",
    "ServiceError",
    "SettingsError",
    "UnknownModelError",
    "UnreachableError",
]


class ServiceError(Exception):
    """Is the base of every error that this package raises on purpose."""


class ImageError(ServiceError):
    """Says that an uploaded picture is refused."""


class NotAPngError(ImageError):
    """Says that the bytes are not a PNG, and what they look like."""


class ImageTooLargeError(ImageError):
    """Says that a picture has more pixels than are read."""


class BadImageError(ImageError):
    """Says that a picture cannot be decoded: truncated, a wrong checksum, corrupt data."""


class BadInputError(ServiceError):
    """Says which part of a request or which argument cannot be understood."""


class BusyError(ServiceError):
    """Says that more large pictures are being decoded than there is memory for."""


class UnknownModelError(ServiceError):
    """Says that no artifact has this name or version, and which there are."""


class NotReadyError(ServiceError):
    """Says why the service does not answer classifications now."""


class BadArtifactError(ServiceError):
    """Says which file is not an artifact that may be loaded, and why."""


class BadDataError(ServiceError):
    """Says which file of the training data is missing or corrupt."""


class RefusedError(ServiceError):
    """Says why a service that was asked over HTTP refused.

    Attributes:
        problem: what it answered (RFC 9457).
        status: HTTP's.
        code: stable, for programs.
        id: of the request, as in the service's log.
    """

    def __init__(self, problem: Mapping[str, object]) -> None:
        super().__init__(problem.get("detail"))
        self.problem = problem
        self.status = problem.get("status")
        self.code = problem.get("code")
        self.id = problem.get("id")


class UnreachableError(ServiceError):
    """Says that a service that was asked over HTTP does not answer, or that something else does."""


class SettingsError(ServiceError):
    """Says which setting is unknown or out of bounds, and what is allowed."""


CODES: Mapping[type[ServiceError], str] = MappingProxyType(
    {
        NotAPngError: "not_a_png",
        ImageTooLargeError: "image_too_large",
        BadImageError: "bad_image",
        BadInputError: "bad_input",
        UnknownModelError: "unknown_model",
        BusyError: "overloaded",
        NotReadyError: "not_ready",
    }
)
"""What programs call the errors that an answer may tell of; these words do not change."""
