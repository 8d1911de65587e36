"""Commands that anyone can try: how curl asks for each route."""

import json
from collections.abc import Iterator
from shlex import quote

from service.web.openapi.fields import PATH, Json
from service.web.openapi.parts import Media, Operation

__all__ = ["samples"]

HOST = "http://127.0.0.1:8000"


def samples(rule: str, operation: Operation) -> Iterator[Json]:
    """Yield a command for each form of a body, or one where there is none, as `x-codeSamples` holds them."""
    path = rule
    for name, said in PATH.items():
        path = path.replace(f"<{name}>", operation.path.get(name, str(said["example"])))
    for media in operation.bodies:
        yield _sample(media.mimetype, f"curl {_body(media)} {quote(HOST + path)}")
    if not operation.bodies:
        yield _sample("curl", f"curl {quote(HOST + path)}")


def _sample(label: str, command: str) -> Json:
    return {"lang": "Shell", "label": label, "source": command}


def _body(media: Media) -> str:
    if media.curl is not None:
        return media.curl
    return f"-H 'Content-Type: {media.mimetype}' -d {quote(json.dumps(media.example))}"
