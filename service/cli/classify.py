"""`digits classify`."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click
import numpy as np
import orjson

from service.artifacts import Repository
from service.classifier import Classification, Classifier, Reason
from service.cli.options import AS_JSON, Decorator, settings_flags
from service.errors import BadInputError, ImageError
from service.imaging import Choice, Limits
from service.settings import Settings
from service.web.answers import answer
from service.web.options import Options

__all__ = ["command"]

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.BLANK: "no ink at all",
        Reason.SEVERAL: "more than one thing in the picture",
        Reason.WEAK: "strongest {strongest:.3f}, below {threshold:g}",
        Reason.AMBIGUOUS: "{first} at {strongest:.3f} and {second} at {next:.3f}, both from {threshold:g} up",
    }
)
"""Why a picture is no digit, in words."""


def _choice(flag: str, sentence: str) -> Decorator:
    return click.option(
        flag, type=click.Choice([*Choice], case_sensitive=False), default=Choice.AUTO, help=sentence
    )


@click.command("classify")
@click.argument("files", nargs=-1, required=True)
@AS_JSON
@_choice("--invert", "Say whether ink is darker than paper.")
@_choice("--center", "Say whether to frame the ink as MNIST does.")
@settings_flags("models", "model", "reject_below", "max_side_pixels", "max_pixels")
def command(
    files: tuple[str, ...],
    invert: Choice,
    center: Choice,
    config: Path | None,
    *,
    as_json: bool,
    **flags: object,
) -> int:
    """Read the digit in each PNG of FILES; - is the standard input.

    Exits 1 when one of them could not be read; the others are answered all the same.
    """
    classifier = _classifier(Settings.load(flags, file=config))
    tell = _json if as_json else _words
    status = 0
    for file in files:
        name = click.format_filename(file)
        try:
            click.echo(tell(name, classifier, classifier.classify(_read(file), invert=invert, center=center)))
        except (BadInputError, ImageError) as error:
            click.echo(f"digits: {name}: {error}", err=True)
            status = 1
    return status


def _classifier(settings: Settings) -> Classifier:
    artifact = Repository(settings.models).read().find(settings.model)
    limits = Limits(settings.max_side_pixels, settings.max_pixels)
    return Classifier.of(artifact, limits=limits, reject_below=settings.reject_below)


def _read(file: str) -> bytes:
    try:
        with click.open_file(file, "rb") as stream:
            content: bytes = stream.read()
    except OSError as error:
        raise BadInputError(f"{error.strerror}; name a file that can be read") from error
    return content


def _json(name: str, classifier: Classifier, classification: Classification) -> str:
    """Tell what the service would, in one line, with the file's name in place of a request's id."""
    told = answer(name, classifier, classification, Options())
    members = {"name" if member == "id" else member: value for member, value in told.items()}
    return orjson.dumps(members, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _words(name: str, classifier: Classifier, classification: Classification) -> str:
    verdict, labels = classification.verdict, classifier.artifact.metadata.labels
    first, second = np.argsort(-verdict.activations, kind="stable")[:2]  # among equals argmax is the first
    words = {
        "first": labels[first],
        "strongest": verdict.activations[first],
        "second": labels[second],
        "next": verdict.activations[second],
        "threshold": verdict.reject_below,
    }
    if verdict.reason is None:
        return "{}: {first} (strongest {strongest:.3f}, next {second} at {next:.3f})".format(name, **words)
    return f"{name}: not a digit ({verdict.reason}: {REASONS[verdict.reason].format(**words)})"
