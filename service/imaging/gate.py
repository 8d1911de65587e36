"""One thread at a time, in the order in which they came.

Python runs one thread at a time anyway, and each call of NumPy, Pillow or zlib lets go of the interpreter
for a moment: of several threads that compute, another takes it then, and all of them spend their time on
handing it around. A lock of the standard library would do but for its order: who gives one back and wants it
again has it before whoever waits has woken up.
"""

from collections import deque
from threading import Lock

__all__ = ["Gate"]


class Gate:
    """Lets one thread through at a time, the first one first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_open = True
        self._waiting: deque[Lock] = deque()

    def __enter__(self) -> None:
        """Wait until every thread that came before has left."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                return
            called = Lock()
            called.acquire()
            self._waiting.append(called)
        called.acquire()

    def __exit__(self, *_: object) -> None:
        """Call the next thread, if one waits."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_open = True
