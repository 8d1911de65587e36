"""From an experiment's name to its picture and its numbers on disk."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

from pydantic import TypeAdapter

from service.artifacts import save
from service.errors import BadInputError
from service.settings import shipped_artifacts
from service.training import chart, mnist
from service.training.experiments.bench import Bench, Experiment
from service.training.experiments.table import EXPERIMENTS
from service.whole import prove_writable, whole

__all__ = ["perform", "run"]

SIGNIFICANT = 6  # digits of a number that is kept


def run(
    name: str,
    *,
    data: Path | None,
    out: Path,
    seed: int = 0,
    report: Callable[[str], None],
    models: Path | None = None,
    sha256: Mapping[str, str] = mnist.SHA256,
) -> list[Path]:
    """Conduct one experiment and write its picture, its numbers, and the artifact that came of it, if any.

    Args:
        name: a row of EXPERIMENTS.
        data: the folder of the four MNIST files; None downloads them where they are needed.
        out: the folder that is written to; made where it is missing.
        seed: of everything random.
        report: told one line at a time how it goes.
        models: the folder of artifacts to experiment on; None takes those that come with the service.
        sha256: of the MNIST files, uncompressed.

    Returns:
        The paths of what was written: <name>.png, <name>.json, <model>/<version>.npz.

    Raises:
        BadInputError: there is no such experiment, the seed is negative, or the folder cannot be written to.
        BadDataError: MNIST cannot be had.
        UnknownModelError: the folder holds none of the models that the experiment is about.
        ServiceError: the `train` extra is not installed.
    """
    if name not in EXPERIMENTS:
        raise BadInputError(f"no experiment is named {name!r}; there are {', '.join(EXPERIMENTS)}")
    if seed < 0:
        raise BadInputError(f"seed {seed} is negative; use 0 or more")
    bench = Bench(data, shipped_artifacts() if models is None else models, seed, report, sha256)
    return perform(EXPERIMENTS[name], bench, out)


def perform(experiment: Experiment, bench: Bench, out: Path) -> list[Path]:
    """Conduct an experiment, with whatever settings it has, and write what it found.

    Raises:
        BadInputError: the folder cannot be written to.
    """
    with _written_to(out):  # before what takes long
        prove_writable(out)
    started = process_time()
    picture, numbers = out / f"{experiment.name}.png", out / f"{experiment.name}.json"
    with chart.style():
        outcome = experiment.conduct(bench, experiment.settings)
        found = {
            "experiment": experiment.name,
            "seed": bench.seed,
            "settings": TypeAdapter(Any).dump_python(asdict(experiment.settings), mode="json"),
            "numbers": _tidy(outcome.numbers),
        }
        with _written_to(out):
            chart.write(outcome.figure, picture)
            with whole(numbers) as file:
                file.write(f"{json.dumps(found, indent=1, allow_nan=False)}\n".encode())
    written = [picture, numbers]
    if outcome.made is not None:
        written.append(save(*outcome.made, out))
    bench.report(f"{experiment.name}: {process_time() - started:.0f} s; {', '.join(map(str, written))}")
    return written


@contextmanager
def _written_to(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInputError(f"{out}: cannot be written to ({error}); name another folder") from error


def _tidy(value: Any) -> Any:  # noqa: ANN401  # any value of JSON
    """Round every number in a value of JSON to six significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}")
    if isinstance(value, dict):
        return {name: _tidy(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return value
