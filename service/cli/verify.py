"""`digits verify`."""

from pathlib import Path

import click

from service.classifier import Classifier
from service.cli.artifact import find
from service.cli.options import settings_flags
from service.settings import Settings

__all__ = ["command"]


@click.command("verify")
@click.argument("artifact")
@settings_flags("models")
def command(artifact: str, config: Path | None, **flags: object) -> None:
    """Check an ARTIFACT, an .npz or the name of a model, as the service does before serving it.

    Prints its sha256 and "ok"; otherwise says what is wrong and exits 1.
    """
    found = find(artifact, Settings.load(flags, file=config).models)
    Classifier.of(found)
    click.echo(f"{found.sha256}  ok")
