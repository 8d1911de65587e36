"""`digits classify-many` as a user runs it, and as it is ended."""

import io
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from select import select
from typing import NamedTuple

import psutil
import pyarrow.parquet
import pytest

from service.bulk import Cores
from service.cli import main

pytestmark = pytest.mark.timeout(300)  # several processes start, on whatever machine


INTERRUPTED = """
import os, signal, sys
if any("multiprocessing.forkserver" in argument for argument in sys.orig_argv):
    os.killpg(0, signal.SIGINT)
"""


def command(*arguments):
    return [sys.executable, "-m", "service", "classify-many", *map(str, arguments)]


class Done(NamedTuple):
    """How a command ended."""

    status: int | str | None
    out: str
    err: str


@pytest.fixture
def tiny(artifact_folder):
    """Flags that choose the small model."""
    return ("--models", artifact_folder, "--model", "tiny")


@pytest.fixture
def digits(tmp_path, monkeypatch, capfd):
    """Run the command line in this process."""
    for variable in [name for name in os.environ if name.startswith("DIGITS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["digits", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return Done(exit_.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def many(digits, tiny, monkeypatch):
    """Run classify-many to its end with the small model and two processes."""

    def many(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        return digits("classify-many", *tiny, "--workers", 2, *arguments)

    return many


@pytest.fixture
def fed(tiny, tmp_path, folder):
    """Start the command with a list that never ends: each name is a picture's or leads nowhere."""

    class Fed:
        """A run that is fed names."""

        def __init__(self, process, out):
            self.process = process
            self.journal = Path(f"{out}.journal")
            self.names = []
            self._numbers = count()

        def feed(self, n):
            names = [f"{folder}/{next(self._numbers):02}.png" for _ in range(n)]
            self.process.stdin.write("".join(f"{name}\n" for name in names))
            self.process.stdin.flush()
            self.names += names

        def feed_until_rows_are_on_disk(self):
            while not self._rows_after_a_crash():
                self.feed(50)

        def _rows_after_a_crash(self):
            """Count the rows that a crash now would leave, in copies, as the run holds its own."""
            shutil.rmtree(tmp_path / "crashed", ignore_errors=True)
            (tmp_path / "crashed").mkdir()
            for file in tmp_path.glob(f"{self.journal.name}*"):
                shutil.copy(file, tmp_path / "crashed")
            try:
                return rows_in(tmp_path / "crashed" / self.journal.name)
            except sqlite3.OperationalError:  # there is no journal yet, or no table in it
                return 0

        def workers(self):
            """The processes that answer: children of the one that this one forks them from."""
            children = psutil.Process(self.process.pid).children()
            return [worker for child in children for worker in child.children()]

    @contextmanager
    def fed(*arguments, out="results.jsonl"):
        arguments = ("-", "--out", tmp_path / out, *tiny, "--workers", 1, *arguments)
        process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield Fed(process, tmp_path / out)
            finally:
                process.kill()

    return fed


def rows_in(journal):
    """Count the rows of a journal that nobody holds."""
    with closing(sqlite3.connect(journal)) as database:
        return database.execute("SELECT COUNT(*) FROM rows").fetchone()[0]


def mark(journal):
    """Change a row in a way that shows whether it is made again; return its file's name."""
    with closing(sqlite3.connect(journal)) as database, database:
        [(name, line)] = database.execute("SELECT name, line FROM rows LIMIT 1")
        marked = line.replace(b'"model":"tiny"', b'"model":"mark"')
        database.execute("UPDATE rows SET line = ? WHERE name = ?", (marked, name))
    return name.decode()


def rows_of(out):
    return {row["name"]: row for row in map(json.loads, out.read_text().splitlines())}


class TestResults:
    def test_are_told_in_one_line(self, many, folder, tmp_path):
        done = many(folder, "--out", "results.jsonl")
        rows = rows_of(tmp_path / "results.jsonl").values()
        n_rejected = sum(row["rejected"] or False for row in rows)
        assert (done.status, done.err) == (0, "")
        assert done.out == (
            f"results.jsonl: 40 files, {38 - n_rejected} digits, {n_rejected} rejected, 2 could not be read; "
            "2 others are not named like pictures\n"
        )

    @pytest.mark.parametrize("singly", [True, False])
    def test_are_those_of_classify(self, many, digits, tiny, folder, tmp_path, singly):
        """Bit for bit where each picture has a forward pass of its own, else to 5e-6."""
        many(folder, "--out", "results.jsonl", "--reject-below", 0.3, *(["--singly"] if singly else []))
        files = sorted(str(path) for path in folder.rglob("[0-9]*"))
        told = digits("classify", "--json", *tiny, "--reject-below", 0.3, *files)
        rows = rows_of(tmp_path / "results.jsonl")
        singles = [json.loads(line) for line in told.out.splitlines()]
        assert len(singles) == 38
        for single in singles:
            row = rows[single["name"]]
            if not singly:
                assert row.pop("activations") == pytest.approx(single.pop("activations"), abs=5e-6)
                assert row.pop("margin") == pytest.approx(single.pop("margin"), abs=5e-6)
            assert {name: row[name] for name in single} == single
        for name, row in rows.items():
            if row["error_code"]:
                assert f"digits: {name}: {row['error_message']}\n" in told.err

    def test_do_not_depend_on_the_format(self, many, folder, tmp_path):
        for suffix in ("jsonl", "parquet"):
            many(folder, "--out", f"results.{suffix}", "--singly")
        table = pyarrow.parquet.read_table(tmp_path / "results.parquet").to_pylist()
        rows = rows_of(tmp_path / "results.jsonl")
        assert [row["name"] for row in table] == [*rows]
        assert [row["digit"] for row in table] == [row["digit"] for row in rows.values()]

    def test_are_not_overwritten(self, many, folder):
        assert many(folder, "--out", "results.csv").status == 0
        done = many(folder, "--out", "results.csv")
        assert (done.status, done.err) == (
            1,
            "digits: results.csv: exists; remove it or name another file\n",
        )


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (
                ["nothing", "--out", "a.csv"],
                "digits: there is no 'nothing'; name pictures, folders, archives",
            ),
            (["scans", "--out", "a.txt"], "digits: a.txt: the format is not known; name it *.parquet"),
            (["scans", "--out", "no/a.csv"], "digits: no/a.csv: there is no folder 'no'; make it"),
            (["scans", "--out", "a.csv", "--model", "none"], "digits: there is no model 'none'"),
            (["scans", "--out", "a.csv", "--model", "four-pixel", "--models", "ours"], "and no PNG"),
        ],
    )
    def test_are_one_line_and_leave_nothing(self, many, folder, tmp_path, arguments, told):
        (tmp_path / "ours").symlink_to(Path(__file__).parents[2] / "model_artifacts")
        done = many(*arguments)
        assert done.status == 1
        assert told in done.err
        assert done.err.count("\n") == 1
        assert folder.exists()
        assert [path.name for path in tmp_path.glob("a.*")] == []

    def test_processes_are_either_of_this_machine_or_of_a_cluster(self, many, folder):
        done = many(folder, "--out", "a.csv", "--dask", "tcp://127.0.0.1:1")
        assert done.status == 2
        assert "--workers and --dask exclude each other" in done.err

    @pytest.mark.parametrize(
        ("module", "arguments", "extra"),
        [
            ("pyarrow", ["--out", "a.parquet"], "bulk"),
            ("distributed", ["--out", "a.csv", "--dask", "tcp://127.0.0.1:1"], "dask"),
        ],
    )
    def test_without_an_extra_say_what_to_install(
        self, digits, tiny, folder, monkeypatch, module, arguments, extra
    ):
        monkeypatch.setitem(sys.modules, module, None)
        done = digits("classify-many", *tiny, folder, *arguments)
        assert (done.status, done.out) == (1, "")
        assert f"needs {module}, which is not installed; pip install 'digit-service[{extra}]'" in done.err
        assert done.err.count("\n") == 1


@contextmanager
def watched(monkeypatch):
    """Let the standard error be a terminal; what it shows is read from the descriptor."""
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    with os.fdopen(terminal, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        yield master
    os.close(master)


def test_progress_is_shown_where_somebody_watches(many, folder, monkeypatch):
    with watched(monkeypatch) as master:
        assert many(folder, "--out", "a.csv").status == 0
        sys.stderr.flush()
        shown = b""
        while b"40 files [" not in shown and select([master], [], [], 30)[0]:  # a terminal hands on pieces
            shown += os.read(master, 4096)
    assert b"40 files [" in shown


def test_progress_needs_no_extra(many, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with watched(monkeypatch) as master:
        assert many(folder, "--out", "a.csv").status == 0
        assert not select([master], [], [], 0)[0]


class TestARunThatIsEnded:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_by_a_signal_says_how_to_go_on(self, fed, number, status):
        with fed() as run:
            run.feed_until_rows_are_on_disk()
            workers = run.workers()
            assert workers
            run.process.send_signal(number)
            _, told = run.process.communicate()
        assert run.process.returncode == status
        assert told.strip() == (
            f"digits: ended; {run.journal} has the answers so far, the same command goes on"
        )
        assert psutil.wait_procs(workers)[1] == []
        assert rows_in(run.journal)

    def test_by_ctrl_c_while_its_processes_start_says_so_too(self, tiny, folder, tmp_path):
        """What a terminal does, as soon as there is a second process."""
        (tmp_path / "sitecustomize.py").write_text(INTERRUPTED)
        path = os.pathsep.join([str(tmp_path), *filter(None, [os.getenv("PYTHONPATH")])])
        done = subprocess.run(
            command(folder, "--out", tmp_path / "results.csv", *tiny, "--workers", 2),
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 130
        assert done.stderr.strip() == (
            f"digits: ended; {tmp_path / 'results.csv.journal'} has the answers so far, "
            "the same command goes on"
        )

    def test_but_not_by_ctrl_c_where_its_parent_had_that_ignored(self, fed):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with fed() as run:
                run.feed_until_rows_are_on_disk()
                run.process.send_signal(signal.SIGINT)
                told, wrong = run.process.communicate()
        finally:
            signal.signal(signal.SIGINT, before)
        assert (run.process.returncode, wrong) == (0, "")
        assert f"{len(run.names):,} files" in told

    def test_by_kill_9_goes_on_and_leaves_no_process(self, fed, many, tmp_path):
        with fed() as run:
            run.feed_until_rows_are_on_disk()
            workers = run.workers()
            assert workers
            run.process.kill()
        assert psutil.wait_procs(workers)[1] == []
        name = mark(run.journal)
        listed = "".join(f"{name}\n" for name in run.names)
        done = many("-", "--out", tmp_path / "results.jsonl", stdin=listed)
        assert done.status == 0
        rows = [*map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())]
        assert sorted(row["name"] for row in rows) == sorted(run.names)
        assert [row["name"] for row in rows if row["model"] == "mark"] == [name]
        assert not run.journal.exists()


class TestAProcessThatIsKilled:
    def test_costs_nothing(self, fed):
        with fed() as run:
            run.feed_until_rows_are_on_disk()
            for worker in run.workers():
                worker.kill()
            run.feed(500)
            told, wrong = run.process.communicate()
        assert (run.process.returncode, wrong) == (0, "")
        rows = rows_of(run.journal.with_suffix(""))
        assert sorted(rows) == sorted(run.names)
        assert {row["error_code"] for row in rows.values()} == {None, "bad_input", "not_a_png"}
        assert f"{len(run.names):,} files" in told


class TestCores:
    def test_let_linear_algebra_have_one_thread_each(self, job, draw, monkeypatch):
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
        monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
        with Cores(job, 1) as cores:
            cores.submit([("a.png", draw(1))]).result()
            assert [
                cores._processes.submit(os.getenv, name).result()
                for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
            ] == ["1", "1"]
        assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
        assert "MKL_NUM_THREADS" not in os.environ

    def test_answer_nothing_more_once_something_went_wrong(self, job, draw):
        with Cores(job, 1) as cores:
            assert len(cores.submit([("a.png", draw(1))]).result()) == 1
            cores._stop.value = True
            assert cores.submit([("b.png", draw(2))]).result() == []

    def test_are_spawned_where_nothing_else_is_known(self, job, draw, monkeypatch):
        monkeypatch.setattr("service.bulk.cores.get_all_start_methods", lambda: ["spawn"])
        with Cores(job, 1) as cores:
            [row] = cores.submit([("a.png", draw(1))]).result()
        assert row.name == "a.png"
