"""Where the results go: checked before the work begins, and written whole at its end."""

from pathlib import Path

from service.bulk.journal import Journal
from service.bulk.rows import Rows
from service.bulk.tables import TABLES
from service.errors import BadInputError
from service.extras import needs
from service.whole import whole

__all__ = ["check_out", "journal_of", "write_out"]


def journal_of(out: Path) -> Path:
    """Name the journal of a job by its results."""
    return out.with_name(f"{out.name}.journal")


def check_out(out: Path) -> None:
    """Prove that results can be written there.

    Raises:
        BadInputError: the format is unknown, there is no such folder, or it would overwrite finished results.
        ServiceError: a package that writes the format is not installed.
    """
    if out.suffix.lower() not in TABLES:
        raise BadInputError(
            f"{out}: the format is not known; name it {', '.join(f'*{end}' for end in TABLES)}"
        )
    if out.suffix.lower() == ".parquet":
        needs("pyarrow", extra="bulk", what="a .parquet file")
    if not out.parent.is_dir():
        raise BadInputError(f"{out}: there is no folder {str(out.parent)!a}; make it")
    if out.exists() and not journal_of(out).exists():
        raise BadInputError(f"{out}: exists; remove it or name another file")


def write_out(out: Path, journal: Journal, rows: Rows) -> None:
    """Put the results in their place, all at once.

    Raises:
        BadInputError: the disk does not take them.
    """
    try:
        with whole(out) as file:
            TABLES[out.suffix.lower()](journal.lines(), file, rows)
    except OSError as error:
        raise BadInputError(
            f"{out}: cannot be written ({error.strerror}); check the disk and run the same command again"
        ) from error
