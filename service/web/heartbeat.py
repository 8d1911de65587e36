"""The file by whose date a worker shows that it is alive: in memory, on no file system that may be full."""

import os

from gunicorn.config import Config
from gunicorn.workers.workertmp import WorkerTmp

__all__ = ["Heartbeat"]


class Heartbeat(WorkerTmp):
    """Is gunicorn's file, without a folder to lie in."""

    def __init__(self, cfg: Config) -> None:
        create = getattr(os, "memfd_create", None)
        if create is None:  # no Linux
            super().__init__(cfg)
        else:
            self._tmp = os.fdopen(create("heartbeat"), "w+b", buffering=0)
