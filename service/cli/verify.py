"""`digits verify`."""

from pathlib import Path

import click

from service.artifacts.format import SUFFIX
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

    Prints its sha256 and "ok"; otherwise says what is wrong and exits 1. An .npz may lie anywhere and have
    any name; a note tells where the service would serve it.
    """
    found = find(artifact, Settings.load(flags, file=config).models)
    Classifier.of(found)
    click.echo(f"{found.sha256}  ok")
    path, place = Path(artifact), Path(found.metadata.file)
    if path.suffix == SUFFIX and path.absolute().parts[-2:] != place.parts:
        holds = f"{click.format_filename(path)}: holds {found.metadata.full_name}"
        click.echo(f"digits: {holds}; to serve it, move it to <models>/{place}", err=True)
