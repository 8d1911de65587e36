"""Files that are sent as they are: compressed for whoever reads that, and not again to whoever has them."""

import gzip
from collections.abc import Callable
from hashlib import sha256

from flask import Response

from service.web.exchange import this_exchange
from service.web.lasting import lasting

__all__ = ["serving"]


def serving(content: bytes, content_type: str, policy: str) -> Callable[[], Response]:
    """Return a view that serves a file under a Content-Security-Policy."""
    bodies = {"identity": content, "gzip": gzip.compress(content, mtime=0)}
    digest = sha256(content).hexdigest()

    def serve() -> Response:
        exchange = this_exchange()
        coding = "gzip" if exchange.accept_encodings["gzip"] > 0 else "identity"
        response = lasting(
            exchange,
            None,
            (content_type, digest, coding),
            lambda: Response(bodies[coding], content_type=content_type),
        )
        response.vary.add("Accept-Encoding")
        response.headers["Content-Security-Policy"] = policy  # of a 304 too, or it would end that
        if coding != "identity":
            response.content_encoding = coding
        return response

    return serve
