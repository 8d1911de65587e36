"""`digits health`."""

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from service.cli.options import settings_flags
from service.errors import NotReadyError
from service.settings import Settings

__all__ = ["command"]

EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # one listens there, but asks here


@click.command("health")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=3, help="Wait so many seconds."
)
@settings_flags("host", "port")
def command(config: Path | None, timeout: float, **flags: object) -> None:
    """Ask a running service whether it is ready; exit 0 when it is.

    It is asked where the settings say that it listens.
    """
    settings = Settings.load(flags, file=config)
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    ask(host, settings.port, timeout)
    click.echo("ready")


def ask(host: str, port: int, timeout_seconds: float) -> None:
    """Return when the service is ready.

    Raises:
        NotReadyError: it is not, it does not answer, or something else does.
    """
    connection = HTTPConnection(host, port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise NotReadyError(f"{host}:{port} does not answer ({error}); is the service running?") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise NotReadyError(f"{host}:{port} is not ready: {_detail(body) or answer.reason}")


def _detail(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, LookupError, TypeError):
        return None
