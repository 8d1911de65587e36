"""`python -m benchmarks.serving`: measure, and write the figures, their tables and their chart."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import requests

from benchmarks.serving import report
from benchmarks.serving.costs import cold_starts, memory
from benchmarks.serving.load import Post
from benchmarks.serving.posts import every
from benchmarks.serving.questions import questions
from benchmarks.serving.rounds import Pinned, measure
from benchmarks.serving.servers import ROOT

RESULTS = ROOT / "benchmarks" / "results"


@click.command()
@click.option("--rounds", default=7, help="In which every server has a turn.")
@click.option("--seconds", default=2, help="Of each turn.")
@click.option("--only", multiple=True, help="A word in the names of the questions to be answered.")
@click.option("--server-core", default=0, help="Of every server.")
@click.option("--load-core", default=1, help="Of wrk.")
@click.option("--most", default=0.1, help="Share of the machine that others may use in a round that counts.")
@click.option("--out", type=Path, default=RESULTS, help="Folder for the figures.")
@click.option("--chart", type=Path, help="Draw the first question here, as docs/performance.md shows it.")
def main(  # noqa: PLR0917  # click hands in each option
    rounds: int,
    seconds: int,
    only: tuple[str, ...],
    server_core: int,
    load_core: int,
    most: float,
    out: Path,
    chart: Path | None,
) -> None:
    """Measure how fast this service answers, beside others."""
    pinned, raw = Pinned(server_core, load_core, seconds, most), every()["raw"]

    def wanted(name: str) -> bool:
        return not only or any(word in name for word in only)

    with TemporaryDirectory() as folder:
        found = []
        for question in filter(lambda question: wanted(question.name), questions(Path(folder))):
            tell(question.name)
            answered = measure(question, rounds, pinned, Path(folder), tell)
            found.append({**answered._asdict(), "rows": [row._asdict() for row in answered.rows]})
    figures = {
        "date": datetime.now(UTC).date().isoformat(),
        "questions": found,
        "memory": [one._asdict() for one in memory(raw, server_core, ask)] if wanted("memory") else [],
        "starts": [one._asdict() for one in cold_starts(raw, server_core, rounds)] if wanted("start") else [],
    }
    tell(str(report.write(figures, out)))
    if chart is not None and found:
        report.chart(found[0]["rows"], found[0]["name"], chart)
    click.echo(report.tables(figures))


def ask(url: str, post: Post) -> None:
    """Ask once, over a connection of its own."""
    requests.post(url, post.body, headers={"Content-Type": post.content_type}, timeout=60).raise_for_status()


def tell(line: str) -> None:
    """Say how far it is."""
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
