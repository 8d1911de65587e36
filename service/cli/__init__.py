"""`digits …`: each command is a module of this package, imported when it is called."""

import gc
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from traceback import walk_tb
from types import MappingProxyType

import click

from service.errors import ServiceError
from service.threads import one_thread

__all__ = ["COMMANDS", "digits", "main"]

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Serve the models over HTTP.",
        "classify": "Read the digit in each picture.",
        "classify-many": "Read the digits in very many pictures.",
        "show": "Draw each step from a picture to what a network reads.",
        "train": "Train a network and write its artifact.",
        "threshold": "Choose the threshold of a model anew.",
        "evaluate": "Measure a model on the test images.",
        "experiment": "Repeat an experiment of the videos.",
        "models": "List the models that would be served.",
        "inspect": "Show what an artifact says of itself.",
        "card": "Tell what an artifact says of itself as a model card.",
        "verify": "Check an artifact as the service does before serving it.",
        "config": "Show every setting and where it came from.",
        "health": "Ask a running service whether it is ready.",
    }
)


class _Later(click.Command):
    """Stands for a command until it is called, so that the help and the health check start quickly."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        gc.disable()  # what is imported stays; to look through it again and again took a tenth of the start
        command: click.Command = import_module(f"service.cli.{str(self.name).replace('-', '_')}").command
        gc.enable()
        return command.make_context(info_name, args, parent, **extra)


@click.group(commands=[_Later(name, help=sentence) for name, sentence in COMMANDS.items()])
@click.version_option(package_name="digit-service", message="%(version)s")
def digits() -> None:
    """Read handwritten digits, and say when a picture is none."""


def main() -> None:
    """Run the command line: exit 0 when all went well, 1 when not, 2 when it was called wrongly."""
    one_thread()
    try:
        status = digits.main(prog_name="digits", standalone_mode=False)
    except ServiceError as error:
        click.echo(f"digits: {error}", err=True)
        status = 1
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = 130  # as a shell reports a program that Ctrl-C ended
    except OSError as error:
        if not _is_of_the_output(error):
            raise
        told = f"the output cannot be written ({error.strerror}); make room, or send it elsewhere"
        click.echo(f"digits: {told}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries again as it ends
        status = 1
    sys.exit(status)


def _is_of_the_output(error: OSError) -> bool:
    """Find out whether it was raised where something is printed, and not by a file or a connection."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_code is click.echo.__code__
