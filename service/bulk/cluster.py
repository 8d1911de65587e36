"""A Dask cluster, which this process brings the bytes of every file."""

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from distributed import Client, KilledWorker, WorkerPlugin
from distributed.comm.addressing import get_address_host

from service.bulk.job import Item, Job, Worker
from service.bulk.rows import Row
from service.errors import BadInputError, ServiceError, UnreachableError
from service.release import DISTRIBUTION, VERSION

__all__ = ["Cluster"]

AT_ONCE = 4  # batches for each thread of the cluster, so that none waits for the next
ASKED_EVERY = 32  # batches, how many threads there are now
CLOSE_SECONDS = 2
LOST = (CancelledError, OSError)  # what is raised where the scheduler was


class Cluster:
    """Workers of a Dask cluster that answer files; what a lost one had is done by others.

    Attributes:
        broken: raised by a batch that several workers were lost with.
        brings_bytes: True, as nothing says that the workers see the same files.
        batch_items: files of a batch.
        capacity: batches that are worth having in hand, by what the cluster was at the last look.
    """

    broken: tuple[type[Exception], ...] = (KilledWorker,)
    brings_bytes = True
    batch_items = 256

    def __init__(self, job: Job, address: str, timeout_seconds: float = 10) -> None:
        """Connect to a scheduler and get every worker ready, those that come later too.

        Args:
            job: what is done to each file.
            address: of the scheduler, as tcp://127.0.0.1:8786.
            timeout_seconds: to wait for it.

        Raises:
            BadInputError: it is no address.
            UnreachableError: nothing answers there.
            ServiceError: a worker has no digit-service, or another version of it.
        """
        self._key = f"digits-{uuid4().hex}"
        self._n_submitted = 0
        self.capacity = AT_ONCE
        self._client = _connected(address, timeout_seconds)
        try:
            self._client.register_plugin(_Plugin(self._key, job, VERSION), name=self._key)
        except Exception as error:
            self._client.close()
            raise ServiceError(
                f"the cluster's workers cannot do it: {error}; install {DISTRIBUTION} {VERSION} there"
            ) from error
        self._executor = self._client.get_executor(pure=False)

    def submit(self, items: Sequence[Item]) -> Future[list[Row]]:
        """Let a worker answer a batch."""
        if self._n_submitted % ASKED_EVERY == 0:  # from the first on: the cluster may grow and shrink
            self.capacity = AT_ONCE * max(sum(self._client.nthreads().values()), 1)
        self._n_submitted += 1
        future: Future[list[Row]] = self._executor.submit(_answer, self._key, items)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the cluster and of what it has not begun.

        Raises:
            UnreachableError: the scheduler went away meanwhile.
        """
        is_gone = isinstance(error, LOST)
        if not is_gone:
            self._executor.shutdown(wait=False)
            self._client.unregister_worker_plugin(self._key)
        self._client.close(timeout=CLOSE_SECONDS)
        if is_gone:
            raise UnreachableError(
                "the Dask scheduler went away; start it and run the same command again"
            ) from error


def _connected(address: str, timeout_seconds: float) -> Any:  # noqa: ANN401  # Dask has no types
    try:
        get_address_host(address)  # a Client that cannot read it half begins
    except ValueError as error:
        raise BadInputError(
            f"{address!a} is no address of a Dask scheduler ({error}); name one as tcp://127.0.0.1:8786"
        ) from error
    try:
        return Client(address, timeout=timeout_seconds, set_as_default=False)  # type: ignore[no-untyped-call]  # untyped there
    except (OSError, ValueError) as error:
        raise UnreachableError(
            f"no Dask scheduler answers at {address}; start one with `dask scheduler`"
        ) from error


HERE: dict[str, Worker] = {}
"""What answers the files of each job in this process."""


class _Plugin(WorkerPlugin):
    """Gets a worker of the cluster ready for a job."""

    def __init__(self, key: str, job: Job, wanted: str) -> None:
        self._key = key
        self._job = job
        self._wanted = wanted

    def setup(self, worker: object) -> None:
        """Put the classifier together.

        Raises:
            ServiceError: another version would answer otherwise.
        """
        del worker
        if self._wanted != VERSION:
            raise ServiceError(f"one has {DISTRIBUTION} {VERSION}")
        HERE[self._key] = Worker(self._job)

    def teardown(self, worker: object) -> None:
        """Forget the job."""
        del worker
        HERE.pop(self._key, None)


def _answer(key: str, items: Sequence[Item]) -> list[Row]:
    return HERE[key].answer(items)
