"""Where the time of one classification goes, in microseconds: `make bench-stages`.

Each stage is run by itself, again and again, and the least time counts: that of a run which nobody disturbed.
What is left between the stages and the whole is what the processor's caches have forgotten in between.
"""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns

import click
import numpy as np
from prometheus_client import CollectorRegistry
from werkzeug.test import EnvironBuilder

from benchmarks.serving.posts import digit
from benchmarks.uploads import photo
from service.classifier import Classifier
from service.imaging import decode, normalize
from service.imaging.decode import source_of
from service.settings import Settings
from service.training.experiments.markdown import table
from service.web.app import DigitService, create_app
from service.web.logs import make_log
from service.web.metrics import Metrics
from service.web.reserve import Lost
from service.web.scrape import share_counters, shared_collector
from service.web.state import State

__all__ = ["main"]

RUNS, AT_ONCE = 2000, 2
Stage = Callable[[], object]


def main() -> None:
    """Print a table for each model and kind of picture."""
    with TemporaryDirectory() as folder:
        lost = Lost()
        share_counters(Path(folder), lost)  # as the service counts
        for model in ("plain", "wide"):
            for name, png in {"28×28 grey": digit(), "280×280 RGB": photo(280, 280)}.items():
                rows = [
                    (stage, f"{_microseconds(work):.1f}")
                    for stage, work in _stages(model, png, Path(folder), lost)
                ]
                click.echo(f"\n{model}, {name}\n\n{table(('stage', 'µs'), rows)}")


def _stages(model: str, png: bytes, folder: Path, lost: Lost) -> Iterator[tuple[str, Stage]]:
    settings = Settings(model=model)
    state = State(settings)
    classifier = state.current.default
    metrics = Metrics(CollectorRegistry(), shared_collector(folder), lost)
    log = make_log("info", os.open(os.devnull, os.O_WRONLY), metrics.line_dropped)
    app = create_app(settings, state=state, metrics=metrics, log=log)
    yield "check the PNG's structure", lambda: source_of(png, classifier.limits)
    picture = decode(png, classifier.limits, classifier.budget)
    yield "check and decode", lambda: decode(png, classifier.limits, classifier.budget)
    yield "normalize", lambda: normalize(picture)
    yield from _of_network(classifier, normalize(picture).pixels[np.newaxis])
    classification = classifier.classify(png)
    yield "classify: all of these", lambda: classifier.classify(png)
    yield "count the classification", lambda: metrics.classified(classifier.artifact, classification)
    yield "count the request", lambda: metrics.answered("/v1/classify", "POST", 200, 0.001)
    yield "one line of the log", lambda: log.info("request", id="0", status=200, seconds=0.001, model=model)
    yield "WSGI: all but gunicorn", _request(app, png)


def _of_network(classifier: Classifier, pixels: np.ndarray) -> Iterator[tuple[str, Stage]]:
    prepared = classifier.preprocessing.prepare(pixels)
    yield "deskew", lambda: classifier.preprocessing.prepare(pixels)
    yield "forward", lambda: classifier.network.forward(prepared)


def _request(app: DigitService, png: bytes) -> Stage:
    made = EnvironBuilder("/v1/classify", method="POST", content_type="image/png").get_environ()

    def ask() -> bytes:
        environ = {**made, "wsgi.input": io.BytesIO(png), "CONTENT_LENGTH": str(len(png))}
        return b"".join(app.wsgi_app(environ, lambda *_: lambda _: None))

    return ask


def _microseconds(work: Stage) -> float:
    work()
    least = float("inf")
    for _ in range(RUNS // AT_ONCE):
        start = perf_counter_ns()
        for _ in range(AT_ONCE):
            work()
        least = min(least, perf_counter_ns() - start)
    return least / AT_ONCE / 1000


if __name__ == "__main__":
    main()
