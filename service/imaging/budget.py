"""How much is computed at once: memory is bounded, whatever arrives together, and threads do not jostle."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Condition, Lock

from service.errors import BusyError
from service.imaging.gate import Gate

__all__ = ["BRIEF", "SMALL", "Budget"]

BRIEF = 320 * 320  # pixels, up to which a picture is decoded and normalized in two milliseconds or so
SMALL = 1024 * 1024  # pixels, up to which a picture takes no part: a few MiB a thread


class Budget:
    """Lends pixels to the threads of one process; who finds too few left waits, the first one first.

    What is small takes no part in that, and has a gate of its own; what is brief waits for nobody.

    Attributes:
        one_at_a_time: held by a thread that decodes or normalizes what is small, or many that are brief.
    """

    def __init__(self, pixels: int, max_waiting_seconds: float) -> None:
        """Lend so many pixels, and let a picture wait so many seconds for its share."""
        self._pixels = pixels
        self._left = pixels
        self._seconds = max_waiting_seconds
        self.one_at_a_time = Gate()
        self._first = Lock()  # held by whoever waits at the head of the line, so that nobody overtakes
        self._returned = Condition()

    @contextmanager
    def lend(self, pixels: int) -> Iterator[None]:
        """Hold so many pixels for as long as the block runs; all there are for a picture that has more.

        Raises:
            BusyError: others did not return enough of them in time.
        """
        share = min(pixels, self._pixels)
        if pixels <= SMALL:
            yield
            return
        self._take(share)
        try:
            yield
        finally:
            with self._returned:
                self._left += share
                self._returned.notify()

    def gate(self, pixels: int) -> AbstractContextManager[None]:
        """Return what one thread at a time holds while it decodes and normalizes so large a picture.

        A brief picture waits for no other; a large one is mostly inflated, which threads can do side by side.
        """
        return self.one_at_a_time if BRIEF < pixels <= SMALL else nullcontext()

    def _take(self, share: int) -> None:
        deadline = time.monotonic() + self._seconds
        if not self._first.acquire(timeout=self._seconds):
            raise _busy()
        try:
            with self._returned:
                left = max(deadline - time.monotonic(), 0)
                if not self._returned.wait_for(lambda: self._left >= share, left):
                    raise _busy()
                self._left -= share
        finally:
            self._first.release()


def _busy() -> BusyError:
    return BusyError("too many large pictures come at once; send this one again later, or make it smaller")
