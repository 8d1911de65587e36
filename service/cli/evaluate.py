"""`digits evaluate`."""

from pathlib import Path

import click

from service.cli.artifact import find
from service.cli.files import check_folder
from service.cli.options import DATA, PROCESSES, settings_flags
from service.settings import Settings
from service.training.measure import measure
from service.training.pictures import draw
from service.training.report import report

__all__ = ["command"]


@click.command("evaluate")
@click.argument("model")
@DATA
@PROCESSES
@click.option("--out", type=click.Path(path_type=Path), help="Draw pictures of it into this folder.")
@settings_flags("models")
def command(
    model: str,
    data: Path | None,
    processes: int,
    out: Path | None,
    config: Path | None,
    **flags: object,
) -> None:
    """Measure a MODEL, by its name or as an .npz, on the test images of MNIST and on images of no digit."""
    if out is not None:
        check_folder(out)
    measured = measure(find(model, Settings.load(flags, file=config).models), data, processes=processes)
    click.echo(report(measured))
    if out is not None:
        draw(measured, out)
