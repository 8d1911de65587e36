"""What is not one picture is refused, with a word on what to send instead."""

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PNG = "image/png"
JSON = "application/json"
FORM = "multipart/form-data; boundary=x"


def part(name, content, filename=None):
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return f"--x\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--x--\r\n"


def pixels(value):
    return json.dumps({"pixels": value}).encode()


ROWS = [[0.0] * 28 for _ in range(28)]
REFUSED = [
    ("empty body", b"", PNG, 400, "empty"),
    ("no body and no type", b"", None, 400, "empty"),
    ("another type", b"GIF89a", "image/gif", 415, "send one of image/png"),
    ("no type, no PNG", b"GIF89a", None, 415, "no Content-Type"),
    (
        "curl's default type, no PNG",
        b"a=b",
        "application/x-www-form-urlencoded",
        415,
        "-H 'Content-Type: image/png'",
    ),
    ("another picture under our type", b"GIF89a" + bytes(20), PNG, 415, "GIF"),
    ("truncated PNG", b"\x89PNG\r\n\x1a\n", PNG, 422, ""),
    ("form without a file", form(part("model", b"tiny")), FORM, 400, "has 0 files"),
    (
        "form with two files",
        form(part("a", b"1", "a.png"), part("b", b"2", "b.png")),
        FORM,
        400,
        "has 2 files",
    ),
    ("form with an empty file", form(part("image", b"", "a.png")), FORM, 400, "file is empty"),
    (
        "form with an unknown field",
        form(part("image", b"1", "a"), part("mode", b"1")),
        FORM,
        400,
        "reject_below",
    ),
    (
        "form with a field twice",
        form(part("model", b"a"), part("model", b"b"), part("i", b"1", "a")),
        FORM,
        400,
        "2 times",
    ),
    ("form cut short", part("image", b"123", "a.png"), FORM, 400, "malformed"),
    ("form without a boundary", form(part("image", b"1", "a")), "multipart/form-data", 400, "boundary"),
    ("form with too many parts", form(*[part(f"f{i}", b"1") for i in range(33)]), FORM, 413, "32 parts"),
    ("JSON cut short", b'{"image": "', JSON, 400, "line 1"),
    ("JSON that is no object", b"[1]", JSON, 400, "not a JSON object"),
    ("JSON without a picture", b"{}", JSON, 400, "pixels"),
    ("JSON with null for a picture", b'{"image": null}', JSON, 400, "pixels"),
    ("JSON with two pictures", b'{"image": "QQ==", "pixels": []}', JSON, 400, "either"),
    ("JSON with an unknown member", b'{"image": "QQ==", "reject_bellow": 1}', JSON, 400, "reject_below"),
    ("JSON of a thousand levels", b'{"pixels":' * 2000, JSON, 400, "not JSON"),
    ("JSON of a million items", b'{"pixels": [' + b"[]," * 1_000_000, JSON, 413, "100000 items"),
    ("image that is no string", b'{"image": 5}', JSON, 400, "not a string"),
    ("image that is no base64", b'{"image": "!!!!"}', JSON, 400, "not base64"),
    ("image without its padding", b'{"image": "QQ"}', JSON, 400, "padding"),
    ("image in two lines", b'{"image": "QUJD\\nQUJD"}', JSON, 400, "one line"),
    ("image beyond ASCII", '{"image": "é"}'.encode(), JSON, 400, "not base64"),
    ("empty image", b'{"image": ""}', JSON, 400, "empty"),
    ("data: URL that is not base64", b'{"image": "data:image/png,%89PNG"}', JSON, 400, "not base64"),
    ("data: URL without data", b'{"image": "data:image/png;base64"}', JSON, 400, "empty"),
    ("pixels with NaN", b'{"pixels": [NaN]}', JSON, 400, "not JSON"),
    ("pixels with infinity", b'{"pixels": [1e999]}', JSON, 400, "not JSON"),
    ("pixels with a boolean", pixels([True] * 784), JSON, 400, "not a number"),
    ("pixels with a string", pixels(["0.5"] * 784), JSON, 400, "not a number"),
    ("pixels with null", pixels([None] * 784), JSON, 400, "not a number"),
    ("pixels three levels deep", pixels([ROWS]), JSON, 400, "not a number"),
    ("pixels that are a string", pixels("0" * 784), JSON, 400, "neither"),
    ("no pixels", pixels([]), JSON, 400, "neither"),
    ("one pixel too few", pixels([0] * 783), JSON, 400, "784"),
    ("a row too few", pixels(ROWS[1:]), JSON, 400, "784"),
    ("a ragged row", pixels([[0.0] * 27, *ROWS[1:]]), JSON, 400, "equally long"),
    ("a number among rows", pixels([*ROWS, 0.5]), JSON, 400, "neither"),
    ("a pixel that is too dark", pixels([1.5] * 784), JSON, 400, "between 0"),
    ("a pixel beyond all bounds", pixels([10**300] * 784), JSON, 400, "between 0"),
    ("pixels to be inverted", b'{"pixels": [0], "invert": "yes"}', JSON, 400, "for images"),
    ("pixels to be centred", b'{"pixels": [0], "center": "no"}', JSON, 400, "for images"),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_holds_no_picture_is_refused_and_told_why(post, body, content_type, status, words):
    answer = post(body, content_type=content_type)
    assert answer.status_code == status
    assert words in answer.json["detail"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)
MEMBERS = st.sampled_from(
    ["image", "pixels", "model", "reject_below", "invert", "center", "include", "other"]
)
anything = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@anything
@given(members=st.dictionaries(MEMBERS, JSON_VALUES, max_size=4))
def test_no_json_whatsoever_upsets_the_service(post, members):
    assert post(json.dumps(members).encode(), content_type=JSON).status_code < 500


@anything
@given(body=st.binary(max_size=300), content_type=st.sampled_from([PNG, JSON, FORM, None, "text/plain"]))
def test_no_bytes_whatsoever_upset_the_service(post, body, content_type):
    assert 400 <= post(body, content_type=content_type).status_code < 500


@anything
@given(query=st.text(max_size=50))
def test_no_query_whatsoever_upsets_the_service(client, png, query):
    environ = {"QUERY_STRING": query.encode().decode("latin-1")}
    answer = client.post("/v1/classify", data=png, content_type=PNG, environ_overrides=environ)
    assert answer.status_code < 500


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded"])
def test_a_png_is_known_by_its_signature_where_nobody_chose_a_type(post, png, content_type):
    assert post(png, content_type=content_type).json["activations"] == post(png).json["activations"]


@pytest.mark.parametrize("content_type", ["IMAGE/PNG", "image/png; name=three.png", "image/png;"])
def test_a_type_is_read_as_http_reads_it(post, png, content_type):
    assert post(png, content_type=content_type).status_code == 200


def test_an_unread_type_is_answered_with_those_that_are_read(post):
    answer = post(b"GIF89a", content_type="image/gif")
    accepted = "image/png, image/jpeg, image/webp, application/octet-stream, multipart/form-data"
    assert answer.headers["Accept"] == f"{accepted}, application/json"


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_refused(post, png, encoding):
    answer = post(png, headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")


def test_the_identity_encoding_is_none(post, png):
    assert post(png, headers={"Content-Encoding": "Identity"}).status_code == 200


def test_whole_numbers_are_pixels_too(client):
    rows = np.eye(28, dtype=int).tolist()
    assert client.post("/v1/classify", json={"pixels": rows}).status_code == 200


def test_the_media_type_of_a_data_url_is_not_looked_at(client, png):
    image = f"data:application/octet-stream;base64,{base64.b64encode(png).decode()}"
    assert client.post("/v1/classify", json={"image": image}).status_code == 200


def test_a_large_file_part_stays_in_memory(post, png, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", None)
    monkeypatch.setattr("werkzeug.formparser.default_stream_factory", None)
    comment = b"tEXt" + bytes(800_000)
    chunk = (len(comment) - 4).to_bytes(4, "big") + comment + zlib.crc32(comment).to_bytes(4, "big")
    padded = png[:-12] + chunk + png[-12:]
    answer = post(form(part("image", padded, "a.png")), content_type=FORM)
    assert answer.json["activations"] == post(png).json["activations"]
