"""Who is measured: this service, and what else serves such a network, each in an environment of its own."""

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from service.artifacts import load
from service.settings import Settings

__all__ = [
    "LOCAL",
    "ROOT",
    "Server",
    "flask",
    "granian",
    "gunicorn",
    "mlserver_folder",
    "ours",
    "peers",
    "unclassified",
    "with_onnxruntime",
    "write_network",
]

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "peers"
LOCAL = "127.0.0.1"


class Server(NamedTuple):
    """How to start a server; in its command and environment PORT stands for the port.

    Attributes:
        command: the program and its arguments.
        environ: added to the environment, as pairs.
        path: that classifies.
        folder: in which it is started.
    """

    command: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()
    path: str = "/"
    folder: Path = APPS

    @property
    def is_there(self) -> bool:
        """Say whether its environment has been made."""
        return Path(self.command[0]).exists()


def ours(model: str = "plain", **settings: object) -> Server:
    """Describe this service, with these settings beside the defaults."""
    chosen = {"port": "PORT", "model": model, "workers": 1, "drain_seconds": 0, **settings}
    environ = tuple((f"DIGITS_{setting.upper()}", str(value)) for setting, value in chosen.items())
    return Server((_in("digits", "digits"), "serve"), environ, "/v1/classify", ROOT)


def unclassified() -> Server:
    """Describe this service without its classification."""
    return ours()._replace(command=(_in("digits", "python"), str(APPS / "unclassified.py"), "serve"))


def gunicorn(app: str, environ: Mapping[str, str] = MappingProxyType({})) -> Server:
    """Describe a WSGI function under gunicorn, set up as this service sets it up."""
    settings = Settings()
    command = (
        *(_in("flask", "gunicorn"), "--worker-class", "gthread", "--workers", "1", "--preload"),
        *("--threads", str(settings.threads), "--keep-alive", str(settings.keepalive_seconds)),
        *("--http-parser", "python", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"),  # noqa: S108
        *("--bind", f"{LOCAL}:PORT", app),
    )
    return Server(command, tuple(environ.items()))


def flask() -> Server:
    """Describe the least that Flask can do."""
    return gunicorn("bare:flask")


def granian(app: str) -> Server:
    """Describe a WSGI function under granian."""
    threads = ("--workers", "1", "--blocking-threads", "4", "--no-access-log", "--log-level", "error")
    return Server((_in("flask", "granian"), "--interface", "wsgi", "--port", "PORT", *threads, app))


def with_onnxruntime(environ: Mapping[str, str]) -> Server:
    """Describe FastAPI before onnxruntime, without its log."""
    command = (
        *(_in("fastapi", "uvicorn"), "with_onnxruntime:app", "--port", "PORT"),
        *("--no-access-log", "--log-level", "warning"),
    )
    return Server(command, tuple(environ.items()))


def peers(network: Mapping[str, str]) -> Mapping[str, Server]:
    """Describe model servers, each the way its users start it; network tells them which to serve."""
    environ = tuple(network.items())
    python = "python"
    return {
        "FastAPI, onnxruntime": with_onnxruntime(network),
        "textbook Flask": gunicorn("textbook:flask", network),
        "LitServe": Server(
            (_in("litserve", python), "with_litserve.py"), (*environ, ("PEER_PORT", "PORT")), "/classify"
        ),
        "BentoML": Server(
            (_in("bentoml", python), "-m", "bentoml", "serve", "with_bentoml:Digits", "--port", "PORT"),
            (*environ, ("BENTOML_DO_NOT_TRACK", "True")),
            "/classify",
        ),
        "MLServer": Server(
            (_in("mlserver", "mlserver"), "start", "FOLDER"), environ, "/v2/models/digits/infer"
        ),
        "MLflow": Server(
            (_in("mlflow", python), "with_mlflow.py"), (*environ, ("PEER_PORT", "PORT")), "/invocations"
        ),
    }


def _in(environment: str, program: str) -> str:
    return str(ROOT / ".venv.peers" / environment / "bin" / program)


def write_network(artifact: Path, folder: Path) -> Mapping[str, str]:
    """Write a network's arrays for others to read, and return what tells them where."""
    read = load(artifact)
    layers = read.network.layers
    arrays = chain.from_iterable(
        ((f"weights{i}", layer.weights), (f"biases{i}", layer.biases)) for i, layer in enumerate(layers)
    )
    path = folder / f"{read.metadata.name}.npz"
    np.savez(path, **dict(arrays))
    return {"PEER_NETWORK": str(path), "PEER_HIDDEN": layers[0].activation.name}


def mlserver_folder(folder: Path, port: int) -> Path:
    """Write what MLServer reads when it starts."""
    place = folder / "mlserver"
    place.mkdir(exist_ok=True)
    ports = {"host": LOCAL, "http_port": port, "grpc_port": port + 1000, "metrics_port": port + 2000}
    (place / "settings.json").write_text(json.dumps({"parallel_workers": 0, "debug": False, **ports}))
    model = {"name": "digits", "implementation": "with_mlserver.Digits"}
    (place / "model-settings.json").write_text(json.dumps(model))
    return place
