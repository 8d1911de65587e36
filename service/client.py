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

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeAlias, TypeGuard
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util import Retry

from service.errors import (
    BadInputError,
    ImageError,
    NotReadyError,
    RefusedError,
    UnknownModelError,
    UnreachableError,
)

__all__ = [
    "Answer",
    "Client",
    "RefusedForNowError",
    "RefusedInputError",
    "RefusedKeyError",
    "RefusedModelError",
    "RefusedPictureError",
]

LARGEST_BATCH = 256  # files, of which a service reads no more
BATCH_BYTES = 8 * 2**20  # half of what a service reads by default
LONGEST_WAIT = 30  # seconds, however long a Retry-After asks for
BACKOFF_SECONDS = 0.2  # before the second attempt to connect, twice as much before each further one
KEY = re.compile(r"[ -~\xa0-\xff]*")  # what a header carries
NOT_OURS = "the answer is not one of this service; look at its address"

Picture: TypeAlias = bytes | Path
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


class Client:
    """Asks one service; use it in a `with` block, or close it.

    A request is sent again, up to *retries* times, where the service cannot have begun to answer it: the
    connection was refused, or it said 429 or 503 and after how many seconds to come back (Retry-After).
    """

    def __init__(
        self, url: str, *, key: str | None = None, timeout_seconds: float = 60, retries: int = 3
    ) -> None:
        """Prepare to ask the service at *url*, as http://127.0.0.1:8000, with a key where it needs one.

        Raises:
            BadInputError: the key cannot be sent.
        """
        if key is not None and not KEY.fullmatch(key):
            raise BadInputError(
                "the key has a line break or another character that no header carries; give the key alone"
            )
        self._url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.auth = _Key(key)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=_only_where_safe(retries)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def classify(self, picture: Picture, **options: str | float | None) -> Answer:
        """Let the service read one picture.

        Args:
            picture: the bytes of a PNG, or the path of a file that holds them.
            options: model, reject_below, invert, center, include, as in docs/api.md.

        Raises:
            BadInputError: the file cannot be read, or the service cannot understand an option.
            RefusedError: the service refuses; its subclasses say in which way.
            UnreachableError: it does not answer.
        """
        headers = {"Content-Type": "application/octet-stream"}
        told = self._ask("POST", "/v1/classify", params=options, data=_content(picture), headers=headers)
        return Answer.of(told)

    def classify_batch(
        self, pictures: Iterable[Picture], *, batch_size: int = 64, **options: str | float | None
    ) -> Iterator[tuple[str, Answer | RefusedError]]:
        """Let the service read many pictures, and yield the name and the answer of each in their order.

        No more pictures are held in memory than one request carries. Of a path the name is that of the
        file; bytes are called by their number. A picture that is refused costs its own answer alone.

        Args:
            pictures: read as they are needed.
            batch_size: pictures in a request, 1 to 256.
            options: as those of classify.

        Raises:
            BadInputError, RefusedError, UnreachableError: as classify does; answers yielded before stand.
        """
        if not 1 <= batch_size <= LARGEST_BATCH:
            raise BadInputError(f"batch_size {batch_size} is not allowed; take 1 to {LARGEST_BATCH}")
        for batch in _batches(pictures, batch_size):
            files = [("image", (_sent(name), content)) for name, content in batch]
            told = self._ask("POST", "/v1/classify/batch", params=options, files=files)
            results = _objects(told, "results")
            if len(results) != len(batch):
                raise UnreachableError(NOT_OURS)
            for (name, _), result in zip(batch, results, strict=True):
                yield name, _result(result)

    def models(self) -> list[Json]:
        """List the models, each by its newest version."""
        return _objects(self._ask("GET", "/v1/models"), "models")

    def model(self, name: str, version: str | None = None) -> Json:
        """Tell everything about a model's version, the newest unless one is named."""
        path = f"/v1/models/{quote(name, safe='')}"
        return self._ask("GET", path if version is None else f"{path}/versions/{quote(version, safe='')}")

    def health(self) -> Json:
        """Tell what is served.

        Raises:
            RefusedForNowError: no classifications should be sent there.
            UnreachableError: the service does not answer.
        """
        return self._ask("GET", "/healthz")

    def feedback(self, digit: int | str | None, label: int | str, model: str | None = None) -> None:
        """Tell the service what it answered (None for a rejected picture) and what the picture shows."""
        told = {"digit": digit, "label": label} | ({} if model is None else {"model": model})
        self._ask("POST", "/v1/feedback", json=told)

    def _ask(self, method: str, path: str, **more: Any) -> Json:  # noqa: ANN401  # as requests takes it
        try:
            response = self._session.request(
                method, self._url + path, timeout=self._timeout_seconds, allow_redirects=False, **more
            )
        except ValueError as error:  # no scheme or another one, no host, a host's name too long
            raise UnreachableError(
                f"{self._url!r} is no address; write it as http://127.0.0.1:8000"
            ) from error
        except requests.RequestException as error:
            raise UnreachableError(
                f"{self._url} does not answer ({type(error).__name__}); is the service running there?"
            ) from error
        if response.status_code == requests.codes.no_content:
            return {}
        told = _members(response)
        if response.ok and told is not None:
            return told
        if not _is_problem(told):
            raise UnreachableError(
                f"{self._url} answers {response.status_code}, not as this service does; look at the address"
            )
        raise _refusal(told)


class _Key(AuthBase):
    """Sends a key, and nothing that a .netrc holds for the host."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Told(Retry):
    """Waits and retries where an answer asks for it with Retry-After."""

    RETRY_AFTER_STATUS_CODES: ClassVar[frozenset[int]] = frozenset({429, 503})  # type: ignore[misc]  # no ClassVar there


def _only_where_safe(retries: int) -> Retry:
    return _Told(
        total=retries,
        read=False,  # whoever has begun to answer may have done what was asked
        other=0,
        allowed_methods=None,  # any method, as what was not begun cannot be done twice
        backoff_factor=BACKOFF_SECONDS,
        raise_on_status=False,
        retry_after_max=LONGEST_WAIT,
    )


def _members(response: requests.Response) -> Json | None:
    try:
        told = response.json()
    except (ValueError, RecursionError):  # no JSON, or such as Python does not read
        return None
    return told if isinstance(told, dict) else None


def _objects(told: Json, member: str) -> list[Json]:
    """Return the JSON objects that an answer lists."""
    listed = told.get(member)
    if not (isinstance(listed, list) and all(isinstance(each, dict) for each in listed)):
        raise UnreachableError(NOT_OURS)
    return listed


def _result(told: Json) -> Answer | RefusedError:
    """Read what a batch says of one picture."""
    if "error" not in told:
        return Answer.of(told)
    if not _is_problem(told["error"]):
        raise UnreachableError(NOT_OURS)
    return _refusal(told["error"])


def _is_problem(told: object) -> TypeGuard[Json]:
    return isinstance(told, dict) and isinstance(told.get("code"), str)


def _refusal(problem: Json) -> RefusedError:
    return BY_CODE.get(problem["code"], RefusedError)(problem)


def _content(picture: Picture) -> bytes:
    if isinstance(picture, bytes):
        return picture
    try:
        return picture.read_bytes()
    except (OSError, ValueError) as error:  # a zero byte in the name is a ValueError
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadInputError(f"{picture}: {reason}; name a file that can be read") from error


def _sent(name: str) -> str:
    """Put what is no UTF-8 in a file's name into a sign that stands for it; no form carries it."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _batches(pictures: Iterable[Picture], size: int) -> Iterator[list[tuple[str, bytes]]]:
    """Divide pictures into batches, none with more bytes than a service reads unless one picture has."""
    batch: list[tuple[str, bytes]] = []
    n_bytes = 0
    for number, picture in zip(count(1), pictures, strict=False):
        content = _content(picture)
        if batch and (len(batch) == size or n_bytes + len(content) > BATCH_BYTES):
            yield batch
            batch, n_bytes = [], 0
        batch.append((str(number) if isinstance(picture, bytes) else picture.name, content))
        n_bytes += len(content)
    if batch:
        yield batch
