"""The three formats say the same."""

import csv
import errno
import io
import os
import sys
from dataclasses import replace

import numpy as np
import orjson
import pyarrow.parquet
import pytest

from service.bulk.job import Worker
from service.bulk.journal import Journal
from service.bulk.out import check_out, journal_of, write_out
from service.bulk.rows import Outcome, Rows
from service.bulk.tables import TABLES
from service.errors import BadImageError, BadInputError, ServiceError
from service.verdict import decide


@pytest.fixture
def rows():
    return Rows("tiny", "1", tuple("0123456789"), 0.5)


def activations(digit, strength=0.9):
    values = np.full(10, 0.1, np.float32) + np.arange(10, dtype=np.float32) / 700
    values[digit] = strength
    return values


@pytest.fixture
def three(rows):
    """A digit, a rejected picture and one that could not be read."""
    return [
        rows.answered("a.png", decide(activations(3), 0.5)),
        rows.answered('b, "quoted"\n.png', decide(activations(7, 0.4), 0.5)),
        rows.failed("c.png", BadImageError("a chunk is cut off; send it anew")),
    ]


def written(suffix, rows, some):
    file = io.BytesIO()
    TABLES[suffix]((row.line for row in some), file, rows)
    assert not file.closed
    file.seek(0)
    return file


def test_a_row_says_what_the_verdict_says(three):
    assert orjson.loads(three[0].line) == {
        "name": "a.png",
        "model": "tiny",
        "model_version": "1",
        "digit": 3,
        "argmax": 3,
        "activations": pytest.approx(activations(3), abs=1e-7),
        "margin": pytest.approx(0.9 - 0.1 - 9 / 700, abs=1e-6),
        "rejected": False,
        "reason": None,
        "reject_below": 0.5,
        "error_code": None,
        "error_message": None,
    }
    assert [row.outcome for row in three] == [Outcome.READ, Outcome.REJECTED, Outcome.FAILED]


def test_every_row_has_the_same_members_in_the_same_order(rows, three):
    assert {tuple(orjson.loads(row.line)) for row in three} == {rows.members}


def test_a_rejected_picture_has_no_digit_and_a_reason(three):
    row = orjson.loads(three[1].line)
    assert (row["digit"], row["argmax"], row["rejected"], row["reason"]) == (None, 7, True, "weak")


def test_an_error_has_its_code_and_its_message(three):
    row = orjson.loads(three[2].line)
    assert (row["error_code"], row["error_message"]) == ("bad_image", "a chunk is cut off; send it anew")
    assert (row["digit"], row["activations"], row["rejected"]) == (None, None, None)


def test_an_error_that_nobody_foresaw_says_nothing_of_a_library(rows):
    row = orjson.loads(rows.failed("a.png", ValueError("/secret/path")).line)
    assert row["error_code"] == "internal_error"
    assert row["error_message"] == "something went wrong in here (ValueError); please report this picture"


def test_a_model_with_other_labels_names_them(rows):
    letters = replace(rows, labels=tuple("abcdefghij"))
    row = orjson.loads(letters.answered("a.png", decide(activations(3), 0.5)).line)
    assert (row["label"], row["argmax"]) == ("d", 3)
    assert tuple(row) == letters.members
    [told] = pyarrow.parquet.read_table(
        written(".parquet", letters, [letters.answered("a.png", decide(activations(3), 0.5))])
    ).to_pylist()
    assert told["label"] == "d"


def test_a_name_that_is_no_utf_8_is_told_as_far_as_it_can_be(rows):
    row = orjson.loads(rows.failed("ü\udcff.png", BadInputError("no")).line)
    assert row["name"] == "ü\ufffd.png"


def test_jsonl_is_the_lines(rows, three):
    assert written(".jsonl", rows, three).read() == b"".join(row.line for row in three)


def test_csv_has_a_column_for_each_activation(rows, three):
    text = io.TextIOWrapper(written(".csv", rows, three), "utf-8", newline="")
    table = [*csv.DictReader(text)]
    lines = [orjson.loads(row.line) for row in three]
    for read, line in zip(table, lines, strict=True):
        values = [read.pop(f"activation_{i}") for i in range(10)]
        line_values = line.pop("activations") or [None] * 10
        assert [float(value) if value else None for value in values] == line_values
        assert read == {name: as_csv(value) for name, value in line.items()}


@pytest.mark.parametrize("name", ["a\rb.png", "a\nb.png", "a\r\nb.png", "\r"])
def test_a_name_with_an_end_of_line_in_it_is_one_cell_of_csv(rows, name):
    text = io.TextIOWrapper(written(".csv", rows, [rows.failed(name, BadInputError("no"))]), newline="")
    assert [row["name"] for row in csv.DictReader(text)] == [name]


def as_csv(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_parquet_has_the_same_numbers_bit_for_bit(rows, three):
    table = pyarrow.parquet.read_table(written(".parquet", rows, three))
    assert table.schema.names == [*rows.members]
    assert str(table.schema.field("activations").type).startswith("list<")
    for read, row in zip(table.to_pylist(), three, strict=True):
        line = orjson.loads(row.line)
        numbers, told = read.pop("activations"), line.pop("activations")
        assert np.array_equal(np.array(numbers, np.float32), np.array(told, np.float32)) or numbers is told
        margin, told = read.pop("margin"), line.pop("margin")
        assert margin is told or np.float32(margin) == np.float32(told)
        assert read == line


def test_parquet_is_written_a_group_at_a_time(rows, three, monkeypatch):
    monkeypatch.setattr("service.bulk.tables.GROUP_ROWS", 2)
    file = pyarrow.parquet.ParquetFile(written(".parquet", rows, three))
    assert (file.num_row_groups, file.metadata.num_rows) == (2, 3)


def test_no_rows_are_an_empty_table(rows):
    assert written(".jsonl", rows, []).read() == b""
    assert written(".csv", rows, []).read().count(b"\n") == 1
    assert pyarrow.parquet.read_table(written(".parquet", rows, [])).num_rows == 0


class TestWhereResultsGo:
    def test_an_unknown_format_is_refused(self, tmp_path):
        with pytest.raises(BadInputError, match=r"name it \*.parquet, \*.csv, \*.jsonl"):
            check_out(tmp_path / "results.xlsx")

    def test_a_folder_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(BadInputError, match="there is no folder"):
            check_out(tmp_path / "nowhere" / "results.csv")

    def test_finished_results_are_not_overwritten(self, tmp_path):
        (tmp_path / "results.csv").touch()
        with pytest.raises(BadInputError, match="exists; remove it or name another file"):
            check_out(tmp_path / "results.csv")

    def test_a_job_that_was_ended_while_it_tidied_up_may_go_on(self, tmp_path):
        out = tmp_path / "results.csv"
        out.touch()
        journal_of(out).touch()
        check_out(out)

    def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing(self, tmp_path, rows, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("service.bulk.out.TABLES", {".csv": full})
        told = pytest.raises(BadInputError, match=r"a\.csv: cannot be written \(No space left on device\)")
        with Journal(tmp_path / "a.journal", {}) as journal, told:
            write_out(tmp_path / "a.csv", journal, rows)
        assert [path.name for path in tmp_path.iterdir()] == ["a.journal"]

    def test_parquet_without_its_package_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ServiceError, match=r"pip install 'digit-service\[bulk\]'"):
            check_out(tmp_path / "results.parquet")
        check_out(tmp_path / "results.csv")


def test_a_fault_of_ours_costs_one_picture(job, draw, monkeypatch):
    worker = Worker(job)
    see = type(worker._classifier).see

    def fails(self, png, **options):
        if png == draw(1):
            raise MemoryError
        return see(self, png, **options)

    monkeypatch.setattr(type(worker._classifier), "see", fails)
    rows = worker.answer([(str(i), draw(i)) for i in range(3)])
    assert [orjson.loads(row.line)["error_code"] for row in rows] == [None, "internal_error", None]
