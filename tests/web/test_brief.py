"""Requests that the worker's loop answers itself: which they are, and that it waits for nobody."""

import io
import socket
from base64 import b64encode
from types import SimpleNamespace
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from service.imaging import BRIEF
from service.imaging.format import PNG_SIGNATURE
from service.web.brief import read_brief
from service.web.loop import Envelope

HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
FORM = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: Multipart/form-data; boundary=x\r\n"


def claims(width, height):
    """The beginning of a PNG that says it has this size."""
    return PNG_SIGNATURE + b"\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes(9)


SMALL = claims(28, 28)


def request(body=SMALL, *fields, head=HEAD):
    lines = b"".join(field + b"\r\n" for field in fields or (b"Content-Length: %d" % len(body),))
    return head + lines + b"\r\n" + body


def zip_of(stored, deflated):
    """A zip with two members, of which only the first can be looked at without inflating it."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as members:
        members.writestr("a.png", stored, ZIP_STORED)
        members.writestr("b.png", deflated + bytes(1000), ZIP_DEFLATED)
    return buffer.getvalue()


def is_brief(received):
    return read_brief(received) is not None


def picture_in(received):
    return read_brief(received).picture


class TestBriefIs:
    def test_a_small_picture_that_has_arrived(self):
        assert is_brief(request())

    def test_one_in_a_form(self):
        assert is_brief(
            request(b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + SMALL + b"\r\n--x--\r\n")
        )

    @pytest.mark.parametrize(
        "field", [b"content-length:%d", b"CONTENT-LENGTH: \t%d ", b"Content-Length: 0%d"]
    )
    def test_however_its_length_is_written(self, field):
        assert is_brief(request(SMALL, field % len(SMALL)))

    @pytest.mark.parametrize("before", [b"", b"data:image/png;base64,"])
    @pytest.mark.parametrize("space", [b"", b" \r\n"])
    def test_one_in_json(self, before, space):
        assert is_brief(request(b'{%s"image":%s"%s"}' % (space, space, before + b64encode(SMALL)) + space))

    @pytest.mark.parametrize("rest", [SMALL, claims(5000, 5000), b"RIFF1234WEBP"])
    def test_whatever_follows_in_a_body_that_is_one(self, rest):
        assert is_brief(request(SMALL + rest))
        assert not is_brief(request(SMALL + rest, head=FORM))

    def test_also_where_another_request_follows(self):
        assert is_brief(request() + request())

    def test_up_to_a_size(self):
        side = int(BRIEF**0.5)
        assert is_brief(request(claims(side, side)))
        assert not is_brief(request(claims(side, side + 1)))


class TestBriefIsNot:
    @pytest.mark.parametrize("n_bytes", range(len(request())))
    def test_what_has_not_all_arrived(self, n_bytes):
        assert not is_brief(request()[:n_bytes])

    @pytest.mark.parametrize(
        "fields",
        [
            (b"Host: b",),
            (b"Content-Length: 33", b"Content-Length: 33"),
            (b"Content-Length: 33", b"content-length: 3333"),
            (b"Content-Length: 33", b"Transfer-Encoding: chunked"),
            (b"Content-Length: 33", b"transfer-encoding: identity"),
            (b"Content-Length: +33",),
            (b"Content-Length: 3_3",),
            (b"Content-Length: \xb3\xb3",),
            (b"Content-Length : 33",),
            (b"X: \r\n Content-Length: 33",),
            (b"Transfer-Encoding: chunked",),
        ],
    )
    def test_what_may_have_another_length(self, fields):
        assert not is_brief(request(SMALL, *fields))

    @pytest.mark.parametrize(
        "body",
        [
            SMALL + claims(5000, 5000),
            claims(5000, 5000),
            b"\xff\xd8\xff" + SMALL,
            SMALL + b"RIFF1234WEBP",
            b"not a PNG",
            b'{"image": "%s"}' % b64encode(claims(5000, 5000)),
            b'{"image": "%s"}' % b64encode(b"RIFF1234WEBP"),
            b'{"image": "%s"}' % b64encode(b"GIF89a"),
            b'{"image": "%s", "image": "\\u0069VBO"}' % b64encode(SMALL),
            b'{"image": "%s", "include": "image"}' % b64encode(SMALL),
            b'{"images": "%s"}' % b64encode(SMALL),
            b'[{"image": "%s"}]' % b64encode(SMALL),
        ],
    )
    @pytest.mark.parametrize("head", [FORM, HEAD + b"Expect: \r\n"])
    def test_what_may_hold_a_large_picture(self, body, head):
        assert not is_brief(request(body, head=head))

    @pytest.mark.parametrize("body", [claims(5000, 5000), b"\xff\xd8\xff" + SMALL, b" " + SMALL + SMALL])
    def test_what_is_no_small_picture_itself(self, body):
        assert not is_brief(request(body))

    @pytest.mark.parametrize(
        "line",
        [
            b"GET /v1/classify HTTP/1.1\r\n",
            b"POST /v1/classify/batch HTTP/1.1\r\n",
            b"POST /v1/classifying HTTP/1.1\r\n",
            b"POST /v1/models HTTP/1.1\r\n",
            b"\r\nPOST /",
        ],
    )
    def test_another_request(self, line):
        assert not is_brief(request(head=line))

    def test_a_zip_whose_members_show_nothing_of_their_size(self):
        line = b"POST /v1/classify/batch HTTP/1.1\r\nContent-Type: application/zip\r\n"
        assert not is_brief(request(zip_of(SMALL, claims(4096, 4096)), head=line))


class TestPictureIn:
    MNISTS = PNG_SIGNATURE + b"\0\0\0\rIHDR" + b"\0\0\0\x1c" * 2 + b"\x08\0\0\0\0the rest, and IEND\xaeB`\x82"

    @pytest.mark.parametrize(
        "body", [MNISTS, b"--x\r\n\r\n" + MNISTS + b"\r\n--x--\r\n", b'{"image":"%s"}' % b64encode(MNISTS)]
    )
    def test_is_what_mnist_could_hold(self, body):
        assert picture_in(request(body) + request(body)) == self.MNISTS

    def test_is_none_where_something_is_chosen(self):
        line = b"POST /v1/classify?model=plain HTTP/1.1\r\n"
        assert picture_in(request(self.MNISTS, head=line)) is None

    @pytest.mark.parametrize("body", [claims(28, 29), SMALL, MNISTS[:-1]])
    def test_is_none_where_mnist_could_not_hold_it(self, body):
        assert picture_in(request(body)) is None


@pytest.fixture
def pair():
    """The two ends of a connection; the first does not block, and holds little."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        theirs.settimeout(20)
        yield ours, theirs


def envelope():
    return Envelope(SimpleNamespace(client=("1.2.3.4", 5), server=("a", 80)))


def test_parts_of_an_answer_leave_as_one(pair):
    ours, theirs = pair
    answer = envelope()
    answer.sock.sendall(b"head")
    answer.sock.sendall(b"body")
    assert answer.send_to(ours) == b""
    assert theirs.recv(100) == b"headbody"


def test_what_does_not_leave_at_once_is_handed_back(pair):
    ours, theirs = pair
    answer = envelope()
    answer.sendall(bytes(range(256)) * 10_000)
    rest = answer.send_to(ours)
    assert rest
    arrived = b""
    while len(arrived) + len(rest) < 2_560_000:
        arrived += theirs.recv(1 << 20)
    assert arrived + rest == bytes(range(256)) * 10_000


def test_nothing_leaves_where_there_is_no_room(pair):
    ours, _ = pair
    full = envelope()
    full.sendall(bytes(10**7))
    full.send_to(ours)
    answer = envelope()
    answer.sendall(b"answer")
    assert answer.send_to(ours) == b"answer"
