"""Notices that the folder of artifacts has changed, as whoever copies a file there expects."""

import time
from collections.abc import Callable
from math import inf

from service.artifacts.repository import Stamp

__all__ = ["Watch"]


class Watch:
    """Looks at a folder now and then; a change counts once the folder looks the same twice.

    Files are looked at rather than waited for: no kernel tells of changes on another machine's disk, or
    behind the links of a mounted ConfigMap.
    """

    def __init__(self, stamp: Callable[[], Stamp], seconds: float) -> None:
        """Look so often; 0 never looks."""
        self._stamp = stamp
        self._seconds = seconds or inf
        self._next = time.monotonic() + self._seconds
        self._last: Stamp | None = None

    def differs(self, known: Stamp) -> bool:
        """Say whether the folder is another than the one that is known, and nobody is at work on it."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        before, self._last = self._last, self._stamp()
        return before == self._last != known
