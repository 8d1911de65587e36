"""Processes that work for this one, each with a pipe of its own; one that is killed is replaced.

The standard library's pool has one pipe for all results, and holds the end that is written to as well: where
a process is killed within a message, the pool reads on for ever. Here the process alone holds that end. For
the same reason only little is handed to a process as it starts, through a pipe of the library's.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from queue import LifoQueue
from threading import Lock, Thread
from traceback import format_exc
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from service.errors import ServiceError

__all__ = ["Context", "Processes"]

Context: TypeAlias = SpawnContext | ForkServerContext
"""A way to start processes that forks nothing which has threads."""

Result = TypeVar("Result")

STARTING = Lock()
"""Held while a process is started, because what it inherits is set for that time."""


class Processes:
    """So many processes, each of which does one thing at a time.

    What they do is a function of a module; its arguments, its result and its error travel pickled.
    """

    def __init__(
        self,
        n_processes: int,
        context: Context,
        begin: Callable[..., None],
        *arguments: object,
        inherited: tuple[object, ...] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start none yet; each is started when there is something for it to do.

        Args:
            n_processes: how many there are at most.
            context: how they are started.
            begin: called in each of them before anything else, with what is inherited and the arguments.
            arguments: of begin, of any size.
            inherited: of begin too, a few bytes that travel only to a process that starts, as shared memory.
            environment: variables that they find set.
        """
        self._threads = ThreadPoolExecutor(n_processes, thread_name_prefix="waits-for-a-process")
        self._idle: LifoQueue[_Process] = LifoQueue()  # last in, first out: no more start than are needed
        for _ in range(n_processes):
            self._idle.put(_Process(context, (begin, arguments), inherited, environment))

    def submit(self, work: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Have a process do it.

        Returns:
            what becomes the result, or the error that was raised there, or BrokenExecutor where the process
            was ended before it was through, or ServiceError where none could be started.
        """
        return self._threads.submit(self._do, work, *arguments)

    def shutdown(self, *, cancel_futures: bool = False) -> None:
        """Wait for what was submitted, or with cancel_futures for what was begun, and end the processes."""
        self._threads.shutdown(cancel_futures=cancel_futures)
        while not self._idle.empty():
            self._idle.get().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for what was submitted, and end the processes: one that nobody ends is waited for at exit."""
        self.shutdown()

    def _do(self, work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  # whatever work gives
        process = self._idle.get()
        try:
            result, error = process.do(work, *arguments)
        finally:
            self._idle.put(process)
        if error is not None:
            raise error
        return result


class _Process:
    """One process: started when there is something to do, and anew where it was ended."""

    def __init__(
        self,
        context: Context,
        beginning: tuple[Callable[..., None], tuple[object, ...]],
        inherited: tuple[object, ...],
        environment: Mapping[str, str],
    ) -> None:
        self._context = context
        self._beginning = beginning
        self._inherited = inherited
        self._environment = environment
        self._pipe: Connection | None = None

    def do(self, work: Callable[..., Any], *arguments: object) -> tuple[Any, BaseException | None]:
        """Return the result, or the error that was raised there."""
        try:
            pipe = self._pipe or self._start()
            pipe.send((work, arguments))
            outcome: tuple[Any, BaseException | None] = pipe.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise BrokenExecutor("the process was ended from outside before it was through") from error
        return outcome

    def end(self) -> None:
        """Let it go when it is through with what it does."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
            self._process.join()

    def _start(self) -> Connection:
        """Start it, and tell it how to begin through a pipe that breaks where it is ended meanwhile."""
        self._pipe = self._started()
        try:
            self._pipe.send(self._beginning)
        except BaseException:  # whatever comes next would be taken for the beginning
            self.end()
            raise
        return self._pipe

    def _started(self) -> Connection:
        try:
            ours, its_own = self._context.Pipe()
            with STARTING, _ctrl_c_held_back(), _environment(self._environment), its_own:
                self._process = self._context.Process(target=_serve, args=(its_own, *self._inherited))
                self._process.start()
        except ConnectionError:  # it was ended, or the server that forks it
            raise
        except OSError as error:
            raise ServiceError(
                f"no further process can be started ({error.strerror}); end others, or raise the limit"
            ) from error
        return ours


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let a process that is started meanwhile see no Ctrl-C until it has begun."""
    resource_tracker.ensure_running()  # whoever starts it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Let a process that is started meanwhile inherit variables."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, *inherited: object) -> None:
    """Begin as the first message says, and do what comes then until nobody is left at the other end."""
    with pipe:
        try:
            begin, arguments = pipe.recv()
        except (EOFError, OSError):  # nobody, or only a part of it
            return
        Thread(target=_end_with_parent, daemon=True).start()
        begin(*inherited, *arguments)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # begin said what becomes of it
        while True:
            try:
                pipe.send(_outcome(*pipe.recv()))
            except (EOFError, ConnectionError):
                return


def _end_with_parent() -> None:
    """End this process, in the middle of what it does, when the one that started it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _outcome(work: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[Any, BaseException | None]:
    try:
        return work(*arguments), None
    except BaseException as error:  # noqa: BLE001  # an interruption, too, is for whoever asked
        error.add_note(format_exc())
        return None, error
