"""Answers that a client may keep: a strong ETag, and 304 to whoever has them already (RFC 9110, 13.1.2)."""

from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus

from flask import Response

from service.release import VERSION
from service.web.exchange import Exchange

__all__ = ["lasting"]

OF_A_NAME = "no-cache"  # kept, but asked for each time: tomorrow the name may mean another artifact
OF_A_VERSION = "private, max-age=3600"  # an hour, as a version is now and then trained anew
TAG_CHARACTERS = 32  # 128 bits


def lasting(
    exchange: Exchange, version: str | None, ingredients: tuple[object, ...], make: Callable[[], Response]
) -> Response:
    """Answer with what is made of these ingredients alone, or with 304 where the client has it.

    Args:
        exchange: the request.
        version: that its path names; None where it names a model alone.
        ingredients: all that the answer depends on, each told apart by its repr.
        make: called where the client has not got it.
    """
    # the release, as other code may draw otherwise
    tag = sha256(repr((VERSION, *ingredients)).encode()).hexdigest()[:TAG_CHARACTERS]
    known = exchange.if_none_match.contains_weak(tag)  # a proxy that compresses makes tags weak
    response = Response(status=HTTPStatus.NOT_MODIFIED) if known else make()
    response.set_etag(tag)
    response.headers["Cache-Control"] = OF_A_NAME if version is None else OF_A_VERSION
    return response
