"""A typed client: pictures go to a running service, and what it says of them comes back.

Errors, all of them in the tree of service.errors; those that a service answers with carry its problem:

RefusedError
├── RefusedPictureError     also an ImageError: the picture cannot be read
├── RefusedInputError       also a BadInputError: the request cannot be understood
├── RefusedModelError       also an UnknownModelError
├── RefusedKeyError         a key is needed, and none or a wrong one was sent
└── RefusedForNowError      also a NotReadyError: too busy, or not ready, and retrying did not help
UnreachableError            no answer, or not one of this service
"""

from service.client.answer import (
    Answer,
    RefusedForNowError,
    RefusedInputError,
    RefusedKeyError,
    RefusedModelError,
    RefusedPictureError,
)
from service.client.client import Client

__all__ = [
    "Answer",
    "Client",
    "RefusedForNowError",
    "RefusedInputError",
    "RefusedKeyError",
    "RefusedModelError",
    "RefusedPictureError",
]
