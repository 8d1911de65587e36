"""`digits classify`."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import click
import numpy as np
import orjson

from service.artifacts.format import DIGITS
from service.classifier import Classifier
from service.cli.files import CENTER, INVERT, chosen, read
from service.cli.options import AS_JSON, settings_flags
from service.errors import BadInputError, ImageError
from service.extras import needs
from service.imaging import Choice
from service.settings import Settings
from service.verdict import Reason
from service.web.answers import answer
from service.web.options import Options

__all__ = ["command"]

Told: TypeAlias = Mapping[str, Any]
Ask: TypeAlias = Callable[[bytes], Told]
HERE = ("models", "max_side_pixels", "max_pixels")
"""Settings that mean nothing to a service that runs elsewhere."""

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.BLANK: "no ink at all",
        Reason.SEVERAL: "more than one thing in the picture",
        Reason.WEAK: "strongest {strongest:.3f}, below {threshold:g}",
        Reason.AMBIGUOUS: "{first} at {strongest:.3f} and {second} at {next:.3f}, both from {threshold:g} up",
    }
)
"""Why a picture is no digit, in words."""


@click.command("classify")
@click.argument("files", nargs=-1, required=True)
@AS_JSON
@INVERT
@CENTER
@click.option("--url", help="Ask the service that runs there instead, as http://127.0.0.1:8000.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Send it the key in this file.")
@settings_flags("models", "model", "reject_below", "max_side_pixels", "max_pixels")
def command(
    files: tuple[str, ...],
    *,
    invert: Choice,
    center: Choice,
    url: str | None,
    key_file: Path | None,
    config: Path | None,
    as_json: bool,
    **flags: str | None,
) -> int:
    """Read the digit in each of FILES, PNG, JPEG or WebP; - is the standard input.

    Exits 1 when one of them could not be read; the others are answered all the same.
    """
    options = {"invert": invert, "center": center}
    with ExitStack() as stack:
        if url is None:
            _refuse(key_file=key_file)
            ask = _here(Settings.load(flags, file=config), **options)
        else:
            _refuse(config=config, **{name: flags.pop(name) for name in HERE})
            ask = _there(stack, url, key_file, **flags, **options)
        return _tell(files, ask, _json if as_json else _words)


def _tell(files: tuple[str, ...], ask: Ask, tell: Callable[[str, Told], str]) -> int:
    status = 0
    for file in files:
        name = click.format_filename(file)
        try:
            click.echo(tell(name, ask(read(file))))
        except (BadInputError, ImageError) as error:
            click.echo(f"digits: {name}: {error}", err=True)
            status = 1
    return status


def _refuse(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            needed = "needs --url" if name == "key_file" else "and --url exclude each other"
            raise click.UsageError(f"--{name.replace('_', '-')} {needed}")


def _here(settings: Settings, *, invert: Choice, center: Choice) -> Ask:
    """Return what answers as the service would, and is this process."""
    artifact, limits = chosen(settings)
    classifier = Classifier.of(artifact, limits=limits, reject_below=settings.reject_below)

    def ask(picture: bytes) -> Told:
        return answer("", classifier, classifier.classify(picture, invert=invert, center=center), Options())

    return ask


def _there(stack: ExitStack, url: str, key_file: Path | None, **options: str | None) -> Ask:
    """Return what asks a running service."""
    needs("requests", extra="client", what="--url")
    from service.client import Client  # noqa: PLC0415  # its extra is needed here alone

    key = None if key_file is None else _key(key_file)
    client = stack.enter_context(Client(url, key=key))
    return lambda picture: client.classify(picture, **options).members


def _key(file: Path) -> str:
    try:
        return read(str(file)).decode(errors="replace").strip()
    except BadInputError as error:  # which else would seem to be about a picture
        raise BadInputError(f"{file}: {error}") from error


def _json(name: str, told: Told) -> str:
    """Tell what the service does, in one line, with the file's name in place of the request's id."""
    members = {"name": name} | {member: value for member, value in told.items() if member != "id"}
    return orjson.dumps(members, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _words(name: str, told: Told) -> str:
    activations, labels, reason = np.asarray(told["activations"]), told.get("labels", DIGITS), told["reason"]
    first, second = np.argsort(-activations, kind="stable")[:2]  # among equals argmax is the first
    words = {
        "first": labels[first],
        "strongest": activations[first],
        "second": labels[second],
        "next": activations[second],
        "threshold": told["reject_below"],
    }
    if reason is None:
        return "{}: {first} (strongest {strongest:.3f}, next {second} at {next:.3f})".format(name, **words)
    if reason not in REASONS:  # one that a newer service gives
        return f"{name}: not a digit ({reason})"
    return f"{name}: not a digit ({reason}: {REASONS[reason].format(**words)})"
