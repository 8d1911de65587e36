"""The direct way to the routes that are asked most: past what Flask does and they have no use for.

Flask matches the path, pushes two contexts, opens a session and sends signals, which costs as much as to
classify a small picture. A direct route is found by its path alone and takes its request as an argument. The
rest is done by the functions that Flask calls for every other route, and a test holds the answers of both
ways together.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from werkzeug.routing import Rule

from service.web.encoding import to_json
from service.web.exchange import Exchange
from service.web.problems import answer_failure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from service.web.finish import Complete

__all__ = ["STATUS_LINES", "Direct", "Steps", "View"]

View: TypeAlias = Callable[[Exchange], Mapping[str, object]]
STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Steps(NamedTuple):
    """What is done about every request, whichever way it comes.

    Attributes:
        check: raises where a key is missing.
        complete: counts and logs the request, and returns what its answer carries besides.
    """

    check: Callable[[Exchange], None]
    complete: "Complete"


class Direct:
    """A WSGI function that is one route."""

    def __init__(self, path: str, view: View, steps: Steps) -> None:
        self._rule = Rule(path)
        self._view = view
        self._steps = steps

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        exchange = Exchange(environ)
        exchange.url_rule = self._rule
        try:
            self._steps.check(exchange)
            body = to_json(self._view(exchange))
            status, fields = HTTPStatus.OK, [("Content-Type", "application/json")]
        except Exception as error:  # noqa: BLE001  # as Flask's error handler does
            status, further, body = answer_failure(exchange, error)
            fields = [*further.items()]
        fields += self._steps.complete(exchange, status, fields, len(body))
        fields.append(("Content-Length", str(len(body))))
        start_response(STATUS_LINES[status], fields)
        return (body,)
