"""Bodies are read to their end, but not beyond their limit."""

import io

import pytest

LIMIT = 1000


@pytest.fixture
def send(client_for):
    """Send a body to a service that reads 1,000 bytes, the way a server hands it to the application."""
    client = client_for(max_body_bytes=LIMIT, timeout_seconds=5)

    def send(stream, **environ):
        return client.post(
            "/v1/classify", content_type="image/png", input_stream=stream, environ_overrides=environ
        )

    return send


def chunked():
    """A server says so when a body has no length, and ends by itself."""
    return {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


class Failing(io.BytesIO):
    def read(self, *_):
        raise TimeoutError


def test_a_body_of_exactly_the_limit_is_read(send):
    answer = send(io.BytesIO(bytes(LIMIT)), CONTENT_LENGTH=str(LIMIT))
    assert answer.json["code"] == "not_a_png"


def test_a_body_over_the_limit_is_refused_before_it_is_read(send):
    answer = send(Failing(), CONTENT_LENGTH=str(LIMIT + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert "1000 bytes" in answer.json["detail"]


def test_a_body_without_a_length_is_read_up_to_the_limit(send):
    stream = io.BytesIO(bytes(10 * LIMIT))
    answer = send(stream, **chunked())
    assert answer.status_code == 413
    assert stream.tell() <= LIMIT + 1


def test_a_body_without_a_length_of_exactly_the_limit_is_read(send):
    assert send(io.BytesIO(bytes(LIMIT)), **chunked()).json["code"] == "not_a_png"


def test_a_body_that_ends_early_is_refused(send):
    answer = send(io.BytesIO(b"half"), CONTENT_LENGTH="100", **{"wsgi.input_terminated": True})
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")


def test_a_body_that_cannot_be_read_is_refused(send):
    answer = send(Failing(), **chunked())
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")


def test_a_body_that_takes_too_long_is_refused_as_slow(client_for, monkeypatch):
    clock = iter(range(0, 100, 10))
    monkeypatch.setattr("service.web.exchange.perf_counter", lambda: next(clock))
    monkeypatch.setattr("service.web.bodies.perf_counter", lambda: next(clock))
    answer = client_for(timeout_seconds=5).post(
        "/v1/classify", content_type="image/png", input_stream=Failing(), environ_overrides=chunked()
    )
    assert (answer.status_code, answer.json["code"]) == (408, "slow_body")
    assert "5 seconds" in answer.json["detail"]


def test_a_form_of_exactly_the_limit_is_read(client_for, png):
    body = b'--x\r\nContent-Disposition: form-data; name="i"; filename="i"\r\n\r\n' + png + b"\r\n--x--"
    client = client_for(max_body_bytes=len(body))
    for environ in ({"CONTENT_LENGTH": str(len(body))}, chunked()):
        answer = client.post(
            "/v1/classify",
            content_type="multipart/form-data; boundary=x",
            input_stream=io.BytesIO(body),
            environ_overrides=environ,
        )
        assert answer.status_code == 200


def form(head, line_end=b"\r\n"):
    return b"--x" + line_end + head + 2 * line_end + b"picture" + line_end + b"--x--" + line_end


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"\r\nA: bcd" * 15, 415),
        (b"\r\nA: bcd" * 16, 413),
        (b"\r\nA: " + b"b" * 5000, 413),
        (b"a" * 10**6, 413),
    ],
)
def test_a_part_of_a_form_has_a_short_head(client_for, fields, status):
    head = b'Content-Disposition: form-data; name="i"; filename="i"' + fields
    answer = client_for().post(
        "/v1/classify", content_type="multipart/form-data; boundary=x", data=form(head)
    )
    assert answer.status_code == status


@pytest.mark.parametrize("line_end", [b"\n", b"\r"])
def test_the_lines_of_a_form_end_as_rfc_7578_says(client_for, line_end):
    body = form(b'Content-Disposition: form-data; name="i"; filename="i"', line_end)
    answer = client_for().post("/v1/classify", content_type="multipart/form-data; boundary=x", data=body)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")


@pytest.mark.parametrize(
    "name", [b'filename="3.png"', b"filename=3.png", b"filename*=UTF-8''%E2%82%AC.png", b'filename=""']
)
def test_a_part_with_the_name_of_a_file_is_one(client_for, png, name):
    body = form(b"Content-Disposition: form-data; name=i; " + name).replace(b"picture", png)
    answer = client_for().post("/v1/classify", content_type="multipart/form-data; boundary=x", data=body)
    assert answer.status_code == 200


def test_what_comes_after_a_form_may_be_long(client_for, png):
    body = form(b'Content-Disposition: form-data; name="i"; filename="i"').replace(b"picture", png)
    answer = client_for().post(
        "/v1/classify", content_type="multipart/form-data; boundary=x", data=body + bytes(20_000)
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b"--x\r\nContent-Type: image/png\r\n\r\npicture\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="i"; filename="i"\r\n\r\npicture',
        b'--x\r\nContent-Disposition: form-data; name="i"; filename="i"\r\n\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="i\xff"; filename="i"\r\n\r\npicture\r\n--x--\r\n',
    ],
)
def test_a_form_that_is_none_is_told_so(client_for, body):
    answer = client_for().post("/v1/classify", content_type="multipart/form-data; boundary=x", data=body)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
