"""What a card tells of the training: the data, the recipe, the curve."""

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from service.artifacts.card.markdown import plain, table
from service.artifacts.format import Metadata, Moment, Training

__all__ = ["kinds_of_trash", "trained"]

MOMENTS = 10  # of the curve that are shown


def trained(metadata: Metadata) -> Iterator[str]:
    """Tell how the weights came to be, block by block."""
    training = metadata.training
    yield "## Training"
    if training is None:
        yield "The artifact does not say how it came to be."
        return
    yield table(["what", "value"], _facts(training).items(), right=False)
    if training.recipe:
        yield "### Recipe"
        yield "With it, this seed and the code of its day, the same machine makes the same file again."
        yield table(["member", "value"], _flat(training.recipe), right=False)
    if metadata.curve:
        yield "### Training curve"
        yield _curve(metadata.curve)


def _facts(training: Training) -> dict[str, str]:
    return {
        "data": plain(training.data),
        "images": f"{training.n_images:,}",
        "epochs": f"{training.epochs:,}",
        "cost": plain(training.cost),
        "seed": str(training.seed),
        "code version": plain(training.code_version),
    } | {f"sha256 of {plain(name)}": f"`{sha256}`" for name, sha256 in training.data_sha256.items()}


def _flat(recipe: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Go through the members of a recipe and of the tables in it, by dotted name."""
    for key, value in recipe.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield plain(prefix + key), plain(value if isinstance(value, str) else json.dumps(value))


def _curve(curve: tuple[Moment, ...]) -> str:
    """Show moments about as far from one another, the first and the last among them."""
    steps = min(MOMENTS, len(curve)) - 1
    shown = (curve[step * (len(curve) - 1) // max(1, steps)] for step in range(steps + 1))
    rows = ([f"{m.epoch:,}", f"{m.cost:.4g}", f"{m.validation_accuracy:.2%}"] for m in shown)
    return table(["epoch", "cost", "validation accuracy"], rows)


def kinds_of_trash(training: Training | None) -> tuple[JsonValue, ...] | None:
    """Return the kinds of trash in the recipe; none where it says nothing of trash."""
    kinds = None if training is None else training.recipe.get("trash")
    return tuple(kinds) if isinstance(kinds, list | dict) else None
