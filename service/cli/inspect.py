"""`digits inspect`."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from service.artifacts import Artifact
from service.cli.artifact import described, find, summary
from service.cli.options import AS_JSON, settings_flags
from service.settings import Settings

__all__ = ["command"]


@click.command("inspect")
@click.argument("artifact")
@AS_JSON
@settings_flags("models")
def command(artifact: str, config: Path | None, *, as_json: bool, **flags: object) -> None:
    """Show what an ARTIFACT says of itself: an .npz, or the name of a model."""
    found = find(artifact, Settings.load(flags, file=config).models)
    click.echo(json.dumps(described(found), indent=2) if as_json else "\n".join(_lines(found)))


def _lines(artifact: Artifact) -> Iterator[str]:
    metadata, training = artifact.metadata, artifact.metadata.training
    yield summary(artifact)
    yield metadata.description
    yield f"labels         {' '.join(metadata.labels)}"
    yield f"preprocessing  {metadata.preprocessing.name}"
    if training is not None:
        yield (
            f"trained        on {training.n_images:,} images of {training.data}, {training.epochs} epochs, "
            f"{training.cost} cost, seed {training.seed}"
        )
    if metadata.evaluation is not None:
        yield f"measured       on {metadata.evaluation.n_images:,} images of {metadata.evaluation.data}"
    yield f"threshold      {metadata.reject.chosen}"
    yield f"licence        {metadata.licence}"
    yield f"producer       {metadata.producer}"
    yield f"file           {artifact.size_bytes:,} bytes, sha256 {artifact.sha256}"
