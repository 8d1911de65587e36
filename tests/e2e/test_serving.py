"""What a client gets from a real server with two workers, alone or behind the front."""

import base64
import http.client
import json
import subprocess
import sys

import pytest
import requests


def head(path="/v1/classify", **fields):
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        *(f"{n.replace('_', '-')}: {v}" for n, v in fields.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


NGINX_SEES_IT_ITS_OWN_WAY = {
    b"GET / HTTP/9.9\r\n\r\n": (505, "bad_head"),
    head(Expect="miracles"): (400, "bad_input"),  # no expectation reaches the service, and there is no body
    head(Content_Type="image/png", Transfer_Encoding="chunked") + b"zz\r\n": (400, "bad_head"),
}


def read_answer(connection):
    """Read one answer: its status and its JSON."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())


def test_the_three_body_forms_give_the_same_activations(server, png, picture):
    url, image = f"{server.url}/v1/classify", base64.b64encode(png).decode()
    answers = [
        server.classify(png),
        requests.post(url, files={"image": png}, timeout=60),
        requests.post(url, json={"image": image}, timeout=60),
        requests.post(url, json={"pixels": (picture / 255).tolist()}, timeout=60),
    ]
    activations = [answer.json()["activations"] for answer in answers]
    assert activations == [activations[0]] * 4


def test_the_command_line_gives_the_same_activations(own_server, png, artifact_folder, tmp_path):
    file = tmp_path / "digit.png"
    file.write_bytes(png)
    command = [sys.executable, "-m", "service", "classify", "--json", "--model=tiny"]
    told = subprocess.run([*command, f"--models={artifact_folder}", file], check=True, capture_output=True)
    assert json.loads(told.stdout)["activations"] == own_server.classify(png).json()["activations"]


def test_a_body_may_come_in_chunks(server, png):
    chunks = (png[i : i + 50] for i in range(0, len(png), 50))
    assert server.classify(chunks).json()["activations"] == server.classify(png).json()["activations"]


def test_a_client_may_wait_to_be_told_to_go_on(connect, png):
    connection = connect()
    connection.sendall(head(Content_Type="image/png", Content_Length=len(png), Expect="100-continue"))
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.sendall(png)
    assert read_answer(connection)[0] == 200


def test_a_client_that_has_sent_some_of_an_oversized_body_reads_its_refusal(connect, server):
    connection, length = connect(), 3 * server.max_body_bytes
    connection.sendall(head(Content_Type="image/png", Content_Length=length, Connection="close"))
    connection.sendall(bytes(200_000))
    status, told = read_answer(connection)
    assert (status, told["code"]) == (413, "body_too_large")
    assert str(server.max_body_bytes) in told["detail"]


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_client_that_sends_all_of_an_oversized_body_first_reads_its_refusal(server, connection):
    answer = server.classify(bytes(server.max_body_bytes * 3 // 2), Connection=connection)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_an_endless_body_is_refused(server):
    def endless():
        for _ in range(100):
            yield bytes(server.max_body_bytes // 20)

    assert server.classify(endless()).status_code == 413


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_head"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "bad_head"),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "url_too_long"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 9000 + b"\r\n\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400, "bad_head"),
        (head(Content_Length="5, 6"), 400, "bad_head"),
        (head(Content_Length="5", Transfer_Encoding="chunked"), 400, "bad_head"),
        (head(Transfer_Encoding="fancy"), 501, "unsupported_transfer"),
        (head(Expect="miracles"), 417, "bad_expectation"),
        (head(Content_Type="image/png", Transfer_Encoding="chunked") + b"zz\r\n", 400, "bad_input"),
    ],
)
def test_what_is_not_http_is_refused_in_the_same_shape(server, connect, sent, status, code):
    if server.behind_front:
        status, code = NGINX_SEES_IT_ITS_OWN_WAY.get(sent, (status, code))
    connection = connect()
    connection.sendall(sent)
    actual, told = read_answer(connection)
    assert (actual, told["status"], told["code"]) == (status, status, code)
    assert told["error"] == told["detail"]


def test_clients_that_never_hang_up_keep_nobody_waiting(server, connect):
    for _ in range(60):  # a server that waited two seconds for each would be busy for a minute
        connect().sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert requests.get(f"{server.url}/livez", timeout=20).status_code == 200


def test_the_answer_does_not_tell_which_server_gave_it(server):
    assert server.get("/livez").headers["Server"] == "digits"


def test_counts_of_both_workers_add_up(server, png):
    before = server.samples()
    for _ in range(40):
        server.classify(png)
    name = ("digits_http_requests_total", "200", "POST", "/v1/classify")
    for _ in range(10):  # whichever worker answers
        assert server.samples()[name] == before.get(name, 0) + 40


def test_the_log_has_a_line_for_each_request_and_none_for_probes(own_server, png):
    own_server.get("/readyz")
    own_server.classify(png, **{"X-Request-ID": "find-me"})
    lines = own_server.lines()
    assert [line["status"] for line in lines if line.get("id") == "find-me"] == [200]
    assert not [line for line in lines if line.get("route") == "/readyz"]
