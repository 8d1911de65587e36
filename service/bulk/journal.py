"""What was answered so far, on disk: a job that was ended in whatever way goes on from here.

SQLite keeps it, so that a crash at any byte leaves every answer whole or absent, and no file has two.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from types import MappingProxyType, TracebackType
from typing import Self

import orjson

from service.bulk.rows import Outcome, Row
from service.errors import BadInputError

__all__ = ["Journal"]

SYNC_SECONDS = 1.0  # after which answers are made to last; what is newer is made again after a crash
FETCHED = 256  # lines at a time
SCHEMA = """
CREATE TABLE IF NOT EXISTS job (description BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    name BLOB PRIMARY KEY, outcome TEXT NOT NULL, line BLOB NOT NULL
) WITHOUT ROWID;
"""
PRAGMAS = (
    "page_size = 16384",  # holds some forty rows
    "locking_mode = EXCLUSIVE",  # one run at a time
    "journal_mode = WAL",
    "synchronous = FULL",
)


class Journal:
    """The rows of one job, each under the name of its file."""

    def __init__(self, path: Path, description: Mapping[str, object]) -> None:
        """Open the journal of a job, or begin it.

        Args:
            path: of the journal.
            description: what must be the same whenever the job goes on.

        Raises:
            BadInputError: it cannot be written, another run holds it, or it has another description.
        """
        self.path = path
        self._synced = monotonic()
        with self._translated():
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._begin(orjson.dumps(description, option=orjson.OPT_SORT_KEYS))
        except BaseException:
            self._database.close()
            raise

    def _begin(self, description: bytes) -> None:
        with self._translated():
            for pragma in PRAGMAS:
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(SCHEMA)
            self._database.execute("BEGIN IMMEDIATE")
            begun = self._database.execute("SELECT description FROM job").fetchone()
            if begun is None:
                self._database.execute("INSERT INTO job VALUES (?)", (description,))
                self._sync()
        if begun is not None and begun[0] != description:
            raise BadInputError(_differs(self.path, begun[0], description))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make what was answered last."""
        with closing(self._database), self._translated():
            if self._database.in_transaction:
                self._database.execute("COMMIT")

    def __contains__(self, name: str) -> bool:
        found = self._database.execute("SELECT 1 FROM rows WHERE name = ?", (_key(name),))
        return found.fetchone() is not None

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows; of a file that has one already the first stays.

        Raises:
            BadInputError: the disk does not take them.
        """
        values = ((_key(row.name), row.outcome, row.line) for row in rows)
        with self._translated():
            self._database.executemany("INSERT OR IGNORE INTO rows VALUES (?, ?, ?)", values)
            if monotonic() - self._synced >= SYNC_SECONDS:
                self._sync()

    def _sync(self) -> None:
        self._database.execute("COMMIT")
        self._database.execute("BEGIN IMMEDIATE")
        self._synced = monotonic()

    def lines(self) -> Iterator[bytes]:
        """Go through the lines by the names of their files, as bytes compare."""
        cursor = self._database.execute("SELECT line FROM rows ORDER BY name")
        while some := cursor.fetchmany(FETCHED):
            for (line,) in some:
                yield line

    def counts(self) -> Mapping[Outcome, int]:
        """Count the rows of each outcome."""
        found = dict(self._database.execute("SELECT outcome, COUNT(*) FROM rows GROUP BY outcome"))
        return MappingProxyType({outcome: found.get(outcome.value, 0) for outcome in Outcome})

    def remove(self) -> None:
        """Delete the journal of a job that is done, once it is closed."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say in one line what SQLite complains of."""
        try:
            yield
        except sqlite3.Error as error:
            cause = next(
                (cause for code, cause in CAUSES.items() if error.sqlite_errorcode & 0xFF == code), str(error)
            )
            raise BadInputError(f"{self.path}: {cause}") from error


CAUSES: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: "is in use by another run; let that one end",
        sqlite3.SQLITE_NOTADB: "is no journal of such a job; move it away",
        sqlite3.SQLITE_CORRUPT: "is damaged; remove it and begin anew",
        sqlite3.SQLITE_FULL: "the disk is full; make room and run the same command again",
        sqlite3.SQLITE_CANTOPEN: "cannot be written; check the folder and its permissions",
        sqlite3.SQLITE_READONLY: "cannot be written; check its permissions",
        sqlite3.SQLITE_IOERR: "cannot be written; check the disk and run the same command again",
    }
)
"""What is wrong, by SQLite's primary error code, and what to do."""


def _key(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _differs(path: Path, begun: bytes, now: bytes) -> str:
    before, after = orjson.loads(begun), orjson.loads(now)
    differs = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    was = ", ".join(f"{name} {before.get(name)}" for name in differs)
    return f"{path}: the job was begun with {was}; go on with that, or remove the journal to begin anew"
