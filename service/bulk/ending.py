"""How a run is ended from outside: between two steps, never within one.

A signal's handler that raises does so wherever the program happens to be. Within the locks of
`concurrent.futures` that leaves one taken for good, and the run would wait for ever for its own processes.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

__all__ = ["Ending"]

T = TypeVar("T")


class Ending:
    """A wish to end, granted at once or, where it is held back, at the next look."""

    def __init__(self) -> None:
        """Hold nothing back yet."""
        self._wish: BaseException | None = None
        self._is_held = False

    def wish(self, error: BaseException) -> None:
        """Raise this, now or at the next look; made for the handler of a signal."""
        if not self._is_held:
            raise error
        self._wish = error

    def look(self) -> None:
        """Raise what was wished meanwhile."""
        if self._wish is not None:
            raise self._wish

    def held(self) -> AbstractContextManager[None]:
        """Hold wishes back in here until somebody looks."""
        return self._set(is_held=True)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Grant a wish at any point in here; for what may wait long and holds no lock of others."""
        with self._set(is_held=False):
            self.look()
            yield

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """Go through things; a wish is granted while the next one is waited for."""
        left = iter(things)
        while True:
            with self.at_once():
                try:
                    thing = next(left)
                except StopIteration:
                    return
            yield thing

    @contextmanager
    def _set(self, *, is_held: bool) -> Iterator[None]:
        before, self._is_held = self._is_held, is_held
        try:
            yield
        finally:
            self._is_held = before
