"""What the commands that look at pictures share, and how commands write a file."""

import sys
from pathlib import Path

import click

from service.artifacts import Artifact, Repository
from service.cli.options import Decorator
from service.errors import BadInputError
from service.imaging import Choice, Format, Limits
from service.settings import Settings
from service.whole import prove_writable, whole

__all__ = ["CENTER", "INVERT", "check_folder", "chosen", "read", "write"]


def _choice(flag: str, sentence: str) -> Decorator:
    return click.option(
        flag, type=click.Choice([*Choice], case_sensitive=False), default=Choice.AUTO, help=sentence
    )


INVERT = _choice("--invert", "Say whether ink is darker than paper.")
CENTER = _choice("--center", "Say whether to frame the ink as MNIST does.")


def read(file: str) -> bytes:
    """Read a file, or the standard input where it is named -.

    Raises:
        BadInputError: it cannot be read.
    """
    if file == "-" and sys.stdin is None:  # as Python has it where whoever started this process closed it
        raise BadInputError("the standard input is closed; name a file, or send it a picture")
    try:
        with click.open_file(file, "rb") as stream:
            content: bytes = stream.read()
    except OSError as error:
        raise BadInputError(f"{error.strerror}; name a file that can be read") from error
    return content


def chosen(settings: Settings) -> tuple[Artifact, Limits]:
    """Return the model that settings choose, and the limits of pictures: every format is read here.

    Raises:
        BadArtifactError: the folder of models has a bad one, or none.
        UnknownModelError: it has none of that name.
    """
    limits = Limits(settings.max_side_pixels, settings.max_pixels, frozenset(Format))
    return Repository(settings.models).read().find(settings.model), limits


def check_folder(folder: Path) -> None:
    """Prove, before there is anything to write, that a folder takes it; made where it is missing.

    Raises:
        BadInputError: it cannot be written to.
    """
    try:
        prove_writable(folder)
    except OSError as error:
        raise BadInputError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error


def write(path: Path, content: bytes) -> None:
    """Write a file, as a whole or not at all.

    Raises:
        BadInputError: it cannot be written.
    """
    try:
        with whole(path) as file:
            file.write(content)
    except OSError as error:
        raise BadInputError(f"{path}: cannot be written ({error.strerror}); name another file") from error
