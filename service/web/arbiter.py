"""The master process: drains before it stops, and reads artifacts anew without losing a request."""

import time
from itertools import count
from typing import TYPE_CHECKING, cast

from gunicorn.arbiter import Arbiter

from service.errors import SettingsError
from service.web.application import Application
from service.web.logs import end_of_traceback
from service.web.scrape import forget_gauges
from service.web.worker import DigitWorker

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DigitArbiter", "assign_slot", "free_slot"]

INTERRUPT_SECONDS = 2  # that workers have to end after Ctrl-C


class DigitArbiter(Arbiter):
    """Is gunicorn's master with our meaning of SIGTERM, SIGHUP and SIGINT."""

    def __init__(self, application: Application) -> None:
        self._parts = application.parts
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
        """Wait no longer than the drain lasts, and stop when it is over."""
        if self._stop_at is None:
            return super().wait_for_signals(timeout)
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
        for _ in range(self.num_workers):
            self.spawn_worker()
        self.manage_workers()

    def handle_usr2(self) -> None:
        """Refuse to run twice: each of two masters would know but its own counts."""
        self._parts.log.warning("SIGUSR2 is not supported; start a second service on another port")

    def _reload(self) -> None:
        state, metrics, log = self._parts.state, self._parts.metrics, self._parts.log
        read = (self._reload_artifacts(), self._reload_keys())
        metrics.prepare(state.current.catalogue, state.keys.names if state.keys else ())
        metrics.reloaded(ok=all(read))
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


def assign_slot(arbiter: Arbiter, worker: DigitWorker) -> None:
    """Give a worker that is about to be forked the first slot that no living worker counts in."""
    taken = {other.slot for other in cast("Iterable[DigitWorker]", arbiter.WORKERS.values())}
    worker.slot = next(slot for slot in map(str, count(1)) if slot not in taken)


def free_slot(_: Arbiter, worker: DigitWorker) -> None:
    """Forget what a worker was doing that has ended."""
    forget_gauges(worker.slot)
