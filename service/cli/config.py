"""`digits config`."""

import json
import re
from pathlib import Path

import click

from service.cli.options import AS_JSON, settings_flags
from service.settings import SETTINGS, Effective, Settings

__all__ = ["command"]

TO_ESCAPE = re.compile("[\x7f\ud800-\udfff]")  # delete, and bytes that are no text; JSON leaves them be


@click.command("config")
@AS_JSON
@settings_flags()
def command(config: Path | None, *, as_json: bool, **flags: object) -> None:
    """Show every setting and where it came from, secrets masked.

    The lines are a TOML file that --config reads.
    """
    effective = Settings.load(flags, file=config).effective()
    if as_json:
        click.echo(json.dumps({e.name: {"value": e.value, "source": e.source} for e in effective}, indent=2))
    else:
        click.echo("\n".join(map(_line, effective)))


def _line(setting: Effective) -> str:
    # TOML has no null, and nobody has asterisks for a secret
    left_out = setting.value is None or SETTINGS[setting.name].secret
    value = "none" if setting.value is None else _toml(setting.value)
    return f"{'# ' if left_out else ''}{setting.name} = {value}  # {setting.source}"


def _toml(value: object) -> str:
    """Write a value as JSON does, which TOML reads but for what is escaped here."""
    return TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
