"""What the commands that look at pictures share."""

import sys

import click

from service.cli.options import Decorator
from service.errors import BadInputError
from service.imaging import Choice

__all__ = ["CENTER", "INVERT", "read"]


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
