"""A worker shows its master that it is alive, and needs no file system for that."""

import os
import time

import pytest
from gunicorn.config import Config

from service.web.heartbeat import Heartbeat


@pytest.fixture
def heartbeat(request, monkeypatch):
    """In memory, or where there is no such thing in a folder."""
    if request.param == "in a folder":
        monkeypatch.delattr(os, "memfd_create")
    config = Config()
    config.set("worker_tmp_dir", None if request.param == "in a folder" else "/nowhere")
    heartbeat = Heartbeat(config)
    yield heartbeat
    heartbeat.close()


@pytest.mark.parametrize("heartbeat", ["in memory", "in a folder"], indirect=True)
def test_its_date_is_that_of_the_last_sign_of_life(heartbeat):
    before = time.monotonic()
    heartbeat.notify()
    assert before - 0.01 <= heartbeat.last_update() <= time.monotonic()
