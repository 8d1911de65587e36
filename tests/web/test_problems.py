"""Every failure has one shape."""

import re
from http import HTTPStatus

import pytest
from gunicorn.http import errors as head
from werkzeug.exceptions import BadRequest

from service import errors
from service.errors import BadArtifactError, BadInputError, ServiceError
from service.web.errors import RequestError
from service.web.problems import INTERNAL, KINDS, detail_of, kind_of, problem

MEMBERS = {"type", "title", "status", "detail", "error", "code", "id"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/classify", 400, "bad_input"),
        ("GET", "/v1/models/nobody", 404, "unknown_model"),
        ("GET", "/v1/models/tiny/versions/7", 404, "unknown_model"),
        ("POST", "/v1/classify?model=nobody", 404, "unknown_model"),
        ("GET", "/nowhere", 404, "unknown_route"),
        ("GET", "/v1/classify/", 404, "unknown_route"),
        ("GET", "/v1//models", 404, "unknown_route"),
        ("GET", "/%ff%fe", 404, "unknown_route"),
        ("BREW", "/nowhere", 404, "unknown_route"),
        ("GET", "/v1/classify", 405, "wrong_method"),
        ("DELETE", "/v1/models", 405, "wrong_method"),
        ("BREW", "/livez", 405, "wrong_method"),
    ],
)
def test_every_failure_has_one_shape(client, png, method, path, status, code):
    body = {"data": png, "content_type": "image/png"} if "?" in path else {}
    answer = client.open(path, method=method, **body)
    told = answer.json
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert set(told) == MEMBERS
    assert (told["status"], told["code"], told["error"]) == (status, code, told["detail"])
    assert told["id"] == answer.headers["X-Request-ID"]
    assert told["type"] == f"/errors#{code.replace('_', '-')}"


def test_a_missing_route_is_answered_with_those_that_exist(client):
    detail = client.get("/v1/clasify").json["detail"]
    assert "'/v1/clasify'" in detail
    assert "POST /v1/classify" in detail


def test_a_missing_model_is_answered_with_those_that_exist(post, png):
    assert "tiny" in post(png, "?model=nobody").json["detail"]


def test_a_wrong_method_is_answered_with_the_right_ones(client):
    answer = client.get("/v1/classify")
    assert answer.headers["Allow"] == "OPTIONS, POST"
    assert "OPTIONS, POST" in answer.json["detail"]


def test_a_route_can_be_asked_for_its_methods(client):
    answer = client.options("/v1/models")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_head_is_get_without_a_body(client):
    got, headed = client.get("/v1/models"), client.head("/v1/models")
    assert headed.data == b""
    assert headed.headers["Content-Length"] == str(len(got.data))


def test_a_failure_that_nobody_foresaw_is_told_to_the_log_alone(client, png, lines, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("the secret path /etc/shadow \x1b[31m\ud800")

    monkeypatch.setattr("service.web.uploads.parse_options", fail)
    answer = client.post("/v1/classify", data=png, content_type="image/png")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in lines[-1]["traceback"]
    assert (lines[-1]["level"], lines[-1]["id"]) == ("error", answer.json["id"])


def test_an_error_of_ours_that_is_no_clients_fault_is_an_internal_one():
    error = BadArtifactError("/srv/models/x.npz: is garbage")
    assert kind_of(error) is INTERNAL
    assert "/srv" not in detail_of(error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (head.LimitRequestLine(5000, 4094), 414),
        (head.LimitRequestHeaders("many"), 431),
        (head.UnsupportedTransferCoding("gzip"), 501),
        (head.ExpectationFailed("200-ok"), 417),
        (head.InvalidRequestLine("x"), 400),
        (head.InvalidHeader("x"), 400),
        (BadRequest(), 400),
        (KeyboardInterrupt(), 500),
    ],
)
def test_what_the_server_refuses_is_told_in_our_own_words(error, status):
    assert kind_of(error).status == status
    assert len(detail_of(error)) > 20
    assert str(error) not in detail_of(error) or not str(error)


def test_further_members_stand_beside_the_others():
    assert b'"ready":false' in problem(INTERNAL, "", "id", ready=False)


def test_every_error_a_client_can_cause_has_a_row_of_its_own():
    ours = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ServiceError)
    }
    offline = {"ServiceError", "ImageError", "BadArtifactError", "BadDataError", "SettingsError"}
    offline |= {"RefusedError", "UnreachableError"}  # of the client
    assert {kind.__name__ for kind in ours if kind not in KINDS} == offline
    assert set(RequestError.__subclasses__()) <= set(KINDS)


def test_codes_are_stable_words_and_each_has_one_status():
    kinds = set(KINDS.values())
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code) for kind in kinds)
    assert all(isinstance(kind.status, HTTPStatus) for kind in kinds)


def test_the_page_of_errors_has_a_place_for_every_kind(client):
    page = client.get("/errors")
    assert page.content_type.startswith("text/html")
    assert all(f'id="{kind.anchor}"' in page.text for kind in KINDS.values())


def test_the_nearest_class_above_decides():
    class EmptyFormError(BadInputError):
        pass

    assert kind_of(EmptyFormError()) is KINDS[BadInputError]
