"""Training once more on all digits, for what ships: after the choice, or beside it where that saves time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np

from service.training.descent import Report, Trained, descend
from service.training.device import Workshop
from service.training.material import supply
from service.training.memory import keep_freed
from service.training.mnist import Digits
from service.training.recipes import Recipe
from service.training.workers import elsewhere

__all__ = ["Refit", "refitting"]

Refit: TypeAlias = Callable[[int, Report], Trained]
"""(the best candidate, who is told how it goes) → that candidate, trained on all digits."""


@contextmanager
def refitting(recipe: Recipe, digits: Digits, seed: int, shop: Workshop) -> Iterator[tuple[Refit, Workshop]]:
    """Train on all digits beside the choice, where the recipe asks for it and it is known which candidate.

    Args:
        recipe: everything that decides how.
        digits: all there are to learn from, those to choose on among them.
        seed: of everything random.
        shop: what the work is done with.

    Yields:
        what trains the best candidate, or waits for it; and what the choice has to work with meanwhile.
    """
    one_card_for_both = shop.to is not np
    if not recipe.refit or recipe.candidates > 1 or shop.processes <= 1 or one_card_for_both:
        yield _refit(recipe, digits, seed, shop), shop
        return
    beside = shop.processes // 2
    with elsewhere(_refit_quietly, recipe, digits, seed, beside) as refitted:
        yield lambda _best, _report: refitted(), shop._replace(processes=shop.processes - beside)


def _refit(recipe: Recipe, digits: Digits, seed: int, shop: Workshop) -> Refit:
    materials = supply(recipe, digits, seed, *shop)
    return lambda best, report: descend(recipe, materials, None, seed, report, only=best, to=shop.to)


def _refit_quietly(recipe: Recipe, digits: Digits, seed: int, processes: int) -> Trained:
    """Train the only candidate there is, in a process of its own."""
    keep_freed()
    return _refit(recipe, digits, seed, Workshop(processes))(0, lambda _line: None)
