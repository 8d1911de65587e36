"""Whether more is asked of a process than it can carry, and what it takes on while that is so.

A queue makes bursts bearable, and many clients that each wait for an answer before they ask again: then it is
as long as they are many. Where it grows and grows it only makes everybody wait, so then few are let in: the
others hear at once that they should go elsewhere, and those inside are answered as if nothing were wrong.
"""

import time

__all__ = ["Strain"]

LONG = 0.01  # of the time that a request may wait at most: nobody minds less
STANDING = 0.03  # of the same: if nobody waits less for so long, the queue is more than a burst
GROWN = 8  # requests by which it is longer by then; the connections of one browser are fewer
WINDOW_SECONDS = 1  # after which it is decided anew
FEW = 0.3  # of the requests of a window turned away: chance alone brings so many together
MOST = 2  # requests that are waiting and worked on under strain, by a process that has one core


class Strain:
    """Begins when all wait long and ever more wait, and ends after a second in which few were refused.

    The loop asks and threads tell; whichever is late, its word counts a request later.
    """

    def __init__(self, max_waiting_seconds: float) -> None:
        """Measure by the time that a request may wait at most."""
        self._long_seconds = LONG * max_waiting_seconds
        self._standing_seconds = STANDING * max_waiting_seconds
        self._long_since: float | None = None  # on the monotonic clock, as the next
        self._length = 0  # of the queue at that time
        self._until: float | None = None  # None while there is no strain
        self._stands = False
        self._asked = 0
        self._refused = 0

    def bears(self, waited_seconds: float, behind: int) -> bool:
        """Take note of how long a request has waited for its thread; say whether it is answered still.

        Args:
            waited_seconds: since it came.
            behind: requests that wait still.
        """
        if waited_seconds <= self._long_seconds:
            self._long_since = None
            return True
        if self._until is not None:
            return False
        now = time.monotonic()
        if self._long_since is None:
            self._long_since, self._length = now, behind
        lasts = now - self._long_since > self._standing_seconds
        self._stands = lasts and behind >= self._length + GROWN
        return True

    @property
    def is_calm(self) -> bool:
        """Say whether everybody is let in, so that nobody need be counted."""
        return self._until is None and not self._stands

    def admits(self, inside: int) -> bool:
        """Say whether one more request is let in beside those that wait or are worked on."""
        if self.is_calm:
            return True
        now = time.monotonic()
        if self._until is None:
            self._begin(now)
        elif now >= self._until:
            is_over = now >= self._until + WINDOW_SECONDS  # a second in which nobody asked
            if is_over or self._refused <= FEW * self._asked:
                self._until, self._stands, self._long_since = None, False, None
                return True
            self._begin(now)
        self._asked += 1
        self._refused += inside >= MOST
        return inside < MOST

    def _begin(self, now: float) -> None:
        self._until, self._asked, self._refused = now + WINDOW_SECONDS, 0, 0
