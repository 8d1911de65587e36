"""The composition root: settings, state, counters and log go in, a Flask application comes out."""

from flask import Flask
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from service.settings import Settings
from service.web.classify import classify_routes
from service.web.encoding import OrjsonProvider
from service.web.exchange import Exchange
from service.web.finish import finisher
from service.web.health import PROBES, health_routes
from service.web.keys import Keys, ask_for_keys
from service.web.logs import make_log
from service.web.metrics import Metrics
from service.web.models import models_routes
from service.web.problems import answer_errors
from service.web.scrape import metrics_route
from service.web.state import State

__all__ = ["create_app"]

STDOUT = 1


class DigitService(Flask):
    """Is Flask with our request and our JSON."""

    request_class = Exchange
    json_provider_class = OrjsonProvider


def create_app(
    settings: Settings,
    *,
    state: State | None = None,
    metrics: Metrics | None = None,
    log: FilteringBoundLogger | None = None,
) -> Flask:
    """Put the service together.

    Args:
        settings: checked.
        state: what is served; read from the folder of artifacts unless given.
        metrics: counts in a registry of its own unless given.
        log: writes to stdout unless given.

    Raises:
        BadArtifactError: an artifact is bad, or there are none.
        UnknownModelError: the default model is not among them.
        SettingsError: the API keys cannot be understood.
    """
    state = State(settings) if state is None else state
    metrics = Metrics(CollectorRegistry()) if metrics is None else metrics
    log = make_log(settings.log_level, STDOUT, metrics.line_dropped) if log is None else log
    metrics.prepare(state.current.catalogue)
    app = DigitService("service.web", static_folder=None)
    app.url_map.merge_slashes = False  # a path is right or wrong; nothing is redirected
    if settings.api_keys is not None:
        ask_for_keys(app, Keys.parse(settings.api_keys), PROBES)
    for routes in (
        classify_routes(state, metrics),
        models_routes(state),
        health_routes(state),
        metrics_route(metrics.collector, state),
    ):
        app.register_blueprint(routes)
    answer_errors(app)
    app.after_request(finisher(metrics, log))
    return app
