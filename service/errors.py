"""Everything that this package raises on purpose, in one tree that knows no HTTP.

ServiceError
├── ImageError              an uploaded picture is refused
│   ├── NotAPngError        the bytes are of another format, or of none
│   ├── ImageTooLargeError  more pixels than are read
│   └── BadImageError       a PNG that cannot be decoded
├── BadInputError           a request or an argument that cannot be understood
├── UnknownModelError       no artifact has that name or version
├── NotReadyError           the service is starting, draining or failed its self-test
├── BadArtifactError        an .npz that is not what it claims to be
├── BadDataError            training data that is missing or corrupt
└── SettingsError           a setting that is unknown or out of bounds

Each message is one line for the person who reads it: what is wrong, and what to do.
"""

__all__ = [
    "BadArtifactError",
    "BadDataError",
    "BadImageError",
    "BadInputError",
    "ImageError",
    "ImageTooLargeError",
    "NotAPngError",
    "NotReadyError",
    "ServiceError",
    "SettingsError",
    "UnknownModelError",
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
    """Says that a PNG cannot be decoded: truncated, a wrong checksum, corrupt data."""


class BadInputError(ServiceError):
    """Says which part of a request or which argument cannot be understood."""


class UnknownModelError(ServiceError):
    """Says that no artifact has this name or version, and which there are."""


class NotReadyError(ServiceError):
    """Says why the service does not answer classifications now."""


class BadArtifactError(ServiceError):
    """Says which file is not an artifact that may be loaded, and why."""


class BadDataError(ServiceError):
    """Says which file of the training data is missing or corrupt."""


class SettingsError(ServiceError):
    """Says which setting is unknown or out of bounds, and what is allowed."""
