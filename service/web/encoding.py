"""How answers become JSON: orjson, which writes numpy arrays as they are."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

__all__ = ["OrjsonProvider", "to_json"]


def to_json(members: object) -> bytes:
    """Write an answer, in one line; float32 numbers get as many decimals as tell them apart."""
    return orjson.dumps(members, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


class OrjsonProvider(JSONProvider):
    """Lets a view return a dict; float32 numbers get as many decimals as tell them apart, and no more."""

    def dumps(self, obj: object, **_: object) -> str:
        """Write JSON."""
        return orjson.dumps(obj, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    def loads(self, s: str | bytes, **_: object) -> Any:  # noqa: ANN401  # JSON holds anything
        """Read JSON; NaN and infinity are none."""
        return orjson.loads(s)

    def response(self, *args: object, **kwargs: object) -> Response:
        """Answer 200 with what a view returned, in one line."""
        return Response(to_json(self._prepare_response_obj(args, kwargs)), content_type="application/json")
