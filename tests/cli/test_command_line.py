"""What every command has in common: help, hints, exit statuses, and how it ends."""

import errno
import os
import runpy
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from service.cli import COMMANDS, main

FIVE = Path(__file__).parents[2] / "examples" / "five.png"


def in_process_of_its_own(*arguments, **options):
    """Start `digits` as a user does."""
    return subprocess.Popen(
        [sys.executable, "-m", "service", *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


class TestTheCommandLine:
    def test_prints_its_version(self, digits):
        assert digits("--version") == (0, f"{version('digit-service')}\n", "")

    def test_is_python_m_service_too(self, monkeypatch, capfd):
        monkeypatch.setattr(sys, "argv", ["service", "--version"])
        with pytest.raises(SystemExit, match=r"^0$"):
            runpy.run_module("service", run_name="__main__")
        assert capfd.readouterr().out == f"{version('digit-service')}\n"

    def test_lists_every_command_with_a_sentence(self, digits):
        help_text = digits("--help").out
        width = max(map(len, COMMANDS)) + 2
        for name, sentence in COMMANDS.items():
            assert f"{name:{width}}{sentence}" in help_text

    @pytest.mark.parametrize("name", COMMANDS)
    def test_explains_each_command(self, digits, name):
        done = digits(name, "--help")
        assert done.status == 0
        assert done.out.startswith(f"Usage: digits {name} ")

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (["clasify"], "Did you mean one of: 'classify', 'classify-many'?"),
            (["classify"], "Missing argument 'FILES...'"),
            (["classify", "--jsn", "a.png"], "Did you mean '--json'?"),
            (["classify", "--invert", "perhaps", "a.png"], "'auto', 'yes', 'no'"),
            (["train"], "Missing argument 'RECIPE'"),
        ],
    )
    def test_exits_2_when_it_is_called_wrongly(self, digits, arguments, hint):
        done = digits(*arguments)
        assert (done.status, done.out) == (2, "")
        assert hint in done.err

    def test_says_in_one_line_what_is_wrong_with_a_setting(self, digits, monkeypatch):
        monkeypatch.setenv("DIGITS_PROT", "9000")
        done = digits("config")
        assert done == (1, "", "digits: DIGITS_PROT is not a setting; the nearest is DIGITS_PORT\n")

    @pytest.mark.parametrize(
        ("arguments", "unneeded"),
        [
            (["--help"], {"pydantic", "numpy", "flask", "PIL"}),
            (["--version"], {"pydantic", "numpy", "flask", "PIL"}),
            (["health", "--port", "1"], {"numpy", "flask", "PIL"}),
            (["config"], {"numpy", "flask", "PIL"}),
            (["classify", "--help"], {"flask", "gunicorn", "pooch", "tqdm"}),
        ],
    )
    def test_imports_no_more_than_it_needs(self, arguments, unneeded):
        """The health check runs every few seconds, and nobody waits for a help text."""
        program = (
            "import sys\nfrom service.cli import main\n"
            "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        )
        assert "service.cli" in done.stderr.split()
        assert not unneeded & set(done.stderr.split())

    def test_ends_quietly_when_nobody_reads_on(self):
        """As in `digits config | head -1`, when head has gone."""
        reader, writer = os.pipe()
        os.close(reader)
        with in_process_of_its_own("config", stdout=writer) as process:
            os.close(writer)
            assert process.stderr.read() == ""

    @pytest.mark.parametrize(
        "arguments", [["--help"], ["config"], ["models"], ["card", "plain"], ["classify", FIVE]], ids=str
    )
    @pytest.mark.parametrize(
        ("out", "unbuffered", "reason"),
        [
            (("/dev/full", "w"), "", "No space left on device"),
            (("/dev/full", "w"), "1", "No space left on device"),
            (("/dev/null", "r"), "", "Bad file descriptor"),
        ],
    )
    def test_says_in_one_line_that_its_output_cannot_be_written(self, arguments, out, unbuffered, reason):
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        with (
            Path(out[0]).open(out[1]) as file,
            in_process_of_its_own(*arguments, stdout=file, env=environment) as process,
        ):
            told = process.stderr.read()
        assert process.returncode == 1
        assert told == (f"digits: the output cannot be written ({reason}); make room, or send it elsewhere\n")

    @pytest.mark.parametrize(
        ("command", "file"),
        [("classify", "-: "), ("show", ""), ("classify-many", "")],
    )
    def test_says_in_one_line_that_its_input_is_closed(self, command, file, tmp_path):
        out = [] if command == "classify" else ["--out", tmp_path / {"show": "a.png"}.get(command, "a.csv")]
        shell = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "service", command, "-"]
        done = subprocess.run([*shell, *map(str, out)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"digits: {file}the standard input is closed; ")
        assert done.stderr.count("\n") == 1
        assert not list(tmp_path.iterdir())

    def test_does_not_blame_the_output_for_other_faults(self, monkeypatch):
        def broken(*_, **__):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("service.cli.digits.main", broken)
        with pytest.raises(PermissionError):
            main()

    def test_ends_quietly_on_ctrl_c(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            process = in_process_of_its_own("health", "--port", silent.getsockname()[1], "--timeout", 60)
            connection, _ = silent.accept()
            with connection:  # now it waits for the answer
                process.send_signal(signal.SIGINT)
                _, err = process.communicate()
        assert process.returncode == 130
        assert err.strip() == ""
