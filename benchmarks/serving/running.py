"""Servers that run: started on a core, looked at, and stopped."""

import http.client
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection
from typing import NamedTuple

from benchmarks.serving.load import Post
from benchmarks.serving.machine import cpu_seconds
from benchmarks.serving.servers import LOCAL, Server, mlserver_folder

__all__ = ["Running", "free_port", "running"]

PATIENCE = 120  # seconds after which a server that does not answer is given up
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}


class Running(NamedTuple):
    """A server that has been started.

    Attributes:
        server: as it was described.
        process: the first of its processes.
        port: where it listens.
        seconds: from its start to its first answer.
    """

    server: Server
    process: "subprocess.Popen[bytes]"
    port: int
    seconds: float

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://{LOCAL}:{self.port}"

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far."""
        return cpu_seconds(self.process.pid)


def _own_environ() -> dict[str, str]:
    """Return our environment, but let every server keep its compiled modules, as it does on most machines."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def running(server: Server, post: Post, core: int) -> Iterator[Running]:
    """Start a server on a core; it is ready when it has answered once.

    Raises:
        RuntimeError: it ended, or did not answer in time; the message holds the end of what it wrote.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        if "FOLDER" in server.command:
            mlserver_folder(Path(folder), port)
        stands_for = {"PORT": str(port), "FOLDER": f"{folder}/mlserver"}
        environ = {name: stands_for.get(value, value) for name, value in server.environ}
        command = [part.replace("PORT", str(port)) for part in server.command]
        command = ["taskset", "-c", str(core), *(stands_for.get(part, part) for part in command)]
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=server.folder,
            env={**_own_environ(), **ONE_THREAD, "PYTHONPATH": str(server.folder), **environ},
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(server, process, port, post)
            yield Running(server, process, port, time.monotonic() - started)
        except (OSError, RuntimeError) as error:
            log.seek(0)
            raise RuntimeError(f"{error}\n{log.read()[-1000:].decode()}") from error
        finally:
            _stop(process)


def _wait(server: Server, process: "subprocess.Popen[bytes]", port: int, post: Post) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("it ended before it answered")
        try:
            status = _ask(server, port, post)
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)
            continue
        if status == http.client.OK:
            return
        if status < http.client.INTERNAL_SERVER_ERROR:
            raise RuntimeError(f"it answers {status}")
        time.sleep(0.05)
    raise RuntimeError(f"it did not answer within {PATIENCE} s")


def _ask(server: Server, port: int, post: Post) -> int:
    connection = http.client.HTTPConnection(LOCAL, port, timeout=PATIENCE)
    fields = {"Content-Type": post.content_type, **dict(post.headers)}
    connection.request("POST", server.path, post.body, fields)
    with connection.getresponse() as response:
        response.read()
    connection.close()
    return response.status


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):  # some leave children behind
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port on which nobody listens."""
    while True:
        port = 20_000 + int.from_bytes(os.urandom(2)) % 10_000
        try:
            create_connection((LOCAL, port), 1).close()
        except ConnectionRefusedError:
            return port
