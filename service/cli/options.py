"""What several commands are told alike."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from service.errors import SettingsError
from service.settings import SETTINGS, Setting, usable_cores

__all__ = ["ARTIFACTS", "AS_JSON", "DATA", "PROCESSES", "Decorator", "settings_flags"]

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

MNIST_DIR = "MNIST_DIR"


def _no_empty_variable(_: click.Context, __: click.Parameter, given: Path | None) -> Path | None:
    """Refuse an empty variable, which click takes for none: nobody meant to download with it."""
    if given is None and os.environ.get(MNIST_DIR) == "":
        raise SettingsError(f"{MNIST_DIR} is empty; give it a value, or leave it out")
    return given


AS_JSON: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
DATA: Decorator = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar=MNIST_DIR,
    show_envvar=True,
    callback=_no_empty_variable,
    help="Read MNIST from this folder; without one it is downloaded.",
)
ARTIFACTS: Decorator = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Write <name>/<version>.npz into this folder.",
)
CONFIG: Decorator = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Read settings from this TOML file; DIGITS_CONFIG may name it too.",
)
PROCESSES: Decorator = click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=usable_cores,
    show_default="the cores one may use",
    help="Make images in at most so many processes.",
)


def settings_flags(*names: str) -> Decorator:
    """Give a command --config and a flag for each of these settings, for every one where none is named."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names or tuple(SETTINGS)):
            function = _flag(SETTINGS[name])(function)
        return CONFIG(function)

    return add


def _flag(setting: Setting) -> Decorator:
    if setting.switch:
        return click.option(f"{setting.flag}/--no-{setting.flag[2:]}", default=None, help=setting.sentence)
    described = f"{setting.sentence} [{setting.allowed}; default: {setting.default}]"
    return click.option(setting.flag, metavar="VALUE", help=described)
