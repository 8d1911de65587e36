"""Every file is answered exactly once, whatever happens to those who answer."""

import json
import os
import threading
import tracemalloc
import zipfile
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.bulk import Ending, classify_many, find
from service.bulk.found import Found
from service.bulk.out import journal_of
from service.bulk.read import LARGEST_FILE_BYTES, read
from service.bulk.run import TRIES
from service.classifier import Classifier
from service.errors import BadInputError, ImageTooLargeError


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results.jsonl"


def rows_of(out):
    return [json.loads(line) for line in out.read_text().splitlines()]


def names_of(out):
    return [row["name"] for row in rows_of(out)]


def test_every_file_has_one_row_by_name(folder, out, job, here):
    summary = classify_many(find([str(folder)]), out, job, here)
    expected = sorted(str(path) for path in folder.rglob("[0-9]*"))
    assert names_of(out) == expected
    assert summary.n_files == len(expected) == 40
    assert summary.n_passed_over == 2
    assert not journal_of(out).exists()


def test_a_picture_that_cannot_be_read_is_a_row_with_its_code(folder, out, job, here):
    classify_many(find([str(folder)]), out, job, here)
    errors = {Path(row["name"]).name: row["error_code"] for row in rows_of(out) if row["error_code"]}
    assert errors == {"98.png": "not_a_png", "99.PNG": "bad_image"}


def test_rows_are_what_the_classifier_says(folder, out, job, here):
    """Bit for bit where each picture has a forward pass of its own, to 5e-6 where many share one."""
    classify_many(find([str(folder)]), out, job, here)
    classifier = Classifier.of(here._worker._classifier.artifact, limits=job.limits)
    for row in rows_of(out):
        if row["error_code"] is None:
            verdict = classifier.classify(Path(row["name"]).read_bytes()).verdict
            assert np.abs(np.array(row["activations"], np.float32) - verdict.activations).max() <= 5e-6
            assert (row["digit"], row["argmax"]) == (verdict.digit, verdict.argmax)
            assert row["reason"] == verdict.reason


def test_members_of_archives_are_answered_as_the_files_are(folder, out, job, here, tmp_path):
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    classify_many(find([str(folder), str(tmp_path / "scans.zip")]), out, job, here)
    answers = {row.pop("name"): row for row in rows_of(out)}
    packed = {name for name in answers if "scans.zip" in name}
    assert len(packed) == 39
    for name in packed:
        alone = answers[str(folder / name.removeprefix(f"{tmp_path / 'scans.zip'}/"))]
        close = pytest.approx(alone.pop("activations") or [], abs=5e-6)
        assert (answers[name].pop("activations") or []) == close
        alone.pop("margin"), answers[name].pop("margin")
        assert answers[name] == alone


def test_a_file_that_is_named_twice_has_one_row(folder, out, job, here):
    classify_many(
        find([str(folder), str(folder / "00.png"), f"{folder}//00.png", str(folder)]), out, job, here
    )
    assert max(Counter(names_of(out)).values()) == 1


def test_what_is_missing_or_no_file_is_a_row(tmp_path, out, job, here, draw):
    (tmp_path / "1.png").write_bytes(draw(1))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "list.txt").write_text(
        "\n".join(f"{tmp_path}/{name}" for name in ("1.png", "2.png", "pipe.png"))
    )
    summary = classify_many(find([str(tmp_path / "list.txt")]), out, job, here)
    assert [(Path(row["name"]).name, row["error_message"]) for row in rows_of(out)] == [
        ("1.png", None),
        ("2.png", "No such file or directory; name a file that can be read"),
        ("pipe.png", "this is no regular file; name a file"),
    ]
    assert summary.outcomes["failed"] == 2


def test_files_larger_than_memory_should_hold_are_refused(tmp_path):
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(LARGEST_FILE_BYTES + 1)
    with pytest.raises(ImageTooLargeError, match="at most 67108864 are read"):
        read(str(tmp_path / "large.png"))
    with pytest.raises(BadInputError, match="null byte"):
        read("a\0b")


def test_nothing_to_do_is_an_error_and_leaves_nothing(tmp_path, out, job, here):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="there are no pictures among the inputs"):
        classify_many(find([str(tmp_path / "empty")]), out, job, here)
    assert [path.name for path in tmp_path.glob("results*")] == []


def test_a_signal_that_comes_while_a_batch_is_handed_over_ends_the_run_after_it(folder, out, job, here):
    ending = Ending()
    submit = here.submit

    def submit_and_be_told(items):
        if len(here.batches) == 2:
            ending.wish(SystemExit(143))
        return submit(items)

    here.submit = submit_and_be_told
    with pytest.raises(SystemExit, match="143"):
        classify_many(find([str(folder)]), out, job, here, ending=ending)
    assert len(here.batches) == 3
    here.submit = submit
    classify_many(find([str(folder)]), out, job, here)
    assert len(names_of(out)) == len(set(names_of(out))) == 40


def test_a_signal_ends_a_run_that_waits_for_an_answer(folder, out, job, here):
    ending = Ending()

    def wish_soon(_):
        threading.Timer(0.05, ending.wish, [SystemExit(143)]).start()
        return Future()  # that never answers

    here.submit = wish_soon
    with pytest.raises(SystemExit, match="143"):
        classify_many(find([str(folder)]), out, job, here, ending=ending)


def test_a_run_that_was_ended_goes_on_where_it_stopped(folder, out, job, here):
    class Ended(BaseException):
        pass

    def ends(n):
        done.append(n)
        if sum(done) >= 20:
            raise Ended

    done = []
    with pytest.raises(Ended):
        classify_many(find([str(folder)]), out, job, here, ends)
    assert not out.exists()
    first = [name for batch in here.batches for name, _ in batch]

    here.batches.clear()
    classify_many(find([str(folder)]), out, job, here)
    second = [name for batch in here.batches for name, _ in batch]
    assert len(names_of(out)) == 40
    assert len(second) == 40 - sum(done) < len(first) + len(second)


def test_files_that_came_meanwhile_are_answered_too(folder, out, job, here, draw):
    def ends(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify_many(find([str(folder)]), out, job, here, ends)
    (folder / "40.png").write_bytes(draw(40))
    assert classify_many(find([str(folder)]), out, job, here).n_files == 41


def test_a_job_of_another_threshold_does_not_go_on(folder, out, job, here, job_with):
    with pytest.raises(KeyboardInterrupt):
        classify_many(find([str(folder)]), out, job, here, _interrupt)
    with pytest.raises(BadInputError, match=r"begun with reject_below 0\.5"):
        classify_many(find([str(folder)]), out, job_with(reject_below=0.7), here)


def _interrupt(_):
    raise KeyboardInterrupt


@pytest.fixture
def job_with(job):
    return lambda **changes: replace(job, **changes)


class TestAPictureThatEndsProcesses:
    @pytest.fixture
    def deaths(self, here, monkeypatch):
        """Let whoever reads the picture 05.png be ended, as often as a test says; count the times."""
        deaths = Counter(left=10**9)
        answer = here.answer

        def ended(items):
            if any(Path(name).name == "05.png" for name, _ in items) and deaths["left"]:
                deaths["left"] -= 1
                deaths["died"] += 1
                raise KeyError
            return answer(items)

        monkeypatch.setattr(here, "answer", ended)
        return deaths

    def test_is_a_row_and_costs_no_other(self, folder, out, job, here, deaths):
        assert classify_many(find([str(folder)]), out, job, here).n_files == 40
        errors = {Path(row["name"]).name for row in rows_of(out) if row["error_code"] == "internal_error"}
        assert errors == {"05.png"}
        assert deaths["died"] == 1 + 1 + TRIES  # in its batch, in its batch alone, by itself

    @pytest.mark.parametrize("times", [1, 2, 3])
    def test_is_answered_where_it_was_not_to_blame(self, folder, out, job, here, deaths, times):
        deaths["left"] = times
        assert classify_many(find([str(folder)]), out, job, here).n_files == 40
        assert {row["error_code"] for row in rows_of(out)} == {None, "not_a_png", "bad_image"}


def test_no_more_batches_are_in_hand_than_the_crew_can_use(folder, out, job, here):
    told = []
    classify_many(find([str(folder)]), out, job, here, told.append)
    assert max(len(batch) for batch in here.batches) == here.batch_items
    assert sum(told) == 40


def test_bytes_that_travel_bound_a_batch(out, job, here, monkeypatch):
    monkeypatch.setattr("service.bulk.run.BATCH_BYTES", 1000)
    found = [Found(f"{i}.png", lambda: bytes(400)) for i in range(8)]
    classify_many(found, out, job, here)
    assert [len(batch) for batch in here.batches] == [3, 3, 2]


def test_a_crew_that_sees_no_files_gets_their_bytes(folder, out, job, here, monkeypatch):
    monkeypatch.setattr(here, "brings_bytes", True)
    classify_many(find([str(folder)]), out, job, here)
    assert {type(content) for batch in here.batches for _, content in batch} == {bytes}


class Quick:
    """Answers at once, and remembers nothing."""

    broken = ()
    brings_bytes = False
    batch_items = 64
    capacity = 4

    def __init__(self, job):
        self._rows = job.rows()

    def submit(self, items):
        future = Future()
        future.set_result([self._rows.failed(name, BadInputError("no")) for name, _ in items])
        return future


def test_memory_does_not_grow_with_the_files(tmp_path, job):
    """Ten times the files, the same peak; what SQLite holds is not seen here and is bounded by its cache."""
    crew = Quick(job)

    def peak(n_files):
        out = tmp_path / f"{len([*tmp_path.iterdir()])}.jsonl"
        tracemalloc.start()
        try:
            classify_many((Found(f"{i}.png", bytes) for i in range(n_files)), out, job, crew)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000)  # so that what is made once is there
    assert peak(20_000) < peak(2_000) * 1.2
