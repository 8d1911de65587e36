"""`digits classify-many`."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import click

from service.bulk import (
    Cores,
    Crew,
    Ending,
    Job,
    Outcome,
    Summary,
    check_out,
    classify_many,
    find,
    journal_of,
)
from service.cli.files import CENTER, INVERT, chosen
from service.cli.options import settings_flags
from service.extras import needs
from service.imaging import Choice
from service.settings import Settings, usable_cores

__all__ = ["command"]

Report: TypeAlias = Callable[[int], object]
TERMINATED = 128 + signal.SIGTERM  # as a shell reports a program that a signal ended


@click.command("classify-many")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUTS...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Write the results into this file, *.parquet, *.csv or *.jsonl.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    show_default="the cores one may use",
    help="Work with so many processes of this machine.",
)
@click.option(
    "--dask", "address", metavar="ADDRESS", help="Let the Dask cluster there do it, as tcp://scheduler:8786."
)
@click.option(
    "--singly", is_flag=True, help="Answer bit for bit as `digits classify` does, which takes longer."
)
@INVERT
@CENTER
@settings_flags("models", "model", "reject_below", "max_side_pixels", "max_pixels")
def command(
    *,
    inputs: tuple[str, ...],
    out: Path,
    workers: int | None,
    address: str | None,
    singly: bool,
    invert: Choice,
    center: Choice,
    config: Path | None,
    **flags: str | None,
) -> None:
    """Read the digits in very many pictures: one row a file, by name.

    INPUTS are pictures (PNG, JPEG, WebP), folders, zip and tar archives, .txt lists of files, one a line,
    and patterns of any of these; - is a list on the standard input. A picture that cannot be read is a row
    that says why. What was ended in whatever way goes on when the same command is run again.
    """
    settings = Settings.load(flags, file=config)
    check_out(out)
    found = find(inputs)
    job = _job(settings, invert=invert, center=center, singly=singly)
    with _told_how_to_go_on(out) as ending, _progress() as report, _crew(job, workers, address) as crew:
        summary = classify_many(found, out, job, crew, report, ending=ending)
    click.echo(_words(out, summary))


def _job(settings: Settings, *, invert: Choice, center: Choice, singly: bool) -> Job:
    artifact, limits = chosen(settings)
    return Job(artifact.content, limits, settings.reject_below, invert, center, singly)


def _crew(job: Job, workers: int | None, address: str | None) -> AbstractContextManager[Crew]:
    if address is None:
        return Cores(job, workers or usable_cores())
    if workers is not None:
        raise click.UsageError("--workers and --dask exclude each other")
    needs("distributed", extra="dask", what="--dask")
    from service.bulk.cluster import Cluster  # noqa: PLC0415  # its extra is needed here alone

    return Cluster(job, address)


@contextmanager
def _progress() -> Iterator[Report]:
    """Show how many files are answered, where somebody watches and tqdm is there."""
    if not (sys.stderr.isatty() and find_spec("tqdm")):
        yield lambda _: None
        return
    from tqdm import tqdm  # noqa: PLC0415  # it may not be there

    with tqdm(unit=" files", smoothing=0.1) as bar:
        yield bar.update


@contextmanager
def _told_how_to_go_on(out: Path) -> Iterator[Ending]:
    """Let SIGTERM end the work as Ctrl-C does, and say that nothing is lost."""
    ending = Ending()
    with (
        _handled(signal.SIGINT, lambda: ending.wish(KeyboardInterrupt())),
        _handled(signal.SIGTERM, lambda: ending.wish(SystemExit(TERMINATED))),
    ):
        try:
            yield ending
        except (KeyboardInterrupt, SystemExit):
            click.echo(
                f"digits: ended; {journal_of(out)} has the answers so far, the same command goes on", err=True
            )
            raise


@contextmanager
def _handled(number: signal.Signals, act: Callable[[], object]) -> Iterator[None]:
    """Act on a signal, unless whoever started this process had it ignored, as nohup and & do."""
    before = signal.getsignal(number)
    if before == signal.SIG_IGN:
        yield
        return

    def handle(_: int, __: FrameType | None) -> None:
        act()

    signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


def _words(out: Path, summary: Summary) -> str:
    outcomes = summary.outcomes
    words = (
        f"{out}: {summary.n_files:,} files, {outcomes[Outcome.READ]:,} digits, "
        f"{outcomes[Outcome.REJECTED]:,} rejected, {outcomes[Outcome.FAILED]:,} could not be read"
    )
    passed_over = summary.n_passed_over
    return f"{words}; {passed_over:,} others are not named like pictures" if passed_over else words
