"""`digits serve`: the service under gunicorn, everything made in its right order."""

import gc
import logging
import socket
from contextlib import suppress
from typing import NoReturn

import numpy as np
from gunicorn.http import wsgi
from gunicorn.workers import base
from prometheus_client import CollectorRegistry

from service import malloc
from service.errors import ServiceError, SettingsError
from service.imaging import to_png
from service.settings import Settings
from service.web.app import STDOUT, create_app
from service.web.application import Application, Parts
from service.web.arbiter import DigitArbiter, assign_slot, free_slot
from service.web.counters import counters_folder
from service.web.heads import SERVER
from service.web.heartbeat import Heartbeat
from service.web.logs import StandardLogging, make_log
from service.web.metrics import Metrics
from service.web.options import Options
from service.web.reserve import Lost
from service.web.scrape import share_counters, shared_collector
from service.web.state import State
from service.web.uploads import PictureUpload
from service.web.worker import DigitWorker

__all__ = ["serve"]

LARGE_BYTES = 1024 * 1024  # of a buffer
KEPT_BYTES = 2 * LARGE_BYTES  # of what is free at the heap's end
BACKLOG = 2048  # connections that wait until a worker takes them; gunicorn's own default


def serve(settings: Settings) -> NoReturn:
    """Become gunicorn's master, and serve until SIGTERM or SIGINT.

    Raises:
        BadArtifactError: an artifact is bad, or there are none.
        UnknownModelError: the default model is not among them.
        SettingsError: the address is not free, the keys cannot be understood, or the folder for the counters
            cannot be written.
    """
    gc.freeze()  # what has been imported is never garbage
    wsgi.SERVER = SERVER  # type: ignore[attr-defined]  # not gunicorn's own
    base.WorkerTmp = Heartbeat  # type: ignore[attr-defined]  # a worker needs no file system to be started
    state = State(settings)
    with (
        _listening(settings.host, settings.port) as listener,
        counters_folder(settings.metrics_folder) as folder,
    ):
        lost = Lost()
        slot = share_counters(folder, lost)
        metrics = Metrics(CollectorRegistry(), shared_collector(folder), lost)
        log = make_log(settings.log_level, STDOUT, metrics.line_dropped)
        flask = create_app(settings, state=state, metrics=metrics, log=log)
        _adopt_standard_logging(StandardLogging(log))
        host, port = listener.getsockname()[:2]
        log.info("serving", url=_url(host, port), model=settings.model)
        options = {
            "bind": f"fd://{listener.detach()}",
            "worker_class": DigitWorker,
            "pre_fork": assign_slot,
            "child_exit": free_slot,
        }
        master = DigitArbiter(Application(settings, flask, Parts(state, metrics, slot, log), options))
        _prepare_to_fork(state)
        master.run()
    raise SystemExit


def _prepare_to_fork(state: State) -> None:
    """Do once what every worker would do at its first request, and keep its memory shared.

    Libraries import some of their modules when they first need them. And the garbage collector leaves alone
    what is frozen, so that no worker copies it, while it works or when it ends.
    """
    with suppress(ServiceError):  # a model that reads no PNG has nothing to warm up
        picture = PictureUpload(to_png(np.tri(40, dtype=np.float32)), Options())
        picture.classified_by(state.current.default, lambda _: None)
    _let_malloc_keep_little()
    gc.collect()
    gc.freeze()


def _let_malloc_keep_little() -> None:
    """Let malloc give buffers as large as a picture back at once, of which glibc's would keep some 30 MiB.

    It keeps what is smaller, or the kernel would have to clear the same pages for every request. And all
    threads share one arena: with one each, every one keeps what its largest picture took. What reading the
    artifacts has freed goes back as well.
    """
    malloc.set_options(
        (malloc.MMAP_THRESHOLD, LARGE_BYTES), (malloc.TRIM_THRESHOLD, KEPT_BYTES), (malloc.ARENA_MAX, 1)
    )
    malloc.give_back()


def _listening(host: str, port: int) -> socket.socket:
    """Take the address; gunicorn begins to answer there when it is ready."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # behind it stands the address once more
        raise SettingsError(
            f"cannot listen on {host} port {port} ({reason}); choose another host or port"
        ) from error
    # those who connect before gunicorn has set this would wait 40 ms for each small answer
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _adopt_standard_logging(handler: logging.Handler) -> None:
    for logger in (logging.getLogger(), logging.getLogger("gunicorn.error")):  # that one does not propagate
        logger.handlers = [handler]


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
