"""Heads that are read without gunicorn's parser: what they say, and which are left to it."""

import re
from email.utils import parsedate_to_datetime

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import example, given
from hypothesis import strategies as st

from service.web.heads import END_OF_HEAD, SERVER, asks_to_part, check_request, read_head, written

CONFIG = Config()
CLIENT, HOST = ("192.0.2.7", 5), ("192.0.2.1", 80)
FIRST = "POST /v1/classify HTTP/1.1"
CURL = "Host: a:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nContent-Type: image/png\r\nContent-Length: 9"
REQUESTS = (
    "Host: localhost:8000\r\nUser-Agent: python-requests/2.32\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\nConnection: keep-alive\r\nContent-Length: 9\r\nContent-Type: image/png"
)
FIREFOX = (
    "Host: digits.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101\r\n"
    "Accept: */*\r\nAccept-Language: de,en-US;q=0.7\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: http://digits.example/\r\nContent-Type: multipart/form-data; boundary=----geckoform1\r\n"
    'Content-Length: 9\r\nOrigin: http://digits.example\r\nCookie: a=b; c="d"\r\nSec-Fetch-Mode: cors'
)
PROXIED = (
    "Host: digits.example\r\nX-Real-IP: 198.51.100.3\r\nX-Forwarded-For: 198.51.100.3, 203.0.113.9\r\n"
    "X-Forwarded-Proto: https\r\nX-Request-ID: 7f\r\n"
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    "Content-Type:image/png\r\nX-Empty:\r\nContent-Length: \t9 \t"
)
OBJECTS = {"wsgi.errors", "wsgi.input", "wsgi.file_wrapper", "wsgi.early_hints", "gunicorn.socket"}
OF_CONNECTION = {"SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT"}


def by_gunicorn(head):
    """What gunicorn makes of a head: the variables, and whether the connection is closed."""
    request = Request(CONFIG, IterUnreader([head.encode("latin-1") + END_OF_HEAD + b"the body."]), CLIENT)
    variables = wsgi.create(request, None, CLIENT, HOST, CONFIG)[1]
    return variables, request.should_close()


def strings(variables):
    return {name: value for name, value in variables.items() if name not in OBJECTS | OF_CONNECTION}


@pytest.mark.parametrize("fields", [CURL, REQUESTS, FIREFOX, PROXIED])
@pytest.mark.parametrize(
    "query", ["", "?", "?model=wide", "?include=image,hidden&reject_below=0.5", "?a=/?b%20;=$"]
)
def test_what_clients_send_is_read_as_gunicorn_reads_it(fields, query):
    head = f"POST /v1/classify{query} HTTP/1.1\r\n{fields}"
    variables, _ = by_gunicorn(head)
    alike = wsgi.base_environ(CONFIG)
    assert {**alike, **read_head(head.encode())} | OBJECTLESS == strings(variables) | OBJECTLESS


OBJECTLESS = dict.fromkeys(OBJECTS)


@pytest.mark.parametrize(
    "head",
    [
        f"GET /v1/classify HTTP/1.1\r\n{CURL}",
        f"POST /v1/classify/batch HTTP/1.1\r\n{CURL}",
        f"POST /v1/classify#part HTTP/1.1\r\n{CURL}",
        f"POST /v1/classify?a#part HTTP/1.1\r\n{CURL}",
        f"POST http://a/v1/classify HTTP/1.1\r\n{CURL}",
        f"POST /v1/classify HTTP/1.0\r\n{CURL}",
        f"POST  /v1/classify HTTP/1.1\r\n{CURL}",
        f"\r\n{FIRST}\r\n{CURL}",
        f"{FIRST}\r\n{CURL}\r\nHost: b",
        f"{FIRST}\r\n{CURL}\r\nX-A: 1\r\nx-a: 2",
        f"{FIRST}\r\n{CURL}\r\ncontent-length: 9",
        f"{FIRST}\r\nHost: a",
        f"{FIRST}\r\nContent-Length: 9",
        f"{FIRST}\r\nHost: a b\r\nContent-Length: 9",
        f"{FIRST}\r\nHost: a\r\nContent-Length: 1234567",
        f"{FIRST}\r\nHost: a\r\nContent-Length: +9",
        f"{FIRST}\r\n{CURL}\r\nExpect: 100-continue",
        f"{FIRST}\r\n{CURL}\r\nTransfer-Encoding: chunked",
        f"{FIRST}\r\n{CURL}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-SSL: off",
        f"{FIRST}\r\n{CURL}\r\nX_Forwarded_For: b",
        f"{FIRST}\r\n{CURL}\r\n X-Folded: b",
        f"{FIRST}\r\n{CURL}\r\nX-Folded:\r\n\tb",
        f"{FIRST}\r\n{CURL}\r\nX-Space : b",
        f"{FIRST}\r\n{CURL}\r\nX-Nothing",
        f"{FIRST}\r\n{CURL}\r\n: b",
        f"{FIRST}\r\n{CURL}\r\n",
        f"{FIRST}\r\n{CURL}\nX-A: b",
        f"{FIRST}\r\n{CURL}\rX-A: b",
        f"{FIRST}\r\n{CURL}\r\nX-A: \0",
        f"{FIRST}\r\n{CURL}\r\nX-A: \x7f",
        f"{FIRST}\r\n{CURL}\r\nX-A: é",
        f"{FIRST}\r\n{CURL}\r\nX-A: {'b' * 8000}",
        f"{FIRST}\r\n{CURL}{''.join(f'{chr(13)}{chr(10)}X-{i}: b' for i in range(100))}",
        "",
    ],
)
def test_whatever_could_mean_something_else_is_left_to_gunicorn(head):
    assert read_head(head.encode("latin-1")) is None


def parsed(fields, version="1.1"):
    head = f"GET /livez HTTP/{version}\r\n{fields}".encode("latin-1")
    return Request(CONFIG, IterUnreader([head + b"\r\n" * bool(fields) + b"\r\n"]), CLIENT)


@pytest.mark.parametrize("fields", ["", "Host: a b", "Host: a/b", "Host: a@b", "Host: a?b", 'Host: "a"'])
def test_a_request_names_a_host_that_can_be(fields):
    with pytest.raises(InvalidHeader, match="HOST"):
        check_request(parsed(fields))


@pytest.mark.parametrize("host", ["", "a", "a:8000", "192.0.2.1:80", "[2001:db8::1]:80", "xn--caf-dma.test"])
def test_any_host_that_can_be_is_served(host):
    check_request(parsed(f"Host: {host}"))


def test_a_client_of_http_1_0_need_not_name_a_host():
    check_request(parsed("", "1.0"))


@pytest.mark.parametrize(
    "coding", ["gzip, chunked", "identity, chunked", "identity\r\nTransfer-Encoding: chunked"]
)
def test_a_body_in_another_coding_is_refused(coding):
    with pytest.raises(UnsupportedTransferCoding):
        check_request(parsed(f"Host: a\r\nTransfer-Encoding: {coding}"))


@pytest.mark.parametrize(
    ("connection", "parts"),
    [("close", True), ("TE, Close", True), ("keep-alive", False), ("x-close, te", False), ("", False)],
)
def test_a_client_may_ask_for_more_than_to_part(connection, parts):
    request = parsed(f"Host: a\r\nConnection: {connection}")
    check_request(request)
    assert request.should_close() == asks_to_part(connection) == parts


NAMES = st.sampled_from(["Host", "Expect", "Connection", "X-A", "x-b", "X_C", "Te", "content-length", ""])
USUAL = st.text("aB9 ,:;/=\t", max_size=8) | st.sampled_from(["close", "Close ", "keep-alive", "close, te"])
VALUES = USUAL | st.text(st.characters(codec="latin-1"), max_size=4)
FIELDS = st.lists(
    st.tuples(NAMES, st.sampled_from([":", ": ", ": ", " :", ""]), VALUES).map("".join), max_size=4
)
QUERIES = st.sampled_from(["", "", "?", "?a=b&c"]) | st.text(st.characters(codec="ascii"), max_size=3)


@given(QUERIES, FIELDS, st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r"]))
@example("", ["Host: a"], "\r\n")
@example("?a", ["Connection: Close "], "\r\n")
@example("?", ["Connection: close, te"], "\r\n")
def test_nothing_is_read_otherwise_than_gunicorn_reads_it(query, fields, end):
    head = f"POST /v1/classify{query} HTTP/1.1\r\n" + end.join(["Content-Length: 9", *fields])
    variables = read_head(head.encode("latin-1"))
    if variables is not None:
        theirs, closes = by_gunicorn(head)
        assert variables == {name: value for name, value in strings(theirs).items() if name in variables}
        others = {name for name in theirs if name.isupper()} - variables.keys()
        assert others == OF_CONNECTION | {"SERVER_SOFTWARE"}
        assert closes == (variables.get("HTTP_CONNECTION", "").lower() == "close")


class TestWritten:
    FIELDS = (("Content-Type", "application/json"), ("X-Request-ID", "7f"), ("Content-Length", "4"))

    @pytest.mark.parametrize("keep", [True, False])
    def test_is_what_gunicorn_writes(self, keep, monkeypatch):
        monkeypatch.setattr(wsgi, "SERVER", SERVER)
        sent = Sent()
        request = Request(CONFIG, IterUnreader([f"{FIRST}\r\n{CURL}".encode() + END_OF_HEAD]), CLIENT)
        response = wsgi.Response(request, sent, CONFIG)
        if not keep:
            response.force_close()
        response.start_response("200 OK", [*self.FIELDS])
        response.write(b"body")
        dated = re.compile(rb"Date: ([^\r]+)")
        ours = written("200 OK", self.FIELDS, b"body", keep=keep)
        assert dated.sub(b"", ours) == dated.sub(b"", b"".join(sent))
        times = [parsedate_to_datetime(dated.search(head)[1].decode()) for head in (ours, b"".join(sent))]
        assert abs((times[1] - times[0]).total_seconds()) <= 1

    @pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb"])
    def test_holds_no_field_that_a_value_smuggles_in(self, value):
        with pytest.raises(ValueError, match="end of a line"):
            written("200 OK", [("X-Request-ID", value)], b"", keep=True)


class Sent(list):
    """Stands in for a socket."""

    sendall = list.append
