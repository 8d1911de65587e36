"""The client asks a service over HTTP, and never twice where that could do something twice."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import pytest
import requests
from click.testing import CliRunner
from PIL import Image
from werkzeug.serving import make_server

from service.cli.classify import command
from service.client import (
    Client,
    RefusedForNowError,
    RefusedInputError,
    RefusedKeyError,
    RefusedModelError,
    RefusedPictureError,
)
from service.errors import BadInputError, RefusedError, ServiceError, UnreachableError
from service.settings import Settings
from service.web.app import create_app

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
FIVE = EXAMPLES / "five.png"


@pytest.fixture
def served():
    """Serve a WSGI function or a handler in a thread; return its address."""
    servers = []

    def serve(server):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service(served):
    """Start a service with the shipped models; return its address."""

    def start(**changes):
        app = create_app(Settings(model="plain", log_level="error", **changes))
        return served(make_server("127.0.0.1", 0, app, threaded=True))

    return start


@pytest.fixture
def url(service):
    return service()


@pytest.fixture
def client(url):
    with Client(url) as client:
        yield client


@pytest.fixture
def scripted(served):
    """A server that gives the answers of a list, one a request; the last one again and again."""

    def start(*answers):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked.append(self.path)
                status, headers, body = answers[min(len(asked), len(answers)) - 1]
                if status is None:
                    return  # the connection ends without an answer
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815  # as http.server calls it

            def log_message(self, *_):
                pass

        return served(HTTPServer(("127.0.0.1", 0), Handler)), asked

    return start


BUSY = b'{"code": "overloaded", "detail": "too many", "status": 503, "id": "7"}'
NOT_READY = b'{"code": "not_ready", "detail": "draining", "status": 503, "id": "7"}'


def test_a_picture_is_read_by_its_path_or_its_bytes(client):
    for picture in (FIVE, str(FIVE), FIVE.read_bytes()):
        answer = client.classify(picture)
        assert (answer.digit, answer.label, answer.rejected, answer.reason) == (5, "5", False, None)
        assert answer.model == "plain"
        assert answer.labels == tuple("0123456789")
        assert answer.argmax == np.argmax(answer.activations) == 5


def test_options_are_sent(client):
    answer = client.classify(FIVE, reject_below=1, include="preprocessing")
    assert (answer.digit, answer.rejected, answer.reason) == (None, True, "weak")
    assert answer.reject_below == 1
    assert answer.members["preprocessing"]["original_size"] == [280, 280]


def test_an_answer_does_not_change(client):
    with pytest.raises(dataclasses.FrozenInstanceError):
        client.classify(FIVE).label = "6"


def test_a_model_of_other_labels_names_one_and_no_digit(scripted):
    said = {"id": "7", "model": "shapes", "model_version": "1", "activations": [0.1, 0.9], "argmax": 1}
    said |= {"margin": 0.8, "rejected": False, "reason": None, "reject_below": 0.5, "labels": ["disc", "box"]}
    url, _ = scripted((200, {}, orjson.dumps(said)))
    with Client(url) as client:
        answer = client.classify(FIVE)
    assert (answer.label, answer.digit, answer.rejected) == ("box", None, False)


def test_a_batch_keeps_the_order_and_one_bad_file_costs_itself_alone(client, tmp_path):
    text = tmp_path / "naïve.txt"
    text.write_text("no picture")
    told = list(
        client.classify_batch([FIVE, text, FIVE.read_bytes(), str(EXAMPLES / "three.png")], batch_size=3)
    )
    assert [name for name, _ in told] == ["five.png", "naïve.txt", "3", "three.png"]
    assert isinstance(told[1][1], RefusedPictureError)
    assert told[1][1].code == "not_a_png"
    assert [told[place][1].digit for place in (0, 2, 3)] == [5, 5, 3]


def test_a_file_whose_name_is_no_utf_8_is_read_among_others(client, tmp_path):
    odd = tmp_path / os.fsdecode(b"\xff.png")
    shutil.copy(FIVE, odd)
    told = [(name, answer.digit) for name, answer in client.classify_batch([odd, FIVE])]
    assert told == [(odd.name, 5), ("five.png", 5)]


def test_a_batch_is_read_as_it_is_needed_and_no_request_is_too_large(client):
    png, read = FIVE.read_bytes(), []

    def pictures():
        for number in range(5):
            read.append(number)
            yield png + b"\0" * (0 if number else 9 * 2**20)  # bytes behind the end are ignored

    told = client.classify_batch(pictures(), batch_size=2)
    next(told)
    assert len(read) == 2
    assert len(list(told)) == 4


def test_a_batch_of_nothing_asks_nobody():
    with Client("http://127.0.0.1:9") as client:
        assert list(client.classify_batch([])) == []


@pytest.mark.parametrize("size", [0, 257])
def test_a_batch_has_1_to_256_pictures(client, size):
    with pytest.raises(BadInputError, match="take 1 to 256"):
        list(client.classify_batch([FIVE], batch_size=size))


def test_models_and_health_are_told(client):
    assert {"plain", "four-pixel"} <= {model["name"] for model in client.models()}
    assert client.model("plain") == client.model("plain", "1")
    assert client.health()["ready"]


def test_feedback_is_counted(client, url):
    client.feedback(5, 3, "plain")
    client.feedback(None, 3)
    counted = requests.get(f"{url}/metrics", timeout=10).text
    assert 'digits_feedback_total{digit="5",label="3",model="plain"} 1.0' in counted
    assert 'digits_feedback_total{digit="rejected",label="3",model="plain"} 1.0' in counted


@pytest.mark.parametrize(
    ("ask", "kind", "code"),
    [
        (lambda client: client.classify(b"text"), RefusedPictureError, "not_a_png"),
        (lambda client: client.classify(FIVE, invert="perhaps"), RefusedInputError, "bad_input"),
        (lambda client: client.classify(FIVE, model="nobody"), RefusedModelError, "unknown_model"),
        (lambda client: client.model("nobody"), RefusedModelError, "unknown_model"),
        (lambda client: client.model("plain/nothing"), RefusedError, "unknown_route"),
        (lambda client: client.feedback(5, 77), RefusedInputError, "bad_input"),
    ],
)
def test_a_refusal_carries_the_problem(client, ask, kind, code):
    with pytest.raises(kind) as refusal:
        ask(client)
    error = refusal.value
    assert (error.code, error.problem["code"]) == (code, code)
    assert str(error) == error.problem["detail"]
    assert error.status == error.problem["status"]
    assert error.id
    assert isinstance(error, ServiceError)


def test_a_key_is_sent_in_place_of_what_a_netrc_holds(service, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    url = service(api_keys="tester s3cret")
    with Client(url, key="s3cret") as client:
        assert client.models()
    for key in (None, "wrong"):
        with Client(url, key=key) as client, pytest.raises(RefusedKeyError):
            client.models()


@pytest.mark.parametrize("key", ["first\nsecond", "s3cret\r\n", "clé\x00", "ключ"])
def test_a_key_that_no_header_carries_is_told(key):
    with pytest.raises(BadInputError, match=r"^the key has a line break or .*; give the key alone$") as told:
        Client("http://127.0.0.1:9", key=key)
    assert key not in str(told.value)


def test_a_busy_service_is_asked_again_after_the_time_it_names(scripted):
    url, asked = scripted((503, {"Retry-After": 0}, BUSY), (429, {"Retry-After": 0}, BUSY), (200, {}, b"{}"))
    with Client(url) as client:
        assert client.health() == {}
    assert len(asked) == 3


def test_a_service_that_stays_busy_is_given_up(scripted):
    url, asked = scripted((503, {"Retry-After": 0}, BUSY))
    with Client(url, retries=2) as client, pytest.raises(RefusedForNowError, match="too many"):
        client.feedback(1, 1)
    assert len(asked) == 3


def test_a_service_that_names_no_time_is_not_asked_again(scripted):
    url, asked = scripted((503, {}, NOT_READY))
    with Client(url) as client, pytest.raises(RefusedForNowError, match="draining"):
        client.health()
    assert len(asked) == 1


def test_a_request_that_may_have_been_read_is_not_sent_again(scripted):
    url, asked = scripted((None, {}, b""))
    with Client(url) as client, pytest.raises(UnreachableError, match="does not answer"):
        client.feedback(1, 1)
    assert len(asked) == 1


def test_nobody_there_is_told():
    with (
        Client("http://127.0.0.1:9", retries=0) as client,
        pytest.raises(UnreachableError, match="is the service"),
    ):
        client.health()


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000", "localhost:8000", "nonsense", "ftp://there", "http://"]
)
def test_what_is_no_address_is_told_from_a_service_that_is_down(address):
    with (
        Client(address, retries=0) as client,
        pytest.raises(UnreachableError, match=r"is no address; write it as http://127\.0\.0\.1:8000"),
    ):
        client.health()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"activations": 3}'),
        (502, b"<html>"),
        (404, b"{}"),
        (302, b""),
        (200, b'{"activations": %s}' % (b"9" * 5000)),
        (200, b"[" * 100_000),
        (200, b'{"activations": [0.5], "argmax": 1e999}'),
    ],
)
def test_something_else_that_answers_is_told(scripted, status, body):
    url, _ = scripted((status, {"Location": "http://127.0.0.1:9/"} if status == 302 else {}, body))
    with Client(url) as client, pytest.raises(UnreachableError, match="address"):
        client.classify(FIVE)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.models(),
        lambda client: list(client.classify_batch([FIVE])),
    ],
    ids=["models", "a batch"],
)
@pytest.mark.parametrize(
    "body",
    [
        b'{"hello": "world"}',
        b'{"models": 3, "results": 3}',
        b'{"models": [3], "results": [3]}',
        b'{"models": {}, "results": []}',
        b'{"models": null, "results": [{}, {}]}',
        b'{"results": [{"error": {}}]}',
        b'{"results": [{"error": "text"}]}',
        b'{"results": [{"error": {"code": []}}]}',
    ],
)
def test_something_else_that_answers_with_an_object_is_told(scripted, ask, body):
    url, _ = scripted((200, {}, body))
    with Client(url) as client, pytest.raises(UnreachableError, match="look at its address"):
        ask(client)


def test_something_else_that_refuses_with_an_object_is_told(scripted):
    url, _ = scripted((404, {}, b'{"code": [404], "message": "not found"}'))
    with (
        Client(url) as client,
        pytest.raises(UnreachableError, match="answers 404, not as this service does"),
    ):
        client.models()


def test_a_file_that_cannot_be_read_is_told(client, tmp_path):
    with pytest.raises(BadInputError, match="name a file that can be read"):
        client.classify(tmp_path / "missing.png")
    with pytest.raises(BadInputError, match="name a file that can be read"):
        client.classify(tmp_path / "a\0b.png")


def test_every_refusal_is_one_of_the_package_and_of_its_own_kind():
    for kind in RefusedError.__subclasses__():
        assert issubclass(kind, ServiceError)


def drawn(seed):
    """A picture of strokes between random points, on paper of a random size."""
    rng = np.random.default_rng(seed)
    side = int(rng.integers(28, 200))
    page = np.full((side, side), 250, np.uint8)
    for start, end in rng.integers(side // 6, side - side // 6, (3, 2, 2)):
        for share in np.linspace(0, 1, 2 * side):
            row, column = np.rint(start + share * (end - start)).astype(int)
            page[row : row + side // 14 + 1, column : column + side // 14 + 1] = 20
    buffer = BytesIO()
    Image.fromarray(page).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pictures(tmp_path):
    """A hundred pictures on disk."""
    files = [tmp_path / f"{number:03}.png" for number in range(100)]
    for number, file in enumerate(files):
        file.write_bytes(drawn(number))
    return files


def told(*arguments):
    """Run `digits classify --json`, and return what it says, a dict a line."""
    done = CliRunner().invoke(command, ["--json", *map(str, arguments)], standalone_mode=False)
    assert done.exception is None, done.output
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def test_client_curl_and_command_line_give_the_same_activations(client, url, pictures):
    curl = ["curl", "--silent", "--fail-with-body", "-H", "Content-Type: image/png"]
    by_curl = [
        orjson.loads(
            subprocess.run(
                [*curl, "--data-binary", f"@{picture}", f"{url}/v1/classify"], capture_output=True, check=True
            ).stdout
        )["activations"]
        for picture in pictures
    ]
    assert [list(client.classify(picture).activations) for picture in pictures] == by_curl
    assert [each["activations"] for each in told("--model", "plain", *pictures)] == by_curl
    assert [each["activations"] for each in told("--url", url, *pictures)] == by_curl
    batched = [answer.activations for _, answer in client.classify_batch(pictures)]
    assert np.abs(np.subtract(batched, by_curl)).max() <= 5e-6


def test_the_command_line_says_of_a_service_what_it_says_itself(url, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    files = [str(FIVE), str(EXAMPLES / "noise.png"), str(text)]
    options = ["--model", "plain", "--reject-below", "0.9"]
    there = CliRunner().invoke(command, ["--url", url, *options, *files], standalone_mode=False)
    here = CliRunner().invoke(command, [*options, *files], standalone_mode=False)
    assert (there.stdout, there.return_value) == (here.stdout, 1)
    assert "text.png: " in there.stderr


def test_the_command_line_tells_a_reason_that_it_does_not_know(scripted):
    """A newer service may have one more."""
    answer = {
        "id": "7",
        "model": "wide",
        "model_version": "9",
        "activations": [0.1] * 10,
        "argmax": 0,
        "margin": 0.0,
        "rejected": True,
        "reason": "upside_down",
        "reject_below": 0.5,
    }
    url, _ = scripted((200, {}, orjson.dumps(answer)))
    done = CliRunner().invoke(command, ["--url", url, str(FIVE)], standalone_mode=False)
    assert done.stdout == f"{FIVE}: not a digit (upside_down)\n"


def test_the_command_line_sends_a_key(service, tmp_path):
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    url = service(api_keys="tester s3cret")
    assert told("--url", url, "--key-file", key, FIVE)[0]["digit"] == 5


def test_a_file_of_a_key_that_cannot_be_read_is_named():
    done = CliRunner().invoke(command, ["--url", "http://127.0.0.1:9", "--key-file", "no-key", str(FIVE)])
    assert str(done.exception) == "no-key: No such file or directory; name a file that can be read"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--key-file", "key"], "--key-file needs --url"),
        (["--url", "http://127.0.0.1:9", "--models", "."], "--models and --url exclude each other"),
        (["--url", "http://127.0.0.1:9", "--config", "a.toml"], "--config and --url exclude each other"),
    ],
)
def test_flags_that_mean_nothing_together_are_refused(flags, said):
    done = CliRunner().invoke(command, [*flags, str(FIVE)])
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_the_command_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    done = CliRunner().invoke(command, ["--url", "http://127.0.0.1:9", str(FIVE)])
    assert "pip install 'digit-service[client]'" in str(done.exception)


def test_the_extra_names_every_library_that_the_client_imports():
    """One that another brings along may be older than the client needs it."""
    source = "\n".join(file.read_text() for file in (ROOT / "service" / "client").glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, flags=re.MULTILINE))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {re.split("[<>=]", wanted)[0] for wanted in extras["client"]}
    assert named == imported - sys.stdlib_module_names - {"service"}
