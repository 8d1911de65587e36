"""Asking a service over HTTP, and never twice where that could do something twice."""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util import Retry

from service.client.answer import NOT_OURS, Answer, Json, is_problem, objects, refusal, result
from service.errors import BadInputError, RefusedError, UnreachableError

__all__ = ["Client"]

LARGEST_BATCH = 256  # files, of which a service reads no more
BATCH_BYTES = 8 * 2**20  # half of what a service reads by default
LONGEST_WAIT = 30  # seconds, however long a Retry-After asks for
BACKOFF_SECONDS = 0.2  # before the second attempt to connect, twice as much before each further one
KEY = re.compile(r"[ -~\xa0-\xff]*")  # what a header carries

Picture: TypeAlias = bytes | str | Path  # the bytes of a file, or its path


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
        members = self._ask("POST", "/v1/classify", params=options, data=_content(picture), headers=headers)
        return Answer.of(members)

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
            files = [("image", (_in_utf8(name), content)) for name, content in batch]
            results = objects(self._ask("POST", "/v1/classify/batch", params=options, files=files), "results")
            if len(results) != len(batch):
                raise UnreachableError(NOT_OURS)
            for (name, _), members in zip(batch, results, strict=True):
                yield name, result(members)

    def models(self) -> list[Json]:
        """List the models, each by its newest version."""
        return objects(self._ask("GET", "/v1/models"), "models")

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
        judged = {"digit": digit, "label": label} | ({} if model is None else {"model": model})
        self._ask("POST", "/v1/feedback", json=judged)

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
        members = _members(response)
        if response.ok and members is not None:
            return members
        if not is_problem(members):
            raise UnreachableError(
                f"{self._url} answers {response.status_code}, not as this service does; look at the address"
            )
        raise refusal(members)


class _Key(AuthBase):
    """Sends a key, and nothing that a .netrc holds for the host."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _RetryWhenAsked(Retry):
    """Waits and retries where an answer asks for it with Retry-After."""

    RETRY_AFTER_STATUS_CODES: ClassVar[frozenset[int]] = frozenset({429, 503})  # type: ignore[misc]  # no ClassVar there


def _only_where_safe(retries: int) -> Retry:
    return _RetryWhenAsked(
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
        members = response.json()
    except (ValueError, RecursionError):  # no JSON, or such as Python does not read
        return None
    return members if isinstance(members, dict) else None


def _content(picture: Picture) -> bytes:
    if isinstance(picture, bytes):
        return picture
    try:
        return Path(picture).read_bytes()
    except (OSError, ValueError) as error:  # a zero byte in the name is a ValueError
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadInputError(f"{picture}: {reason}; name a file that can be read") from error


def _in_utf8(name: str) -> str:
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
        batch.append((str(number) if isinstance(picture, bytes) else Path(picture).name, content))
        n_bytes += len(content)
    if batch:
        yield batch
