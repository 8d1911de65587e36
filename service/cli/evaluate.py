"""`digits evaluate`."""

from pathlib import Path

import click

from service.cli.artifact import find
from service.cli.options import DATA, settings_flags
from service.settings import Settings
from service.training.evaluate import report

__all__ = ["command"]


@click.command("evaluate")
@click.argument("model")
@DATA
@settings_flags("models")
def command(model: str, data: Path | None, config: Path | None, **flags: object) -> None:
    """Measure a MODEL, by its name or as an .npz, on the test images of MNIST and on images of no digit."""
    click.echo(report(find(model, Settings.load(flags, file=config).models), data))
