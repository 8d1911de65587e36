"""The file of results, in the format that its name asks for."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, TextIO, TypeAlias

import orjson

from service.bulk.rows import Rows

__all__ = ["TABLES"]

Lines: TypeAlias = Iterator[bytes]
Table: TypeAlias = Callable[[Lines, BinaryIO, Rows], None]

ACTIVATIONS = "activations"
GROUP_ROWS = 32 * 1024  # of a Parquet file, which are in memory together: some 30 MB

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "digit": "int16",
        "argmax": "int16",
        "margin": "float32",
        "rejected": "bool",
        "reject_below": "float64",
    }
)
"""How Parquet holds a column, in Arrow's words; others are strings."""


def _jsonl(lines: Lines, file: BinaryIO, _: Rows) -> None:
    file.writelines(lines)


def _csv(lines: Lines, file: BinaryIO, rows: Rows) -> None:
    """Give each activation a column; what is null is empty."""
    text = io.TextIOWrapper(file, "utf-8", newline="")
    table = csv.writer(_EndedByNewline(text))
    names = [f"activation_{i}" for i in range(len(rows.labels))]
    table.writerow(cell for name in rows.members for cell in (names if name == ACTIVATIONS else [name]))
    table.writerows(_cells(orjson.loads(line), len(names)) for line in lines)
    text.detach()


class _EndedByNewline:
    """Ends each row with a newline alone.

    csv before Python 3.13 quotes a carriage return, which a file's name may have, only where rows end in one.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def write(self, row: str) -> None:
        self._text.write(row.removesuffix("\r\n") + "\n")


def _cells(row: Mapping[str, Any], n_out: int) -> Iterator[object]:
    for name, value in row.items():
        if name == ACTIVATIONS:
            yield from value or [None] * n_out
        else:
            yield str(value).lower() if isinstance(value, bool) else value


def _parquet(lines: Lines, file: BinaryIO, rows: Rows) -> None:
    """Let Arrow read the lines, which costs a microsecond each."""
    arrow, json, parquet = map(import_module, ("pyarrow", "pyarrow.json", "pyarrow.parquet"))
    schema = arrow.schema(
        (
            name,
            arrow.list_(arrow.float32())
            if name == ACTIVATIONS
            else arrow.type_for_alias(KINDS.get(name, "string")),
        )
        for name in rows.members
    )
    options = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := b"".join(islice(lines, GROUP_ROWS)):
            writer.write_table(json.read_json(io.BytesIO(group), parse_options=options))


TABLES: Mapping[str, Table] = MappingProxyType({".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl})
"""What writes a file of results, by how its name ends."""
