"""The service as gunicorn sees it: its configuration, its WSGI function, and what its processes share."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from flask import Flask
from gunicorn.app.base import BaseApplication
from structlog.typing import FilteringBoundLogger

from service.settings import Settings
from service.web.metrics import Metrics
from service.web.scrape import Slot
from service.web.state import State

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["Application", "Parts", "memory_folder"]

MEMORY = Path("/dev/shm")  # noqa: S108  # files there are made with mkstemp and mkdtemp
HEARTBEAT_SECONDS = 3  # a worker gives a sign of life every second, a busy one a little later
FIXED: Mapping[str, object] = MappingProxyType(
    {
        "preload_app": True,  # artifacts are read once, and shared by all workers
        "control_socket_disable": True,  # nobody but signals commands the service
        "http_parser": "python",  # not whichever happens to be installed
        "errorlog": None,  # gunicorn's own lines go through our log
        "proc_name": "digits",
    }
)


def memory_folder() -> str | None:
    """Return the folder whose files are in memory; None where there is none to write to."""
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What the master makes before it forks, and every worker inherits.

    Attributes:
        state: what is served, and whether the service is draining.
        metrics: counted by all processes.
        slot: names the file that a process counts in.
        log: written by all processes.
    """

    state: State
    metrics: Metrics
    slot: Slot
    log: FilteringBoundLogger


class Application(BaseApplication):
    """Hands gunicorn a configuration that comes from our settings alone.

    Attributes:
        parts: shared by the processes.
    """

    def __init__(self, settings: Settings, flask: Flask, parts: Parts, options: Mapping[str, object]) -> None:
        self.parts = parts
        self._flask = flask
        self._options = {
            **FIXED,
            "workers": settings.workers,
            "threads": settings.threads,
            "timeout": max(settings.timeout_seconds, HEARTBEAT_SECONDS),
            "graceful_timeout": settings.graceful_seconds,
            "keepalive": settings.keepalive_seconds,
            "loglevel": settings.log_level,
            "worker_tmp_dir": memory_folder(),
            **options,
        }
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":  # type: ignore[override]  # the stubs ask for any mapping as environ
        """Return the WSGI function."""
        return self._flask.wsgi_app
