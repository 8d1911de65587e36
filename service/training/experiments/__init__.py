"""The videos' experiments: each one command that writes a picture and its numbers.

`run(name, …)` conducts one, EXPERIMENTS lists them, `publish(folder, page)` tells all of them on one page.
"""

from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome
from service.training.experiments.conduct import perform, run
from service.training.experiments.page import publish, render
from service.training.experiments.table import EXPERIMENTS

__all__ = [
    "EXPERIMENTS",
    "Bench",
    "Experiment",
    "Numbers",
    "Outcome",
    "perform",
    "publish",
    "render",
    "run",
]
