"""The direct way and Flask's: whoever asks cannot tell which of them a request took."""

import base64
from collections import Counter
from functools import partial

import orjson
import pytest
from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.classifier import Classifier
from service.web.app import DigitService, create_app
from service.web.metrics import Metrics
from service.web.state import State

DIFFERENT = {"id", "seconds"}  # from request to request
OWN = {"X-Request-ID", "Server-Timing"}


@pytest.fixture
def ask(settings_for, log, lines):
    """Ask the direct way and Flask's; return what each answered, logged and counted."""

    def ask(settings, request):
        found = []
        for way in (DigitService.wsgi_app, Flask.wsgi_app):
            lines.clear()
            metrics = Metrics(CollectorRegistry())
            made = settings_for(**settings)
            app = create_app(made, state=State(made), metrics=metrics, log=log)
            environ = EnvironBuilder(**{"path": "/v1/classify", "method": "POST"} | request).get_environ()
            body, status, headers = run_wsgi_app(partial(way, app), environ)
            found.append(
                (int(status[:3]), told(b"".join(body)), fields(headers), logged(lines), counted(metrics))
            )
        return found

    return ask


def told(body):
    return {name: value for name, value in orjson.loads(body).items() if name not in DIFFERENT}


def fields(headers):
    assert set(headers.keys()) >= OWN
    return sorted((name, value) for name, value in headers if name not in OWN | {"Content-Length"})


def logged(lines):
    return [
        {name: value for name, value in line.items() if name not in {"id", "seconds", "bytes_out"}}
        for line in lines
    ]


def counted(metrics):
    samples = [sample for family in metrics.collector.collect() for sample in family.samples]
    return Counter(
        {
            (sample.name, *sample.labels.values()): sample.value
            for sample in samples
            if "seconds" not in sample.name
        }
    )


class TestBothWaysAgree:
    @pytest.mark.parametrize(
        ("status", "request_"),
        [
            (200, {"content_type": "image/png"}),
            (200, {"content_type": "image/png", "query_string": "include=image,hidden&reject_below=0"}),
            (200, {"content_type": "image/png", "headers": {"Traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}}),
            (200, {}),
            (400, {"data": b"", "content_type": "image/png"}),
            (400, {"content_type": "image/png", "query_string": "center=perhaps"}),
            (400, {"data": b"[]", "content_type": "application/json"}),
            (404, {"content_type": "image/png", "query_string": "model=none"}),
            (415, {"data": b"GIF89a", "content_type": "image/png"}),
            (415, {"content_type": "text/plain"}),
            (415, {"headers": {"Content-Encoding": "gzip"}}),
            (422, {"data": b"\x89PNG\r\n\x1a\n", "content_type": "image/png"}),
        ],
    )
    def test_whatever_is_sent(self, ask, png, status, request_):
        direct, flask = ask({}, {"data": png} | request_)
        assert direct == flask
        assert direct[0] == status

    def test_in_json(self, ask, png):
        data = orjson.dumps({"image": base64.b64encode(png).decode()})
        direct, flask = ask({}, {"data": data, "content_type": "application/json"})
        assert direct == flask

    def test_in_a_form(self, ask, png):
        form = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n" + png + b"\r\n--x--\r\n"
        direct, flask = ask({}, {"data": form, "content_type": "multipart/form-data; boundary=x"})
        assert direct == flask
        assert direct[0] == 200

    def test_on_a_body_that_is_too_large(self, ask, png):
        direct, flask = ask({"max_body_bytes": 1024}, {"data": png * 100, "content_type": "image/png"})
        assert direct == flask
        assert direct[1]["code"] == "body_too_large"

    @pytest.mark.parametrize(("key", "status"), [("secret", 200), ("wrong", 401)])
    def test_on_who_may_ask(self, ask, png, key, status):
        request = {"data": png, "content_type": "image/png", "headers": {"X-API-Key": key}}
        direct, flask = ask({"api_keys": SecretStr("someone secret")}, request)
        assert direct == flask
        assert direct[0] == status

    def test_on_what_nobody_foresaw(self, ask, png, monkeypatch):
        def fail(*_, **__):
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(Classifier, "classify", fail)
        direct, flask = ask({}, {"data": png, "content_type": "image/png"})
        assert direct[1] == flask[1]
        assert direct[1]["code"] == "internal_error"
        assert "secret" not in str(direct[1])
        assert "ZeroDivisionError" in direct[3][-1]["traceback"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_of_a_direct_route_is_flasks_to_refuse(client, method):
    answer = client.open("/v1/classify", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
