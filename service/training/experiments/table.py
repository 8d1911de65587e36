"""All experiments, in the order in which the page tells them."""

from collections.abc import Mapping
from types import MappingProxyType

from service.training.experiments import descent, dream, four_pixel, hidden, noise, nudge, shuffled_labels
from service.training.experiments.bench import Experiment

__all__ = ["EXPERIMENTS"]

EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {
        module.EXPERIMENT.name: module.EXPERIMENT
        for module in (four_pixel, nudge, descent, hidden, noise, dream, shuffled_labels)
    }
)
