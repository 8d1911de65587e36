"""`digits config`: the settings in force, and where each came from."""

import json
import tomllib

import pytest

from service.settings import SETTINGS


class TestConfig:
    def test_prints_a_file_that_gives_the_same_settings(self, digits, tmp_path):
        flags = ("--port", 9000, "--allow-open", "--reject-below", "0.25", "--host", "::1")
        (tmp_path / "digits.toml").write_text(digits("config", *flags).out)
        again = digits("config", "--json", "--config", tmp_path / "digits.toml").out
        assert {name: row["value"] for name, row in json.loads(again).items()} == {
            name: row["value"] for name, row in json.loads(digits("config", *flags, "--json").out).items()
        }

    @pytest.mark.parametrize("name", ["😀", "ü", 'a "b"', "a\\b", "a\tb\nc\rd", "\x01\x1b\x7f", "\x80\u2028"])
    def test_a_path_in_the_file_is_the_one_that_was_given(self, digits, tmp_path, name):
        folder = str(tmp_path / name)
        assert tomllib.loads(digits("config", "--models", folder).out)["models"] == folder

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
