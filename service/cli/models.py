"""`digits models`."""

import json
from pathlib import Path

import click

from service.artifacts import Repository
from service.cli.artifact import described, summary
from service.cli.options import AS_JSON, settings_flags
from service.settings import Settings

__all__ = ["command"]


@click.command("models")
@AS_JSON
@settings_flags("models")
def command(config: Path | None, *, as_json: bool, **flags: object) -> None:
    """List the models that would be served, one a line, each verified."""
    settings = Settings.load(flags, file=config)
    for artifact in Repository(settings.models).read():
        click.echo(json.dumps(described(artifact)) if as_json else summary(artifact))
