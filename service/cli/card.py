"""`digits card`."""

from pathlib import Path

import click

from service.artifacts.card import card
from service.cli.artifact import find
from service.cli.files import write
from service.cli.options import settings_flags
from service.settings import Settings

__all__ = ["command"]


@click.command("card")
@click.argument("model")
@click.option("--out", type=click.Path(path_type=Path), help="Write it into this file instead.")
@settings_flags("models")
def command(model: str, out: Path | None, config: Path | None, **flags: object) -> None:
    """Print the model card of a MODEL, by its name or as an .npz: Markdown, made of its metadata alone."""
    found = find(model, Settings.load(flags, file=config).models)
    text = card(found.metadata, sha256=found.sha256, size_bytes=found.size_bytes)
    if out is None:
        click.echo(text, nl=False)
    else:
        write(out, text.encode())
