"""Compressed bodies: inflated within the limit, or refused."""

import gzip
import json
import zlib

import pytest

LIMIT = 20_000


@pytest.fixture
def client(client_for):
    return client_for(max_body_bytes=LIMIT)


@pytest.fixture
def body(tensor):
    return json.dumps({"inputs": [tensor()]}).encode()


@pytest.fixture
def post(client):
    """Send a body in some encoding."""

    def send(body, encoding):
        headers = {"Content-Encoding": encoding}
        return client.post("/v2/models/tiny/infer", data=body, headers=headers)

    return send


ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress}
named = pytest.mark.parametrize("encoding", ENCODERS)


@pytest.mark.parametrize(("encoding", "name"), [("gzip", "gzip"), ("gzip", " GZIP "), ("deflate", "deflate")])
def test_a_compressed_body_is_the_same_as_the_body_itself(post, body, encoding, name):
    plain, compressed = post(body, "identity").json, post(ENCODERS[encoding](body), name).json
    assert compressed["outputs"] == plain["outputs"]


@named
def test_a_body_that_inflates_beyond_the_limit_is_refused(post, encoding):
    answer = post(ENCODERS[encoding](b" " * LIMIT * 1000), encoding)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert str(LIMIT) in answer.json["error"]


@named
def test_a_body_that_inflates_to_just_the_limit_is_read(post, body, encoding):
    assert post(ENCODERS[encoding](body.ljust(LIMIT)), encoding).status_code == 200
    assert post(ENCODERS[encoding](body.ljust(LIMIT + 1)), encoding).status_code == 413


@named
def test_a_body_that_is_not_what_its_encoding_says_is_refused(post, body, encoding):
    whole = ENCODERS[encoding](body)
    for spoiled in (body, whole[:-1], whole + b"more", b"", whole[:20] + b"\0\0\0" + whole[23:]):
        answer = post(spoiled, encoding)
        assert answer.status_code == 400
        assert f"not one {encoding} stream" in answer.json["error"]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "", "\x7f"])
def test_another_encoding_is_refused_with_those_that_are_read(post, body, encoding):
    answer = post(body, encoding)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_body")
    assert answer.headers["Accept-Encoding"] == "gzip, deflate, identity"
