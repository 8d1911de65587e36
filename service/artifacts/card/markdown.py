"""Markdown around words that others wrote: whatever they are, they stay words."""

import re
from collections.abc import Iterable, Sequence

__all__ = ["plain", "table"]

ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~&$#!])")  # what Markdown may read as more than itself within a line


def plain(text: str) -> str:
    r"""Return what shows a text as it is: behind other words of a line, or in a cell of a table.

    >>> print(plain("a_b | <i>"))
    a\_b \| \<i\>
    """
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return ACTIVE.sub(r"\\\1", shown)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: bool = True) -> str:
    """Write a table of cells that are Markdown already; columns after the first are flush right, or left.

    >>> print(table(["kind", "share"], [["uniform", "3 %"]]))
    | kind | share |
    | --- | ---: |
    | uniform | 3 % |
    """
    rule = ["---"] + ["---:" if right else "---"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))
