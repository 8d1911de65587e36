"""The master in this process: what it makes of signals, without any worker."""

import signal
import time

import pytest
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from service.errors import SettingsError
from service.web.app import create_app
from service.web.application import Application, Parts
from service.web.arbiter import DigitArbiter, assign_slot, free_slot
from service.web.keyring import Keys
from service.web.metrics import Metrics
from service.web.scrape import Slot
from service.web.state import State
from service.web.worker import DigitWorker


@pytest.fixture
def parts(settings_for, log):
    state = State(settings_for(drain_seconds=60, workers=2))
    return Parts(state, Metrics(CollectorRegistry()), Slot(), log)


@pytest.fixture
def arbiter(parts, monkeypatch):
    """A master whose workers are names in a list."""
    settings = parts.state.settings
    flask = create_app(settings, state=parts.state, metrics=parts.metrics, log=parts.log)
    arbiter = DigitArbiter(Application(settings, flask, parts, {}))
    arbiter.spawned, arbiter.killed, arbiter.forks_fail = [], [], False

    def spawn(_):
        if arbiter.forks_fail:
            raise BlockingIOError("no more processes")
        arbiter.spawned.append(parts.state.current)
        return len(arbiter.spawned)

    monkeypatch.setattr(DigitArbiter, "WORKERS", {})
    monkeypatch.setattr(DigitArbiter, "LISTENERS", [])
    monkeypatch.setattr(Arbiter, "spawn_worker", spawn)
    monkeypatch.setattr(Arbiter, "manage_workers", lambda _: None)
    monkeypatch.setattr(arbiter, "kill_workers", arbiter.killed.append)
    return arbiter


def count(parts, result):
    samples = [s for f in parts.metrics.collector.collect() for s in f.samples]
    return next(s.value for s in samples if s.name == "digits_reloads_total" and s.labels["result"] == result)


def test_gunicorn_is_configured_by_our_settings_alone(arbiter, monkeypatch):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 7")
    cfg = arbiter.cfg
    assert (cfg.workers, cfg.threads, cfg.timeout, cfg.keepalive, cfg.graceful_timeout) == (2, 4, 30, 5, 30)
    assert (cfg.preload_app, cfg.control_socket_disable, cfg.http_parser) == (True, True, "python")


def test_the_first_sigterm_turns_readiness_off_and_serving_goes_on(arbiter, parts):
    arbiter.handle_term()
    assert parts.state.draining
    arbiter.SIG_QUEUE.put(signal.SIGCHLD)
    assert arbiter.wait_for_signals() == [signal.SIGCHLD]


def test_the_service_stops_when_the_drain_is_over(arbiter, monkeypatch):
    arbiter.handle_term()
    monkeypatch.setattr("service.web.arbiter.time.monotonic", lambda: float("inf"))
    with pytest.raises(StopIteration):
        arbiter.wait_for_signals()


def test_a_second_sigterm_stops_at_once(arbiter):
    arbiter.handle_term()
    with pytest.raises(StopIteration):
        arbiter.handle_term()


def test_without_a_drain_signals_are_waited_for_as_ever(arbiter):
    arbiter.SIG_QUEUE.put(signal.SIGHUP)
    assert arbiter.wait_for_signals(timeout=None) == [signal.SIGHUP]


def test_an_interrupt_leaves_workers_no_time(arbiter):
    with pytest.raises(StopIteration):
        arbiter.handle_int()
    assert arbiter.cfg.graceful_timeout == 2
    assert arbiter.killed == [signal.SIGQUIT, signal.SIGKILL]


def test_a_reload_is_done_before_the_workers_are_forked(arbiter, parts):
    before = parts.state.current
    arbiter.handle_hup()
    assert len(arbiter.spawned) == 2
    assert parts.state.current is not before
    assert set(arbiter.spawned) == {parts.state.current}
    assert count(parts, "ok") == 1


def test_a_bad_artifact_is_counted_and_logged(arbiter, parts, lines, artifact_folder):
    (artifact_folder / "tiny" / "2.npz").write_bytes(b"garbage")
    arbiter.handle_hup()
    assert count(parts, "failed") == 1
    refused = [line for line in lines if line["event"] == "artifact refused"]
    assert [(line["artifact"], line["level"]) for line in refused] == [("tiny@2", "warning")]
    assert (lines[-1]["event"], lines[-1]["ok"]) == ("reloaded", False)


def test_no_reload_whatsoever_ends_the_master(arbiter, parts, lines, monkeypatch):
    def fail():
        raise MemoryError("too large")

    monkeypatch.setattr(parts.state, "reload", fail)
    arbiter.handle_hup()
    assert count(parts, "failed") == 1
    assert any("MemoryError" in line.get("traceback", "") for line in lines)


def test_sigusr2_is_refused(arbiter, lines):
    arbiter.handle_usr2()
    assert "not supported" in lines[-1]["event"]


def test_a_worker_gets_the_first_slot_that_is_free(arbiter):
    def worker(slot=None):
        made = DigitWorker.__new__(DigitWorker)
        made.slot = slot
        return made

    arbiter.WORKERS.update({10: worker("1"), 11: worker("3")})
    new = worker()
    assign_slot(arbiter, new)
    assert new.slot == "2"


def test_keys_are_read_anew_with_the_artifacts(arbiter, parts, lines, monkeypatch):
    def fail():
        raise SettingsError("the file is gone")

    arbiter.handle_hup()
    assert (count(parts, "ok"), count(parts, "failed")) == (1, 0)
    monkeypatch.setattr(parts.state, "reload_keys", fail)
    arbiter.handle_hup()
    assert (count(parts, "ok"), count(parts, "failed")) == (1, 1)
    assert (lines[-2]["event"], lines[-2]["reason"]) == ("keys refused", "the file is gone")
    assert (lines[-1]["event"], lines[-1]["ok"]) == ("reloaded", False)


def test_new_keys_are_counted_from_zero(arbiter, parts, monkeypatch):
    monkeypatch.setattr(parts.state, "keys", Keys.parse(SecretStr("ann one")))
    monkeypatch.setattr(parts.state, "reload_keys", lambda: None)
    arbiter.handle_hup()
    samples = [s for f in parts.metrics.collector.collect() for s in f.samples]
    assert [s.value for s in samples if s.labels == {"key": "ann"}] == [0]


def test_what_a_worker_did_when_it_ended_is_forgotten(arbiter, tmp_path, monkeypatch):
    folder = tmp_path / "counters"
    folder.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    for name in ("gauge_livesum_1.db", "gauge_livesum_2.db", "counter_1.db"):
        (folder / name).touch()
    worker = DigitWorker.__new__(DigitWorker)
    worker.slot = "1"
    free_slot(arbiter, worker)
    assert {path.name for path in folder.iterdir()} == {"gauge_livesum_2.db", "counter_1.db"}


def test_a_master_that_cannot_fork_goes_on_and_tries_again(arbiter, parts, lines):
    arbiter.forks_fail = True
    arbiter.handle_hup()
    assert (lines[-1]["event"], lines[-1]["reason"]) == ("no worker could be started", "no more processes")
    arbiter.forks_fail = False
    arbiter.manage_workers()
    arbiter.manage_workers()
    assert arbiter.spawned == [parts.state.current] * 2


def test_a_worker_that_is_told_to_end_stands_in_for_none_that_is_missing(arbiter, parts, monkeypatch):
    told = []
    monkeypatch.setattr("gunicorn.arbiter.os.kill", lambda pid, number: told.append((pid, number)))
    arbiter.WORKERS.update({pid: DigitWorker.__new__(DigitWorker) for pid in (10, 11)})
    arbiter.manage_workers()
    assert arbiter.spawned == []
    arbiter.kill_worker(10, signal.SIGTERM)
    arbiter.manage_workers()
    assert (told, arbiter.spawned) == ([(10, signal.SIGTERM)], [parts.state.current])


def test_gauges_that_cannot_be_removed_end_nobody(arbiter, monkeypatch):
    def refuse(_):
        raise OSError("read-only")

    monkeypatch.setattr("service.web.arbiter.forget_gauges", refuse)
    worker = DigitWorker.__new__(DigitWorker)
    worker.slot = "1"
    free_slot(arbiter, worker)


@pytest.fixture
def at_work(arbiter, monkeypatch):
    """A worker that does not end."""
    arbiter.WORKERS[1] = object()
    monkeypatch.setattr(arbiter, "reap_workers", lambda: None)


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("jump_seconds", [-86_400, 86_400])
def test_a_clock_that_is_set_while_stopping_changes_nothing(arbiter, monkeypatch, jump_seconds):
    arbiter.cfg.set("graceful_timeout", 1)
    wall, began = time.time, time.monotonic()
    monkeypatch.setattr("time.time", lambda: wall() + jump_seconds * (time.monotonic() > began + 0.2))
    arbiter.stop()
    assert 1 <= time.monotonic() - began < 20
    assert arbiter.killed == [signal.SIGTERM, signal.SIGKILL]


@pytest.mark.usefixtures("at_work")
def test_whoever_loses_patience_while_stopping_is_heard(arbiter, monkeypatch):
    arbiter.cfg.set("graceful_timeout", 600)
    monkeypatch.setattr("service.web.arbiter.INTERRUPT_SECONDS", 0)
    arbiter.SIG_QUEUE.put(signal.SIGINT)
    arbiter.stop()
    assert arbiter.killed == [signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL]


def test_workers_that_cannot_begin_are_waited_for_one_after_the_other(arbiter, monkeypatch):
    def reap():
        if arbiter.WORKERS:
            arbiter.WORKERS.popitem()
            raise HaltServer("Worker failed to boot.", Arbiter.WORKER_BOOT_ERROR)

    arbiter.WORKERS.update({1: object(), 2: object()})
    monkeypatch.setattr(arbiter, "reap_workers", reap)
    with pytest.raises(SystemExit) as ended:
        arbiter.halt("Worker failed to boot.", Arbiter.WORKER_BOOT_ERROR)
    assert (ended.value.code, arbiter.WORKERS) == (3, {})


def test_a_changed_artifact_counts_as_a_signal(arbiter, lines, monkeypatch):
    monkeypatch.setattr(arbiter._watch, "differs", lambda _: True)
    assert arbiter.wait_for_signals(timeout=0.01) == [signal.SIGHUP]
    assert lines[-1]["event"] == "artifacts changed"


def test_one_signal_is_enough_for_one_change(arbiter, monkeypatch):
    monkeypatch.setattr(arbiter._watch, "differs", lambda _: True)
    arbiter.SIG_QUEUE.put(signal.SIGHUP)
    assert arbiter.wait_for_signals() == [signal.SIGHUP]
