"""The master process: drains before it stops, and reads artifacts anew without losing a request."""

import signal
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, cast

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from service.errors import SettingsError
from service.web.application import Application
from service.web.logs import end_of_traceback
from service.web.scrape import forget_gauges
from service.web.watch import Watch
from service.web.worker import DigitWorker

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DigitArbiter", "assign_slot", "free_slot"]

INTERRUPT_SECONDS = 2  # that workers have to end after Ctrl-C
STOP_POLL_SECONDS = 0.1  # an ended worker is heard of at once; this is for one whose signal was missed


class DigitArbiter(Arbiter):
    """Is gunicorn's master with our meaning of SIGTERM, SIGHUP and SIGINT."""

    def __init__(self, application: Application) -> None:
        self._parts = application.parts
        state = self._parts.state
        self._watch = Watch(state.repository.stamp, state.settings.watch_seconds)
        self._owed = 0  # workers that a reload still has to start
        self._stop_at: float | None = None  # on the monotonic clock; None while not draining
        super().__init__(application)

    def handle_term(self) -> None:
        """Turn readiness to 503 and go on serving for the drain time; a second SIGTERM ends that at once."""
        if self._stop_at is not None:
            raise StopIteration
        drain_seconds = self._parts.state.settings.drain_seconds
        self._parts.state.draining.set()
        self._stop_at = time.monotonic() + drain_seconds
        self._parts.log.info("draining", drain_seconds=drain_seconds)

    def wait_for_signals(self, timeout: float | None = 1.0) -> list[int]:
        """Wait for signals, and take a changed artifact for a SIGHUP.

        Draining, wait no longer than that lasts, and stop when it is over.
        """
        if self._stop_at is None:
            signals = super().wait_for_signals(timeout)
            if signal.SIGHUP not in signals and self._watch.differs(self._parts.state.stamp):
                self._parts.log.info("artifacts changed")
                signals.append(signal.SIGHUP)
            return signals
        left = max(0, self._stop_at - time.monotonic())
        signals = super().wait_for_signals(left if timeout is None else min(timeout, left))
        if time.monotonic() >= self._stop_at:
            raise StopIteration
        return signals

    def handle_int(self) -> None:
        """Stop at once."""
        self.cfg.set("graceful_timeout", INTERRUPT_SECONDS)
        super().handle_int()

    def handle_hup(self) -> None:
        """Read artifacts and keys anew, fork workers that serve them, and let the old workers finish.

        Nobody waits for the old ones here, so that SIGTERM is heard meanwhile.
        """
        self._reload()
        self._owed = self.num_workers
        self.manage_workers()

    def manage_workers(self) -> None:
        """Start the workers that are missing, those of a reload first, and end those that are too many.

        One that has been told to end takes no more connections: it stands in for none that is missing.
        """
        n_staying = sum(not worker.is_ending for worker in self.workers())
        if len(self.WORKERS) >= self.num_workers:  # or they are started below
            self._owed = max(self._owed, self.num_workers - n_staying)
        while self._owed and self.spawn_worker():
            self._owed -= 1
        super().manage_workers()

    def kill_worker(self, pid: int, sig: int) -> None:
        """Send a signal to a worker, and know it for one that ends."""
        if sig == signal.SIGTERM and pid in self.WORKERS:
            cast("DigitWorker", self.WORKERS[pid]).is_ending = True
        super().kill_worker(pid, sig)

    def workers(self) -> "Iterable[DigitWorker]":
        """Return the workers that live, which gunicorn knows by their process ids."""
        return cast("Iterable[DigitWorker]", self.WORKERS.values())

    def spawn_worker(self) -> int:
        """Fork a worker and return its process id; where the machine has no room for it now, return 0.

        It is tried again every second, and those that serve go on meanwhile. What it is told before it
        listens to signals waits until it does: the master's own handlers, which it inherits, would lose it.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, DigitWorker.SIGNALS)
        try:
            return super().spawn_worker()
        except OSError as error:
            self._parts.log.warning("no worker could be started", reason=str(error))
            return 0
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002  # as gunicorn calls it
        """Let the workers finish for the graceful time, by a clock that nobody can set, then end them.

        A second signal that asks for haste is heard meanwhile.
        """
        for listener in self.LISTENERS:
            listener.close()
        self.LISTENERS.clear()
        self.kill_workers(signal.SIGTERM if graceful else signal.SIGQUIT)
        limit = time.monotonic() + self.cfg.graceful_timeout
        while self.WORKERS and time.monotonic() < limit:
            if {signal.SIGINT, signal.SIGQUIT} & set(super().wait_for_signals(STOP_POLL_SECONDS)):
                self.kill_workers(signal.SIGQUIT)
                limit = time.monotonic() + INTERRUPT_SECONDS
            self._reap_while_stopping()
        self.kill_workers(signal.SIGKILL)
        self._reap_while_stopping()

    def _reap_while_stopping(self) -> None:
        """Hear of workers that have ended; one more that could not begin is no reason to leave the others."""
        with suppress(HaltServer):
            self.reap_workers()

    def handle_usr2(self) -> None:
        """Refuse to run twice: each of two masters would know but its own counts."""
        self._parts.log.warning("SIGUSR2 is not supported; start a second service on another port")

    def _reload(self) -> None:
        state, metrics, log = self._parts.state, self._parts.metrics, self._parts.log
        read = (self._reload_artifacts(), self._reload_keys())
        metrics.prepare(state.current.catalogue, state.keys.names if state.keys else ())
        metrics.reloads.count(ok=all(read))
        log.info("reloaded", ok=all(read))

    def _reload_artifacts(self) -> bool:
        state, log = self._parts.state, self._parts.log
        try:
            ok = state.reload()
        except Exception as error:  # noqa: BLE001  # no file, however bad, may end the service
            ok = False
            log.warning("reload failed", traceback=end_of_traceback(error))
        for name, reason in state.failures.items():
            log.warning("artifact refused", artifact=name, reason=reason)
        return ok

    def _reload_keys(self) -> bool:
        try:
            self._parts.state.reload_keys()
        except SettingsError as error:
            self._parts.log.warning("keys refused", reason=str(error))
            return False
        return True


def assign_slot(arbiter: DigitArbiter, worker: DigitWorker) -> None:
    """Give a worker that is about to be forked the first slot that no living worker counts in."""
    taken = {other.slot for other in arbiter.workers()}
    worker.slot = next(slot for slot in map(str, count(1)) if slot not in taken)


def free_slot(_: Arbiter, worker: DigitWorker) -> None:
    """Forget what a worker was doing that has ended."""
    with suppress(OSError):  # the folder of counters is read-only; the next in this slot writes over them
        forget_gauges(worker.slot)
