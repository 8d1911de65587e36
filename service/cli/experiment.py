"""`digits experiment`."""

from pathlib import Path

import click

from service.cli.options import DATA, settings_flags
from service.settings import Settings
from service.training.experiments import EXPERIMENTS, publish, run

__all__ = ["command"]

ALL = "all"


@click.command(
    "experiment",
    epilog="\b\n" + "\n".join(f"{name:16} {each.sentence}" for name, each in EXPERIMENTS.items()),
)
@click.argument("name", type=click.Choice([*EXPERIMENTS, ALL]))
@DATA
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Start everything random from this number."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/experiments"),
    show_default=True,
    help="Write the picture and the numbers into this folder.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    help="Then tell every experiment of that folder in this Markdown file, with pictures/ beside it.",
)
@settings_flags("models")
def command(
    *,
    config: Path | None,
    name: str,
    data: Path | None,
    seed: int,
    out: Path,
    page: Path | None,
    **flags: object,
) -> None:
    """Repeat one of the videos' experiments, or all of them: a picture and its numbers."""
    models = Settings.load(flags, file=config).models
    for each in EXPERIMENTS if name == ALL else (name,):
        run(each, data=data, out=out, seed=seed, report=click.echo, models=models)
    if page is not None:
        publish(out, page)
