"""`digits show`."""

from pathlib import Path

import click

from service.artifacts import Repository
from service.classifier import Classifier
from service.cli.files import CENTER, INVERT, read
from service.cli.options import settings_flags
from service.errors import BadInputError
from service.imaging import Choice, Format, Limits
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
    settings = Settings.load(flags, file=config)
    classifier = Classifier.of(Repository(settings.models).read().find(settings.model))
    classifier.check_that_pictures_are_read()
    limits = Limits(settings.max_side_pixels, settings.max_pixels, frozenset(Format))
    strip = frames(read(file), limits, classifier.preprocessing, invert, center)
    target = Path(f"{'stdin' if file == '-' else Path(file).stem}-steps.png") if out is None else out
    try:
        target.write_bytes(write_filmstrip(strip))
    except OSError as error:
        raise BadInputError(f"{target}: cannot be written ({error.strerror}); name another file") from error
    click.echo(f"{target}: {', '.join(frame.name for frame in strip)}")
