"""How the service is started, what stops the start, and what is left behind."""

import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gunicorn.workers.workertmp import WorkerTmp
from PIL import Image
from prometheus_client import values
from pydantic import SecretStr

from service.artifacts import save
from service.errors import BadArtifactError, SettingsError, UnknownModelError
from service.network import Network
from service.web import gunicorn
from service.web.gunicorn import serve


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    """Where the folder of counters is made; whatever else a start changes in this process is put back."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr("service.web.application.MEMORY", folder)
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(values, "MmapedDict", values.MmapedDict)
    monkeypatch.setattr("gunicorn.http.wsgi.SERVER", "gunicorn")
    monkeypatch.setattr("gunicorn.workers.base.WorkerTmp", WorkerTmp)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr("gc.freeze", lambda: None)
    for name in (None, "gunicorn.error"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
    return folder


@pytest.fixture
def arbiter(monkeypatch):
    """Stands for the master: it remembers what it was given, and ends at once."""

    arbiter = SimpleNamespace(seen=[], at_run=lambda: None)

    def make(application):
        arbiter.seen.append(application)
        return SimpleNamespace(run=arbiter.at_run)

    monkeypatch.setattr(gunicorn, "DigitArbiter", make)
    return arbiter


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"model": "nobody"}, UnknownModelError, "tiny"),
        ({"models": Path("/nowhere")}, BadArtifactError, "/nowhere"),
        ({"metrics_folder": Path("/dev/null")}, SettingsError, "metrics_folder /dev/null"),
        ({"host": "203.0.113.1"}, SettingsError, "203.0.113.1"),
        ({"host": "no such host"}, SettingsError, "no such host"),
        ({"api_keys": SecretStr("a b c")}, SettingsError, "api_keys"),
    ],
)
def test_what_stops_the_start_is_one_line(settings_for, memory, changes, error, words):
    with pytest.raises(error) as refusal:
        serve(settings_for(**{"port": 0} | changes))
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert list(memory.iterdir()) == []


def test_a_port_that_is_taken_stops_the_start(settings_for):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} \([^()]*\); choose another host or port"):
            serve(settings_for(port=port))


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_master_gets_a_socket_that_listens(settings_for, arbiter, host, url, capfd):
    connected = []

    def connect():
        fd = arbiter.seen[-1].cfg.address[0]
        with (
            socket.socket(fileno=fd) as listener,
            socket.create_connection(listener.getsockname()[:2]) as client,
        ):
            connected.append(client.getpeername()[0])

    arbiter.at_run = connect
    with pytest.raises(SystemExit):
        serve(settings_for(host=host, port=0))
    assert connected == [host]
    assert f'"url":"{url}' in capfd.readouterr().out


def test_the_counters_are_removed_at_the_end(settings_for, arbiter, memory):
    seen = []
    arbiter.at_run = lambda: seen.extend(memory.iterdir())
    with pytest.raises(SystemExit):
        serve(settings_for(port=0))
    assert len(seen) == 1
    assert list(memory.iterdir()) == []


def test_a_worker_that_ends_leaves_the_counters_to_the_others(settings_for, arbiter, memory, monkeypatch):
    arbiter.at_run = lambda: monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(SystemExit):
        serve(settings_for(port=0))
    assert len(list(memory.iterdir())) == 1


def test_a_chosen_folder_gets_a_folder_of_counters_of_its_own(settings_for, arbiter, tmp_path):
    seen = []
    arbiter.at_run = lambda: seen.extend(tmp_path.glob("digits-metrics-*/counter_master.db"))
    with pytest.raises(SystemExit):
        serve(settings_for(port=0, metrics_folder=tmp_path))
    assert len(seen) == 1


def test_what_libraries_log_goes_to_our_log(settings_for, arbiter, capfd):
    arbiter.at_run = lambda: logging.getLogger("gunicorn.error").warning("a word")
    with pytest.raises(SystemExit):
        serve(settings_for(port=0))
    assert '"event":"a word","level":"warning"' in capfd.readouterr().out


def test_a_model_that_reads_no_png_is_served_all_the_same(
    settings_for, arbiter, artifact_folder, metadata_for
):
    network = Network.random((4, 4), np.random.default_rng(0))
    save(network, metadata_for(network, name="four", preprocessing={"name": "four-pixel"}), artifact_folder)
    with pytest.raises(SystemExit):
        serve(settings_for(port=0, model="four"))
    assert arbiter.seen


def test_a_c_library_without_mallopt_is_left_alone(settings_for, arbiter, monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    with pytest.raises(SystemExit):
        serve(settings_for(port=0))
    assert arbiter.seen


FIRST_REQUEST = """
import sys
from pathlib import Path
from types import SimpleNamespace
from service.settings import Settings
from service.web.gunicorn import _prepare_to_fork
from service.web.state import State

state = State(Settings(models=Path(sys.argv[1]), model="tiny"))
_prepare_to_fork(state)
before = set(sys.modules)
state.current.default.classify(Path(sys.argv[2]).read_bytes())
print(*(set(sys.modules) - before))
"""


def test_the_first_request_finds_every_module_imported(artifact_folder, picture, tmp_path):
    enlarged = np.kron(255 - picture, np.ones((3, 3), np.uint8))
    Image.fromarray(enlarged).convert("RGBA").save(tmp_path / "digit.png")
    command = [sys.executable, "-c", FIRST_REQUEST, str(artifact_folder), str(tmp_path / "digit.png")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []
