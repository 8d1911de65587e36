"""A service in this process: its client, its log, and pictures to send."""

import base64
import io
import shutil

import orjson
import pytest
import structlog
from PIL import Image

from service.artifacts import save
from service.settings import Settings
from service.web.app import create_app


class Log(list):
    """The lines of a log, parsed."""

    def __bool__(self):
        return True  # an empty log is a log

    def write(self, line):
        self.append(orjson.loads(line))

    debug = info = warning = error = critical = write


@pytest.fixture
def artifact_folder(tmp_path_factory, tmp_path, small_network, metadata_for):
    """A folder that holds one small model, "tiny" version "1": written once, copied for each test."""
    once = tmp_path_factory.getbasetemp() / "artifacts"
    if not once.exists():
        save(small_network, metadata_for(small_network), once)
    return shutil.copytree(once, tmp_path / "models")


@pytest.fixture
def lines():
    """What the service has logged, a dict a line."""
    return Log()


@pytest.fixture
def log(lines):
    """A log that keeps its lines for the test."""
    return structlog.wrap_logger(
        lines,
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(orjson.dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    ).bind()


@pytest.fixture
def settings_for(artifact_folder):
    """Settings that serve the small model; keyword arguments replace single ones."""
    return lambda **changes: Settings(**{"models": artifact_folder, "model": "tiny"} | changes)


@pytest.fixture
def client_for(settings_for, log):
    """A client of a service with these settings."""
    return lambda **changes: create_app(settings_for(**changes), log=log).test_client()


@pytest.fixture
def client(client_for):
    """A client of a service that serves the small model."""
    return client_for()


@pytest.fixture
def png(picture):
    """The same as a PNG."""
    return to_png(picture)


@pytest.fixture
def as_json(png):
    """The same as a JSON body."""
    return {"image": base64.b64encode(png).decode()}


@pytest.fixture
def post(client):
    """Send a PNG, or whatever else, to be classified."""

    def send(body, query="", content_type="image/png", **options):
        return client.post(f"/v1/classify{query}", data=body, content_type=content_type, **options)

    return send


def to_png(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()
