"""Where settings come from, which of them win, and what is said of those that cannot be."""

import os
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from service import settings as module
from service.errors import SettingsError
from service.imaging import Format
from service.settings import SETTINGS, Settings, shipped_artifacts, usable_cores
from service.settings.words import FORMATS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def toml(tmp_path):
    """Write a TOML file and return its path."""

    def write(text):
        path = tmp_path / "digits.toml"
        path.write_text(text)
        return path

    return write


def source_of(settings, name):
    return next(row.source for row in settings.effective() if row.name == name)


@pytest.mark.parametrize(
    ("flag", "variable", "member", "port", "source"),
    [
        (1, 2, 3, 1, "flag --port"),
        (None, 2, 3, 2, "environment DIGITS_PORT"),
        (None, None, 3, 3, "file {}"),
        (None, None, None, 8000, "default"),
        (1, None, 3, 1, "flag --port"),
        (1, 2, None, 1, "flag --port"),
    ],
)
def test_a_flag_wins_over_the_environment_and_that_over_the_file(toml, flag, variable, member, port, source):
    file = toml("" if member is None else f"port = {member}")
    environ = {} if variable is None else {"DIGITS_PORT": str(variable)}
    settings = Settings.load({"port": flag}, environ, file)
    assert settings.port == port
    assert source_of(settings, "port") == source.format(file)


def test_the_environment_may_name_the_file(toml):
    assert Settings.load(environ={"DIGITS_CONFIG": str(toml("threads = 7"))}).threads == 7


def test_paths_in_the_file_are_seen_from_the_folder_that_the_command_is_started_in(
    toml, tmp_path, monkeypatch
):
    file = toml('models = "mine"\napi_keys_file = "keys.txt"')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keys.txt").write_text("me secret")
    monkeypatch.chdir(elsewhere)

    settings = Settings.load(environ={}, file=file)

    assert settings.models.absolute() == elsewhere / "mine"
    assert settings.api_keys.get_secret_value() == "me secret"


def test_a_file_named_by_a_flag_wins_over_one_named_by_the_environment(toml, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("threads = 9")
    assert Settings.load(environ={"DIGITS_CONFIG": str(other)}, file=toml("threads = 7")).threads == 7


def test_what_is_not_ours_in_the_environment_is_left_alone():
    settings = Settings.load(environ={"PORT": "1", "DIGIT_PORT": "2", "digits_port": "3"})
    assert settings.port == 8000


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("DIGITS_REJECT_BELO", "DIGITS_REJECT_BELOW"),
        ("DIGITS_WORKER", "DIGITS_WORKERS"),
        ("DIGITS_PROT", "DIGITS_PORT"),
        ("DIGITS_port", "DIGITS_PORT"),
        ("DIGITS_API_KEY_FILE", "DIGITS_API_KEYS_FILE"),
        ("DIGITS_CONFI", "DIGITS_CONFIG"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(variable, nearest):
    with pytest.raises(SettingsError, match=rf"^{variable} is not a setting; the nearest is {nearest}$"):
        Settings.load(environ={variable: "1"})


def test_an_unknown_member_of_the_file_is_refused_with_the_nearest_name(toml):
    with pytest.raises(SettingsError, match=r"^thread is not a setting; the nearest is threads$"):
        Settings.load(environ={}, file=toml("thread = 7"))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("port", "-1", "a whole number from 0 to 65535"),
        ("port", "65536", "a whole number from 0 to 65535"),
        ("port", "80.5", "a whole number from 0 to 65535"),
        ("port", "http", "a whole number from 0 to 65535"),
        ("workers", "0", "a whole number, 1 or more"),
        ("threads", "0", "a whole number from 1 to 64"),
        ("threads", "65", "a whole number from 1 to 64"),
        ("reject_below", "-0.1", "a number from 0 to 1"),
        ("reject_below", "1.1", "a number from 0 to 1"),
        ("reject_below", "nan", "a number from 0 to 1"),
        ("reject_below", "none", "a number from 0 to 1"),
        ("max_body_bytes", "0", "a whole number, 1 or more"),
        ("max_body_bytes", "16MiB", "a whole number, 1 or more"),
        ("drain_seconds", "601", "a number from 0 to 600"),
        ("drain_seconds", "inf", "a number from 0 to 600"),
        ("allow_open", "perhaps", "true or false"),
        ("log_level", "chatty", "debug, info, warning, error"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_is_allowed(name, value, allowed):
    variable = f"DIGITS_{name.upper()}"
    with pytest.raises(SettingsError) as refusal:
        Settings.load(environ={variable: value})
    assert str(refusal.value) == f"{name} {value!r} (environment {variable}) is not allowed; give {allowed}"


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("port", "0", 0),
        ("port", "65535", 65_535),
        ("threads", "64", 64),
        ("reject_below", "0", 0.0),
        ("reject_below", "1", 1.0),
        ("drain_seconds", "0.5", 0.5),
        ("allow_open", "1", True),
        ("allow_open", "false", False),
        ("models", "some/folder", Path("some/folder")),
        ("metrics_folder", "/dev/shm/digits", Path("/dev/shm/digits")),  # noqa: S108  # nothing is written there
        ("log_level", "debug", "debug"),
    ],
)
def test_a_value_within_bounds_is_read(name, value, read):
    assert getattr(Settings.load(environ={f"DIGITS_{name.upper()}": value}), name) == read


@pytest.mark.parametrize("variable", ["DIGITS_MODELS", "DIGITS_CONFIG"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_refused(variable, value):
    with pytest.raises(SettingsError, match=rf"^{variable} is empty; give it a value, or leave it out$"):
        Settings.load(environ={variable: value})


@pytest.mark.parametrize("name", [row.name for row in SETTINGS.values() if not row.switch])
@pytest.mark.parametrize("value", ["true", "false"])
def test_a_boolean_in_the_file_is_no_number_and_no_text(toml, name, value):
    file = toml(f"{name} = {value}")
    with pytest.raises(SettingsError) as refusal:
        Settings.load(environ={}, file=file)
    shown = "" if SETTINGS[name].secret else f"{value.title()} "
    assert str(refusal.value) == f"{name} {shown}(file {file}) is not allowed; give {SETTINGS[name].allowed}"


class TestSecrets:
    def test_is_read_from_the_file_that_a_variable_names(self, tmp_path):
        keys = tmp_path / "keys"
        keys.write_text("anna s3cret\n")
        settings = Settings.load(environ={"DIGITS_API_KEYS_FILE": str(keys)})
        assert settings.api_keys.get_secret_value() == "anna s3cret"
        assert source_of(settings, "api_keys") == f"file {keys}, environment DIGITS_API_KEYS_FILE"

    def test_any_setting_may_stand_in_a_file_of_its_own(self, tmp_path):
        (tmp_path / "port").write_text("9000\n")
        assert Settings.load(environ={"DIGITS_PORT_FILE": str(tmp_path / "port")}).port == 9000

    def test_a_setting_and_its_file_cannot_both_be_given(self):
        environ = {"DIGITS_API_KEYS": "a", "DIGITS_API_KEYS_FILE": "b"}
        with pytest.raises(
            SettingsError,
            match=r"^DIGITS_API_KEYS and DIGITS_API_KEYS_FILE are both given; give one of them$",
        ):
            Settings.load(environ=environ)

    def test_a_variable_wins_over_a_file_that_the_toml_names(self, toml, tmp_path):
        (tmp_path / "keys").write_text("b")
        file = toml(f'api_keys_file = "{tmp_path}/keys"')
        settings = Settings.load(environ={"DIGITS_API_KEYS": "a"}, file=file)
        assert settings.api_keys.get_secret_value() == "a"

    def test_an_empty_file_is_refused(self, tmp_path):
        keys = tmp_path / "keys"
        keys.write_text("\n")
        with pytest.raises(SettingsError, match=r"keys \(environment DIGITS_API_KEYS_FILE\) is empty"):
            Settings.load(environ={"DIGITS_API_KEYS_FILE": str(keys)})

    def test_are_never_shown(self):
        settings = Settings.load(environ={"DIGITS_API_KEYS": "s3cret"})
        assert "s3cret" not in f"{settings!r} {settings.effective()} {settings.model_dump_json()}"
        assert "*" in {row.name: row.value for row in settings.effective()}["api_keys"]

    def test_are_not_shown_when_they_are_refused(self, toml):
        with pytest.raises(SettingsError, match=r"^api_keys \(file .*\) is not allowed; give lines of text$"):
            Settings.load(environ={}, file=toml("api_keys = 12345"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"port = ", r"not TOML: .*"),
        (b"port = 1\nport = 2", r"not TOML: .*"),
        (b"\xff", r"not UTF-8; name a text file$"),
        (None, r"No such file or directory; name a file that can be read$"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "digits.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"^{path}: {message}"):
        Settings.load(environ={}, file=path)


@pytest.mark.parametrize("member", ["models", "api_keys_file"])
def test_a_path_that_no_file_can_have_is_refused(toml, member):
    with pytest.raises(SettingsError, match=f"^{member} holds a zero byte"):
        Settings.load(environ={}, file=toml(rf'{member} = "a\u0000b"'))


def test_every_message_is_one_line(toml):
    with pytest.raises(SettingsError) as refusal:
        Settings.load(environ={}, file=toml('host = 5\nlog_level = "x"'))
    assert "\n" not in str(refusal.value)


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_settings_made_by_hand_say_so():
    assert source_of(Settings(port=1), "port") == "argument"
    assert source_of(Settings(port=1), "host") == "default"


def test_what_took_effect_lists_every_setting_once():
    assert [row.name for row in Settings().effective()] == [*SETTINGS] == [*Settings.model_fields]


class TestStrangers:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
    def test_this_machine_needs_no_key(self, host):
        Settings(host=host).refuse_strangers()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])  # noqa: S104  # refused
    def test_other_machines_without_keys_are_refused(self, host):
        with pytest.raises(
            SettingsError, match=rf"^host {host} can be reached .* --api-keys-file, or --allow-open"
        ):
            Settings(host=host).refuse_strangers()

    @pytest.mark.parametrize("permission", [{"allow_open": True}, {"api_keys": SecretStr("key")}])
    def test_other_machines_may_come_with_keys_or_by_permission(self, permission):
        Settings(host="0.0.0.0", **permission).refuse_strangers()  # noqa: S104  # not served


class TestTheList:
    def test_names_each_setting_with_flag_variable_bounds_and_sentence(self):
        row = SETTINGS["drain_seconds"]
        assert (row.variable, row.flag, row.default, row.allowed) == (
            "DIGITS_DRAIN_SECONDS",
            "--drain-seconds",
            "3",
            "a number from 0 to 600",
        )
        assert row.sentence.startswith("Keep answering")

    def test_a_secret_has_no_flag_but_one_for_its_file(self):
        assert [row.flag for row in SETTINGS.values() if row.secret] == ["--api-keys-file"]

    @pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
    def test_has_a_sentence_for_each(self, row):
        assert row.sentence.endswith(".")
        assert row.sentence[0].isupper()

    @pytest.mark.parametrize(
        "row", [r for r in SETTINGS.values() if r.default != "none" and "the" not in r.default]
    )
    def test_the_default_in_words_is_what_takes_effect(self, row):
        written = Settings.load(environ={row.variable: row.default})
        assert getattr(written, row.name) == getattr(Settings.load(environ={}), row.name)


class TestDefaults:
    def test_the_models_are_those_beside_the_package(self):
        assert Settings.load(environ={}).models == ROOT / "model_artifacts"

    def test_the_models_of_an_installed_package_lie_inside_it(self, tmp_path, monkeypatch):
        (tmp_path / "service" / "model_artifacts").mkdir(parents=True)
        monkeypatch.setattr(module.fields, "__file__", str(tmp_path / "service" / "settings" / "fields.py"))
        assert shipped_artifacts() == tmp_path / "service" / "model_artifacts"

    def test_there_are_as_many_workers_as_cores_that_one_may_use(self, monkeypatch):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5}, raising=False)
        assert Settings.load(environ={}).workers == 3

    def test_where_a_system_cannot_say_which_cores_one_may_use_all_are_counted(self, monkeypatch):
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 12)
        assert usable_cores() == 12


def test_the_configuration_can_be_written_as_toml(toml):
    file = toml('host = "::1"\nallow_open = true\ndrain_seconds = 0.5\n')
    settings = Settings.load(environ={}, file=file)
    assert (settings.host, settings.allow_open, settings.drain_seconds) == tuple(
        tomllib.loads(file.read_text()).values()
    )


def test_the_same_settings_can_be_gathered_anew_from_files_that_have_changed(toml):
    file = toml("port = 1\nworkers = 1")
    settings = Settings.load({"port": 2}, {"DIGITS_THREADS": "3"}, file)
    toml("port = 4\nworkers = 5")
    again = settings.reread()
    assert (again.port, again.threads, again.workers) == (2, 3, 5)
    file.unlink()
    with pytest.raises(SettingsError):
        settings.reread()


def test_settings_made_by_hand_stay_as_they_are():
    settings = Settings(port=1)
    assert settings.reread() is settings


def test_formats_are_those_that_imaging_reads():
    every = ", ".join(Format)
    assert SETTINGS["formats"].allowed == f"a comma list of {every}"
    assert Settings(formats=" jpeg , png").formats == "jpeg,png"


@pytest.mark.parametrize("formats", ["gif", "png,", "PNG"])
def test_a_format_that_cannot_be_read_is_refused(formats):
    with pytest.raises(SettingsError, match="give a comma list of png, jpeg, webp"):
        Settings.load({"formats": formats}, {})


def test_the_formats_that_may_be_named_are_those_that_imaging_knows():
    assert set(FORMATS) == set(Format)
