"""The little Markdown that the page is made of."""

from collections.abc import Iterable, Sequence
from textwrap import fill

__all__ = ["reflow", "table"]

WIDTH = 150  # characters of a line of prose


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table.

    >>> print(table(["kind", "share"], [["uniform", "3 %"]]))
    | kind | share |
    | --- | --- |
    | uniform | 3 % |
    """
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def reflow(text: str) -> str:
    """Break the lines of each paragraph anew, and leave tables as they are."""
    return "\n\n".join(
        block if block.startswith("|") else fill(block, WIDTH, break_on_hyphens=False)
        for block in text.split("\n\n")
    )
