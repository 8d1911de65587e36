"""What was answered outlives whatever ends a run."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from service.bulk import journal as module
from service.bulk.journal import Journal
from service.bulk.rows import Outcome, Row
from service.errors import BadInputError

DESCRIPTION = {"model": "tiny@1", "reject_below": 0.5}


def row(name, outcome=Outcome.READ):
    return Row(name, outcome, f'{{"name":"{name}"}}\n'.encode(errors="surrogateescape"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl.journal"


@pytest.fixture
def begin(path):
    return lambda **changes: Journal(path, DESCRIPTION | changes)


def test_rows_are_there_when_it_is_opened_again(begin):
    with begin() as journal:
        journal.add([row("b.png"), row("a.png", Outcome.FAILED)])
    with begin() as journal:
        assert "a.png" in journal
        assert "c.png" not in journal
        assert [*journal.lines()] == [b'{"name":"a.png"}\n', b'{"name":"b.png"}\n']


def test_lines_come_by_name_however_many_there_are(begin):
    names = [f"{i:05}.png" for i in range(3000)]
    with begin() as journal:
        for at in range(0, 3000, 100):
            journal.add([row(name) for name in names[at : at + 100][::-1]])
        assert [line.decode() for line in journal.lines()] == [f'{{"name":"{name}"}}\n' for name in names]


def test_a_file_has_one_row_and_the_first_stays(begin):
    with begin() as journal:
        journal.add([row("a.png", Outcome.REJECTED), row("a.png", Outcome.FAILED)])
        journal.add([row("a.png", Outcome.READ)])
        assert journal.counts() == {Outcome.READ: 0, Outcome.REJECTED: 1, Outcome.FAILED: 0}


def test_names_are_bytes_whatever_they_stand_for(begin):
    name = os.fsdecode(b"no\xffutf8\n.png")
    with begin() as journal:
        journal.add([row(name)])
        assert name in journal


def test_two_runs_at_once_are_refused(begin):
    with begin(), pytest.raises(BadInputError, match="is in use by another run; let that one end"):
        begin()
    with begin():
        pass


def test_another_job_is_refused_and_the_difference_named(begin):
    with begin():
        pass
    with pytest.raises(BadInputError, match=r"the job was begun with reject_below 0\.5; go on with that"):
        begin(reject_below=0.9)


def test_what_is_no_journal_is_refused(begin, path):
    path.write_bytes(b"not a database at all, and longer than its header would be" * 40)
    with pytest.raises(BadInputError, match="is no journal of such a job; move it away"):
        begin()


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="cannot be written; check the folder"):
        Journal(tmp_path / "nowhere" / "a.journal", DESCRIPTION)


def test_a_full_disk_is_one_line(begin):
    with begin() as journal:
        journal._database.execute("PRAGMA max_page_count = 8")  # as large as the disk is
        with pytest.raises(BadInputError, match="the disk is full; make room and run the same command again"):
            journal.add(row(f"{i}" * 100) for i in range(1000))


def test_an_error_of_another_kind_is_told_too(begin):
    with begin() as journal, pytest.raises(BadInputError, match="no such table"), journal._translated():
        journal._database.execute("SELECT 1 FROM absent")


WRITER = """
import sys
from service.bulk import journal
from service.bulk.rows import Outcome, Row
journal.SYNC_SECONDS = 0
with journal.Journal(journal.Path(sys.argv[1]), {}) as kept:
    for i in range(10**9):
        kept.add([Row(f"{i}.{j}", Outcome.READ, b"%d.%d\\n" % (i, j)) for j in range(3)])
        print(i, flush=True)
"""


def test_what_was_synced_outlives_kill_9(path):
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as process:
        last = next(int(line) for line in process.stdout if int(line) >= 20)
        process.send_signal(signal.SIGKILL)
    with Journal(path, {}) as journal:
        lines = [*journal.lines()]
    assert len(lines) % 3 == 0  # a batch is kept whole or not at all
    assert {b"%d.%d\n" % (i, j) for i in range(last) for j in range(3)} <= set(lines)


def test_a_journal_that_was_torn_anywhere_opens_with_whole_rows(tmp_path, begin, path, monkeypatch):
    """As a power failure leaves it: the log of what is not yet in the database ends at any byte."""
    monkeypatch.setattr(module, "SYNC_SECONDS", 0)
    torn = tmp_path / "torn.journal"
    with begin() as journal:
        for i in range(4):
            journal.add([row(f"{i}.png")])
        shutil.copy(path, tmp_path / "kept")
        log = (tmp_path / "results.jsonl.journal-wal").read_bytes()
    whole = {f'{{"name":"{i}.png"}}\n'.encode() for i in range(4)}
    seen = set()
    for length in [*range(0, len(log), 1021), len(log)]:
        shutil.copy(tmp_path / "kept", torn)
        torn.with_name("torn.journal-wal").write_bytes(log[:length])
        with Journal(torn, DESCRIPTION) as journal:
            lines = [*journal.lines()]
        assert set(lines) <= whole
        seen.add(len(lines))
        for file in tmp_path.glob("torn.journal*"):
            file.unlink()
    assert {0, 4} <= seen


def test_every_cause_is_told_in_words_of_ours():
    assert all(isinstance(code, int) and ";" in told for code, told in module.CAUSES.items())
    assert sqlite3.SQLITE_FULL in module.CAUSES
