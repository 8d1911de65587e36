"""`digits threshold`."""

from pathlib import Path

import click

from service.cli.artifact import find
from service.cli.options import ARTIFACTS, DATA, PROCESSES, settings_flags
from service.settings import Settings
from service.training.recipes import Rejection
from service.training.rethreshold import run

__all__ = ["command"]

SHARE = click.FloatRange(0, 1, max_open=True)
USUAL = Rejection()


@click.command("threshold")
@click.argument("model")
@click.option(
    "--most-digits",
    type=SHARE,
    default=USUAL.most_digits,
    show_default=True,
    help="Reject at most this share of digits, where a threshold does.",
)
@click.option(
    "--most-trash",
    type=SHARE,
    default=USUAL.most_trash,
    show_default=True,
    help="Accept at most this share of trash, on the average of its kinds, where that limit allows it.",
)
@DATA
@ARTIFACTS
@click.option("--version", help="Give the artifact this version, and not the one that it has.")
@PROCESSES
@settings_flags("models")
def command(
    model: str,
    *,
    most_digits: float,
    most_trash: float,
    data: Path | None,
    out: Path,
    version: str | None,
    processes: int,
    config: Path | None,
    **flags: object,
) -> None:
    """Choose the threshold of a MODEL anew, by its name or of an .npz; its weights stay as they are."""
    run(
        find(model, Settings.load(flags, file=config).models),
        rejection=Rejection(most_digits=most_digits, most_trash=most_trash),
        data=data,
        out=out,
        version=version,
        report=click.echo,
        processes=processes,
    )
