"""`digits serve`."""

from pathlib import Path

import click

from service.cli.options import settings_flags
from service.settings import Settings
from service.web.gunicorn import serve

__all__ = ["command"]


@click.command("serve")
@settings_flags()
def command(config: Path | None, **flags: object) -> None:
    """Serve the models over HTTP until Ctrl-C or SIGTERM.

    SIGHUP reads the artifacts anew without losing a request.
    """
    settings = Settings.load(flags, file=config)
    settings.refuse_strangers()
    serve(settings)
