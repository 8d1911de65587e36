"""Where settings are given: flags, the environment, a TOML file.

A flag wins over the environment, the environment over the file. At each of these levels NAME_FILE may stand
for NAME: the value is then what that file holds, as is the custom for secrets.
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from service.errors import SettingsError

__all__ = ["PREFIX", "Given", "gather"]

PREFIX = "DIGITS_"
CONFIG = "config"  # names the TOML file, and is no setting itself


class Given(NamedTuple):
    """A value that somebody chose, not yet checked.

    Attributes:
        value: a string, or what TOML made of it.
        source: where it was given, for a person to read.
    """

    value: object
    source: str


def gather(
    known: Collection[str], flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None
) -> dict[str, Given]:
    """Collect what is given, by the setting's name.

    Args:
        known: the names of all settings.
        flags: by the setting's name; None is not given.
        environ: what does not begin with DIGITS_ is ignored.
        file: TOML, one member a setting; without one, the file that DIGITS_CONFIG names.

    Raises:
        SettingsError: an unknown name, a value that is empty or has a zero byte, a setting given twice at one
            level, or a file that cannot be read.
    """
    named = _named(environ)
    path = named if file is None else file
    return (
        _level(known, _members(path), str, f"file {path}")
        | _level(known, _variables(environ), _variable, "environment {}")
        | _level(known, _present(flags), _flag, "flag {}")
    )


def _named(environ: Mapping[str, str]) -> Path | None:
    """Return the file that the environment names."""
    variable = _variable(CONFIG)
    named = environ.get(variable)
    if named is None:
        return None
    _refuse_unusable(variable, named)
    return Path(named)


def _refuse_unusable(spelled: str, value: object) -> None:
    if isinstance(value, str) and not value.strip():
        raise SettingsError(f"{spelled} is empty; give it a value, or leave it out")
    if isinstance(value, str) and "\0" in value:
        raise SettingsError(f"{spelled} holds a zero byte, which no path and no address has; leave it out")


def _members(file: Path | None) -> Iterable[tuple[str, object]]:
    if file is None:
        return ()
    try:
        return tomllib.loads(_text(file)).items()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not TOML: {error}") from error


def _variables(environ: Mapping[str, str]) -> Iterable[tuple[str, object]]:
    ours = ((variable, value) for variable, value in environ.items() if variable.startswith(PREFIX))
    # swapcase, so that DIGITS_port is not taken for DIGITS_PORT
    named = ((variable.removeprefix(PREFIX).swapcase(), value) for variable, value in ours)
    return ((name, value) for name, value in named if name != CONFIG)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.swapcase()}"


def _present(flags: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    return ((name, value) for name, value in flags.items() if value is not None)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _level(
    known: Collection[str],
    given: Iterable[tuple[str, object]],
    spell: Callable[[str], str],
    source: str,
) -> dict[str, Given]:
    """Collect what one level gives, by the setting's name.

    Args:
        known: the names of all settings.
        given: names, each perhaps with "_file" behind it, and values.
        spell: how a name is written at this level.
        source: where a value was given; {} stands for the name as it is written there.
    """
    found: dict[str, Given] = {}
    for key, value in given:
        name = key if key in known else key.removesuffix("_file")
        if name not in known:
            raise SettingsError(
                f"{spell(key)} is not a setting; the nearest is {spell(_nearest(known, key))}"
            )
        _refuse_unusable(spell(key), value)
        if name in found:
            raise SettingsError(f"{spell(name)} and {spell(f'{name}_file')} are both given; give one of them")
        origin = source.format(spell(key))
        found[name] = Given(value, origin) if name == key else _read(Path(str(value)), origin)
    return found


def _read(file: Path, origin: str) -> Given:
    value = _text(file).strip()
    if not value:
        raise SettingsError(f"{file} ({origin}) is empty; write the value into it")
    return Given(value, f"file {file}, {origin}")


def _nearest(known: Collection[str], name: str) -> str:
    names = [CONFIG, *known, *(f"{each}_file" for each in known)]
    return get_close_matches(name.lower(), names, n=1, cutoff=0)[0]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; name a file that can be read") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: not UTF-8; name a text file") from error
