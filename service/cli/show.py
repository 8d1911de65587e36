"""`digits show`."""

from pathlib import Path

import click

from service.classifier import Classifier
from service.cli.files import CENTER, INVERT, chosen, read, write
from service.cli.options import settings_flags
from service.imaging import Choice
from service.imaging.filmstrip import frames, write_filmstrip
from service.settings import Settings

__all__ = ["command"]


@click.command("show")
@click.argument("file")
@click.option("--out", type=click.Path(path_type=Path), help="Write the PNG here; else into this folder.")
@INVERT
@CENTER
@settings_flags("models", "model", "max_side_pixels", "max_pixels")
def command(
    file: str, out: Path | None, invert: Choice, center: Choice, config: Path | None, **flags: object
) -> None:
    """Draw each step from the picture in FILE to what a network reads, side by side in one PNG."""
    artifact, limits = chosen(Settings.load(flags, file=config))
    classifier = Classifier.of(artifact)
    classifier.check_that_pictures_are_read()
    strip = frames(read(file), limits, classifier.preprocessing, invert, center)
    target = Path(f"{'stdin' if file == '-' else Path(file).stem}-steps.png") if out is None else out
    write(target, write_filmstrip(strip))
    click.echo(f"{target}: {', '.join(frame.name for frame in strip)}")
