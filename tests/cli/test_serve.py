"""`digits serve`: who may be served, and by which settings."""

import pytest


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
