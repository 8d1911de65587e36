"""The composition root: settings, state, counters and log go in, a Flask application comes out."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from service.settings import Settings
from service.web.batch import batch_routes
from service.web.classify import classify_routes, classifying
from service.web.direct import Direct, Steps
from service.web.documents import DOCUMENTS, documents_routes
from service.web.encoding import OrjsonProvider
from service.web.exchange import Exchange, this_exchange
from service.web.feedback import feedback_routes
from service.web.finish import completer, finish
from service.web.heads import CLASSIFY
from service.web.health import PROBES, health_routes
from service.web.history import history_routes
from service.web.inference import DataPlane, inference_routes
from service.web.keys import key_check
from service.web.logs import make_log
from service.web.metrics import Metrics
from service.web.models import models_routes
from service.web.page import PAGE, page_routes
from service.web.problems import answer_errors
from service.web.scrape import METRICS, metrics_route
from service.web.segments import Segment
from service.web.state import State
from service.web.weights import weights_routes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["STDOUT", "DigitService", "create_app"]

STDOUT = 1


class DigitService(Flask):
    """Is Flask with our request, our JSON and a direct way to some routes.

    Attributes:
        direct: those routes, by method and path.
    """

    request_class = Exchange
    json_provider_class = OrjsonProvider

    def __init__(self) -> None:
        super().__init__("service.web", static_folder=None)
        self.direct: dict[tuple[str, str], Direct] = {}

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, the direct way where there is one."""
        if not environ["PATH_INFO"] and not environ.get("SCRIPT_NAME"):
            environ["PATH_INFO"] = "/"  # what no path means (RFC 9112, section 3.2.1)
        direct = self.direct.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return (direct or super().wsgi_app)(environ, start_response)


def create_app(
    settings: Settings,
    *,
    state: State | None = None,
    metrics: Metrics | None = None,
    log: FilteringBoundLogger | None = None,
) -> DigitService:
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
    metrics.prepare(state.current.catalogue, state.keys.names if state.keys else ())
    app = DigitService()
    app.url_map.converters["default"] = Segment
    app.url_map.merge_slashes = False  # a path is right or wrong; nothing is redirected
    free = (PAGE | PROBES | DOCUMENTS) - ({METRICS} if settings.lock_metrics else set())
    steps = Steps(key_check(state, metrics, free), completer(metrics, log))
    classify = classifying(state, metrics)
    for routes in (
        classify_routes(classify),
        batch_routes(state, metrics),
        feedback_routes(state, metrics),
        models_routes(state),
        weights_routes(state),
        history_routes(state),
        health_routes(state),
        metrics_route(metrics, state),
        page_routes(classify),
        documents_routes(state, free),
        *inference_routes(DataPlane(state, metrics)),
    ):
        app.register_blueprint(routes)
    app.before_request(lambda: steps.check(this_exchange()))
    answer_errors(app)
    app.after_request(finish(steps.complete))
    app.direct["POST", CLASSIFY] = Direct(CLASSIFY, classify, steps)
    return app
