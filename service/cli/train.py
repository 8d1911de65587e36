"""`digits train`."""

from pathlib import Path

import click

from service.cli.options import ARTIFACTS, DATA, PROCESSES
from service.training.device import DEVICES
from service.training.memory import keep_freed
from service.training.train import run

__all__ = ["command"]


@click.command("train")
@click.argument("recipe")
@DATA
@click.option("--seed", type=int, help="Start everything random from this number, not from the recipe's.")
@ARTIFACTS
@click.option("--version", default="1", show_default=True, help="Give the artifact this version.")
@click.option(
    "--device",
    type=click.Choice([*DEVICES]),
    default="cpu",
    show_default=True,
    help="Compute here; cuda needs CuPy.",
)
@PROCESSES
def command(
    recipe: str,
    *,
    data: Path | None,
    seed: int | None,
    out: Path,
    version: str,
    device: str,
    processes: int,
) -> None:
    """Train a network by a RECIPE, the name of one that comes with the service or a .toml file."""
    keep_freed()
    run(
        recipe,
        data=data,
        seed=seed,
        out=out,
        version=version,
        report=click.echo,
        device=device,
        processes=processes,
    )
