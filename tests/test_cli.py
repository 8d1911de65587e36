"""`digits …`: what is printed where, and with which status it exits."""

import io
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import numpy as np
import png
import pytest

from service.artifacts import save
from service.cli import COMMANDS, main
from service.network import Layer, Network
from service.settings import SETTINGS, Settings
from service.settings.fields import usable_cores
from service.web.app import create_app

ROOT = Path(__file__).parents[1]
THREE = ROOT / "examples" / "three.png"


class Done(NamedTuple):
    """How a command ended."""

    status: int | str | None
    out: str
    err: str


@pytest.fixture
def digits(monkeypatch, capfd):
    """Run the command line in this process."""
    for variable in [name for name in os.environ if name.startswith("DIGITS_")]:
        monkeypatch.delenv(variable)

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["digits", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as exit_:
            main()
        return Done(exit_.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def tiny(artifact_folder):
    """Flags that choose the small model."""
    return ("--models", artifact_folder, "--model", "tiny")


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

    def test_ends_quietly_on_ctrl_c(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            process = in_process_of_its_own("health", "--port", silent.getsockname()[1], "--timeout", 60)
            connection, _ = silent.accept()
            with connection:  # now it waits for the answer
                process.send_signal(signal.SIGINT)
                _, err = process.communicate()
        assert process.returncode == 130
        assert err.strip() == ""


class TestClassify:
    def test_says_which_digit_it_is(self, digits, certain):
        done = digits("classify", *certain(3), THREE)
        assert done == (0, f"{THREE}: 3 (strongest 0.982, next 8 at 0.119)\n", "")

    def test_says_when_no_neuron_is_sure(self, digits, certain):
        done = digits("classify", *certain(3), "--reject-below", "0.99", THREE)
        assert done.out == f"{THREE}: not a digit (weak: strongest 0.982, below 0.99)\n"

    def test_says_when_two_neurons_are(self, digits, certain):
        done = digits("classify", *certain(3), "--reject-below", "0.1", THREE)
        assert done.out == f"{THREE}: not a digit (ambiguous: 3 at 0.982 and 8 at 0.119, both from 0.1 up)\n"

    def test_says_when_there_is_no_ink(self, digits, certain, tmp_path):
        blank = tmp_path / "blank.png"
        png.from_array(np.full((40, 40), 255, np.uint8).tolist(), "L").save(blank)
        assert digits("classify", *certain(3), blank).out == f"{blank}: not a digit (blank: no ink at all)\n"

    def test_reads_the_standard_input(self, digits, certain):
        done = digits("classify", *certain(3), "-", stdin=THREE.read_bytes())
        assert done.out == "-: 3 (strongest 0.982, next 8 at 0.119)\n"

    def test_answers_the_others_when_some_cannot_be_read(self, digits, certain, tmp_path):
        (tmp_path / "text.png").write_text("no picture")
        done = digits(
            "classify", *certain(3), tmp_path / "text.png", THREE, tmp_path / "missing.png", tmp_path
        )
        assert done.status == 1
        assert done.out == f"{THREE}: 3 (strongest 0.982, next 8 at 0.119)\n"
        of_text, of_missing, of_folder = done.err.splitlines()
        assert of_text.startswith(f"digits: {tmp_path}/text.png: ")
        assert (
            of_missing
            == f"digits: {tmp_path}/missing.png: No such file or directory; name a file that can be read"
        )
        assert of_folder == f"digits: {tmp_path}: Is a directory; name a file that can be read"

    def test_prints_one_line_of_json_a_file(self, digits, tiny):
        done = digits("classify", *tiny, "--json", THREE, "-", stdin=THREE.read_bytes())
        first, second = map(json.loads, done.out.splitlines())
        assert (first.pop("name"), second.pop("name")) == (str(THREE), "-")
        assert first == second

    @pytest.mark.parametrize(
        "options", [{}, {"invert": "no"}, {"center": "no"}, {"reject_below": "0.9"}], ids=str
    )
    def test_answers_what_the_service_answers_bit_for_bit(self, digits, artifact_folder, tiny, options):
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        told = json.loads(digits("classify", *tiny, *flags, "--json", THREE).out)
        service = create_app(Settings(models=artifact_folder, model="tiny")).test_client()
        answered = service.post(
            "/v1/classify", query_string=options, data=THREE.read_bytes(), content_type="image/png"
        ).json
        del told["name"], answered["id"]
        assert told == answered

    def test_names_the_models_that_exist(self, digits, artifact_folder):
        done = digits("classify", "--models", artifact_folder, "--model", "large", THREE)
        assert done == (1, "", "digits: there is no model 'large'; those that exist: tiny\n")

    def test_obeys_the_limits(self, digits, tiny):
        done = digits("classify", *tiny, "--max-side-pixels", "100", THREE)
        assert done.status == 1
        assert "100" in done.err


@pytest.fixture
def certain(tmp_path, metadata_for):
    """Make a model that sees one digit in everything: σ(4) = 0.982 there, and σ(-2) = 0.119 at 8."""

    def make(digit):
        biases = np.full(10, -5, np.float32)
        biases[8], biases[digit] = -2, 4
        sigmoid = Network.random((784, 10)).layers[0].activation
        network = Network((Layer(np.zeros((10, 784), np.float32), biases, sigmoid),))
        save(network, metadata_for(network, name="certain"), tmp_path / "certain")
        return ("--models", tmp_path / "certain", "--model", "certain")

    return make


class TestModels:
    def test_lists_each_in_a_line(self, digits, artifact_folder):
        assert digits("models", "--models", artifact_folder).out == (
            "tiny@1  Network 784-16-16-10, sigmoid sigmoid sigmoid: 13,002 weights and biases, 75.00% right, "
            "rejects below 0.5\n"
        )

    def test_lists_each_as_a_line_of_json(self, digits, artifact_folder):
        (line,) = digits("models", "--models", artifact_folder, "--json").out.splitlines()
        listed = json.loads(line)
        file = artifact_folder / "tiny" / "1.npz"
        assert (listed["name"], listed["sizes"], listed["parameters"]) == ("tiny", [784, 16, 16, 10], 13_002)
        assert listed["sha256"] == sha256(file.read_bytes()).hexdigest()
        assert listed["size_bytes"] == file.stat().st_size

    def test_says_when_the_folder_has_none(self, digits, tmp_path):
        done = digits("models", "--models", tmp_path)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: {tmp_path}: has no artifacts")


class TestInspect:
    @pytest.mark.parametrize("how", ["name", "name and version", "path"])
    def test_shows_an_artifact_by_name_or_path(self, digits, artifact_folder, how):
        artifact = {"name": "tiny", "name and version": "tiny@1", "path": artifact_folder / "tiny" / "1.npz"}[
            how
        ]
        done = digits("inspect", artifact, "--models", artifact_folder)
        assert done.status == 0
        assert "An untrained network for tests.\n" in done.out
        assert "trained        on 50,000 images of MNIST, 2 epochs, cross-entropy cost, seed 0\n" in done.out
        assert "measured       on 40 images of MNIST t10k\n" in done.out

    def test_leaves_out_what_the_artifact_does_not_know(self, digits, tmp_path, small_network, metadata_for):
        path = save(small_network, metadata_for(small_network, training=None, evaluation=None), tmp_path)
        done = digits("inspect", path)
        assert "not measured" in done.out
        assert not {"trained", "measured"} & {line.split()[0] for line in done.out.splitlines()}

    def test_prints_json(self, digits, artifact_folder):
        told = json.loads(digits("inspect", artifact_folder / "tiny" / "1.npz", "--json").out)
        assert told["reject"] == {
            "score": "largest_activation",
            "threshold": 0.5,
            "chosen": "by hand, for tests",
        }
        assert "golden" not in told


class TestVerify:
    @pytest.mark.parametrize("by", ["name", "path"])
    def test_prints_the_sha256_of_a_good_artifact(self, digits, artifact_folder, by):
        file = artifact_folder / "tiny" / "1.npz"
        done = digits("verify", file if by == "path" else "tiny", "--models", artifact_folder)
        assert done == (0, f"{sha256(file.read_bytes()).hexdigest()}  ok\n", "")

    def test_refuses_a_file_that_is_none(self, digits, tmp_path):
        (tmp_path / "1.npz").write_bytes(b"no archive")
        done = digits("verify", tmp_path / "1.npz")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: {tmp_path}/1.npz: ")
        assert done.err.count("\n") == 1

    def test_holds_a_file_to_the_sum_that_its_folder_lists(
        self, digits, artifact_folder, small_network, metadata_for, tmp_path
    ):
        other = save(small_network, metadata_for(small_network, licence="CC0-1.0"), tmp_path / "other")
        shutil.copyfile(other, artifact_folder / "tiny" / "1.npz")
        done = digits("verify", artifact_folder / "tiny" / "1.npz")
        assert (done.status, done.out) == (1, "")
        assert f"sha256 is {sha256(other.read_bytes()).hexdigest()}, not " in done.err

    def test_refuses_preprocessing_that_imaging_does_not_know(
        self, digits, small_network, metadata_for, tmp_path
    ):
        metadata = metadata_for(small_network, preprocessing={"name": "magic"})
        done = digits("verify", save(small_network, metadata, tmp_path))
        assert done.status == 1
        assert "'magic'" in done.err


class TestConfig:
    def test_prints_a_file_that_gives_the_same_settings(self, digits, tmp_path):
        flags = ("--port", 9000, "--allow-open", "--reject-below", "0.25", "--host", "::1")
        (tmp_path / "digits.toml").write_text(digits("config", *flags).out)
        again = digits("config", "--json", "--config", tmp_path / "digits.toml").out
        assert {name: row["value"] for name, row in json.loads(again).items()} == {
            name: row["value"] for name, row in json.loads(digits("config", *flags, "--json").out).items()
        }

    def test_says_where_each_value_came_from(self, digits, monkeypatch, tmp_path):
        file = tmp_path / "digits.toml"
        file.write_text("threads = 2")
        monkeypatch.setenv("DIGITS_WORKERS", "3")
        lines = digits("config", "--port", "1", "--config", file).out.splitlines()
        assert "port = 1  # flag --port" in lines
        assert "workers = 3  # environment DIGITS_WORKERS" in lines
        assert f"threads = 2  # file {file}" in lines
        assert 'host = "127.0.0.1"  # default' in lines
        assert "# reject_below = none  # default" in lines

    def test_masks_secrets(self, digits, tmp_path):
        (tmp_path / "keys").write_text("s3cret")
        done = digits("config", "--api-keys-file", tmp_path / "keys")
        (line,) = [line for line in done.out.splitlines() if "api_keys" in line]
        assert line == f'# api_keys = "**********"  # file {tmp_path}/keys, flag --api-keys-file'
        assert "api_keys" not in tomllib.loads(done.out)

    @pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
    def test_takes_a_flag_for_every_setting(self, digits, row):
        assert f"{row.flag} " in digits("config", "--help").out.replace("--allow-open /", "--allow-open  ")


@contextmanager
def service_that_answers(status, body):
    """Listen on loopback and answer every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class TestHealth:
    def test_is_ready_when_the_service_says_so(self, digits):
        with service_that_answers(200, b"{}") as server:
            assert digits("health", "--port", server.server_port) == (0, "ready\n", "")
        assert server.paths == ["/readyz"]

    def test_asks_on_this_machine_where_the_service_listens_everywhere(self, digits):
        with service_that_answers(200, b"{}") as server:
            done = digits("health", "--host", "0.0.0.0", "--port", server.server_port)  # noqa: S104  # as a container has it
        assert done.out == "ready\n"

    @pytest.mark.parametrize(
        ("status", "body", "reason"),
        [
            (
                503,
                b'{"detail": "draining: the service is about to stop"}',
                "draining: the service is about to stop",
            ),
            (503, b"[]", "Service Unavailable"),
            (404, b"<html>some other server</html>", "Not Found"),
        ],
    )
    def test_tells_why_it_is_not(self, digits, status, body, reason):
        with service_that_answers(status, body) as server:
            done = digits("health", "--port", server.server_port)
        assert done == (1, "", f"digits: 127.0.0.1:{server.server_port} is not ready: {reason}\n")

    def test_tells_when_nobody_listens(self, digits):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        done = digits("health", "--port", port)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: 127.0.0.1:{port} does not answer (")

    def test_tells_when_what_listens_is_silent(self, digits):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = digits("health", "--port", silent.getsockname()[1], "--timeout", "0.05")
        assert done.status == 1
        assert "does not answer (timed out)" in done.err


class TestServe:
    @pytest.fixture
    def served(self, monkeypatch):
        settings = []
        monkeypatch.setattr("service.cli.serve.serve", settings.append)
        return settings

    def test_hands_the_settings_to_the_server(self, digits, served, monkeypatch, artifact_folder):
        monkeypatch.setenv("DIGITS_THREADS", "7")
        assert digits("serve", "--port", 0, "--models", artifact_folder).status == 0
        assert [(s.port, s.threads, s.models) for s in served] == [(0, 7, artifact_folder)]

    def test_refuses_to_serve_strangers_without_keys(self, digits, served):
        done = digits("serve", "--host", "0.0.0.0")  # noqa: S104  # refused
        assert (done.status, served) == (1, [])
        assert done.err.startswith("digits: host 0.0.0.0 can be reached from other machines")

    def test_serves_strangers_when_told_to(self, digits, served):
        assert digits("serve", "--host", "0.0.0.0", "--allow-open").status == 0  # noqa: S104  # nothing listens
        assert [s.allow_open for s in served] == [True]


class TestTraining:
    def test_train_hands_everything_to_the_trainer(self, digits, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr(
            "service.cli.train.run",
            lambda recipe, *, report, **options: (calls.append((recipe, options)), report("epoch 1")),
        )
        where = ("--data", tmp_path, "--out", tmp_path, "--device", "cuda", "--processes", 3)
        done = digits("train", "video", "--seed", 7, "--version", "2", *where)
        assert done == (0, "epoch 1\n", "")
        given = {
            "data": tmp_path,
            "seed": 7,
            "out": tmp_path,
            "version": "2",
            "device": "cuda",
            "processes": 3,
        }
        assert calls == [("video", given)]

    def test_train_takes_the_processors_it_may_use(self, digits, monkeypatch):
        calls = []
        monkeypatch.setattr("service.cli.train.run", lambda _, **options: calls.append(options))
        digits("train", "video")
        assert (calls[0]["device"], calls[0]["processes"]) == ("cpu", usable_cores())

    def test_train_says_in_one_line_that_a_card_needs_cupy(self, digits, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)
        done = digits("train", "video", "--device", "cuda")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("digits: the device cuda needs CuPy")
        assert done.err.count("\n") == 1

    def test_mnist_lies_where_the_environment_says(self, digits, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr("service.cli.train.run", lambda _, **options: calls.append(options["data"]))
        monkeypatch.setenv("MNIST_DIR", str(tmp_path))
        digits("train", "plain")
        monkeypatch.delenv("MNIST_DIR")
        digits("train", "plain")
        assert calls == [tmp_path, None]

    def test_train_names_the_recipes_that_exist(self, digits):
        done = digits("train", "planes")
        assert done.status == 1
        assert "plain" in done.err
        assert "video" in done.err

    def test_card_prints_the_model_card_of_the_chosen_model(self, digits, artifact_folder):
        done = digits("card", "tiny@1", "--models", artifact_folder)
        assert (done.status, done.err) == (0, "")
        assert "\n# tiny\n" in done.out
        assert sha256((artifact_folder / "tiny" / "1.npz").read_bytes()).hexdigest() in done.out

    def test_card_writes_the_same_into_a_file(self, digits, artifact_folder, tmp_path):
        printed = digits("card", "tiny", "--models", artifact_folder).out
        assert digits("card", artifact_folder / "tiny" / "1.npz", "--out", tmp_path / "card.md") == (
            0,
            "",
            "",
        )
        assert (tmp_path / "card.md").read_text(encoding="utf-8") == printed

    def test_card_says_when_it_cannot_write(self, digits, artifact_folder, tmp_path):
        done = digits("card", "tiny", "--models", artifact_folder, "--out", tmp_path)
        assert done.status == 1
        assert f"{tmp_path}: cannot be written" in done.err

    def test_evaluate_prints_the_report_on_the_chosen_model(
        self, digits, monkeypatch, artifact_folder, tmp_path
    ):
        monkeypatch.setattr("service.cli.evaluate.measure", lambda *asked, processes: (*asked, processes))
        monkeypatch.setattr(
            "service.cli.evaluate.report",
            lambda measured: f"{measured[0].metadata.name} on {measured[1]} by {measured[2]}",
        )
        drawn = []
        monkeypatch.setattr("service.cli.evaluate.draw", lambda _, out: drawn.append(out))
        flags = ("--models", artifact_folder, "--data", tmp_path, "--processes", 3)
        arguments = ("evaluate", "tiny", *flags)
        assert digits(*arguments) == (0, f"tiny on {tmp_path} by 3\n", "")
        assert not drawn
        assert digits(*arguments, "--out", tmp_path / "pictures") == (0, f"tiny on {tmp_path} by 3\n", "")
        assert drawn == [tmp_path / "pictures"]
