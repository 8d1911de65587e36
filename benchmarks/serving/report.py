"""The figures as JSON, as tables of Markdown, and as a chart."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from service.training.experiments.markdown import table

__all__ = ["chart", "tables", "write"]

Figures = Mapping[str, Any]
MIB = 2**20
HEADER = ("", "images a second", "µs of CPU an image", "by requests", "by CPU", "p50 ms", "p99 ms", "failed")
OURS, THEIRS, GREY = "#0072B2", "#999999", "#444444"


def tables(figures: Figures) -> str:
    """Write everything that was measured as Markdown."""
    blocks = [_question(question) for question in figures["questions"]]
    if figures["memory"]:
        rows = [
            (str(one["workers"]), f"{one['together'] / MIB:.0f}", f"{one['own'] / MIB:.1f}")
            for one in figures["memory"]
        ]
        blocks.append("**Memory**\n\n" + table(("workers", "MiB in all", "MiB of each worker's own"), rows))
    if figures["starts"]:
        starts = [(one["name"], f"{1000 * one['seconds']:.0f}") for one in figures["starts"]]
        blocks.append("**Cold start**\n\n" + table(("", "ms to the first answer"), starts))
    return "\n\n".join(blocks)


def _question(question: Figures) -> str:
    left_out = f", {question['left_out']} left out" if question["left_out"] else ""
    said = (
        f"**{question['name']}** (ratios to {question['reference']}; {question['rounds']} rounds{left_out}, "
        f"others used {question['others']:.0%} of the machine)"
    )
    absent = [f"{name} is left out: {why.splitlines()[0]}" for name, why in question["absent"].items()]
    return "\n\n".join([said, table(HEADER, map(_cells, question["rows"])), *absent])


def _cells(row: Figures) -> tuple[str, ...]:
    return (
        row["name"],
        f"{row['per_second']:,.0f}",
        f"{row['cpu_us']:,.0f}",
        f"{row['faster']:.2f}",
        f"{row['cheaper']:.2f}",
        f"{1000 * row['p50']:.1f}",
        f"{1000 * row['p99']:.1f}",
        str(row["failed"]),
    )


def write(figures: Figures, folder: Path) -> Path:
    """Write <date>.json, and the chart of the first question beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{figures['date']}.json"
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return path


def chart(rows: Iterable[Figures], title: str, path: Path) -> None:
    """Draw images a second on one core, the fastest on top."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the backend is chosen

    ordered = sorted(rows, key=lambda row: row["per_second"])
    names, heights = [row["name"] for row in ordered], [row["per_second"] for row in ordered]
    figure, axes = plt.subplots(figsize=(7, 0.36 * len(ordered) + 0.8), layout="constrained")
    colours = [OURS if name.startswith("digit-service") else THEIRS for name in names]
    bars = axes.barh(names, heights, color=colours)
    axes.bar_label(bars, [f"{height:,.0f}" for height in heights], padding=3, color=GREY)
    axes.set_title(title, loc="left")
    axes.set_xlim(0, 1.12 * max(heights))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("requests a second, server on one core")
    figure.savefig(path, dpi=120)
    plt.close(figure)
