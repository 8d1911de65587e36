"""`digits health`: whether a service is ready."""

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest


@contextmanager
def service_that_answers(status, body):
    """Listen on loopback and answer every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class TestHealth:
    def test_is_ready_when_the_service_says_so(self, digits):
        with service_that_answers(200, b"{}") as server:
            assert digits("health", "--port", server.server_port) == (0, "ready\n", "")
        assert server.paths == ["/readyz"]

    def test_asks_on_this_machine_where_the_service_listens_everywhere(self, digits):
        with service_that_answers(200, b"{}") as server:
            done = digits("health", "--host", "0.0.0.0", "--port", server.server_port)  # noqa: S104  # as a container has it
        assert done.out == "ready\n"

    @pytest.mark.parametrize(
        ("status", "body", "reason"),
        [
            (
                503,
                b'{"detail": "draining: the service is about to stop"}',
                "draining: the service is about to stop",
            ),
            (503, b"[]", "Service Unavailable"),
            (404, b"<html>some other server</html>", "Not Found"),
        ],
    )
    def test_tells_why_it_is_not(self, digits, status, body, reason):
        with service_that_answers(status, body) as server:
            done = digits("health", "--port", server.server_port)
        assert done == (1, "", f"digits: 127.0.0.1:{server.server_port} is not ready: {reason}\n")

    def test_tells_when_nobody_listens(self, digits):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        done = digits("health", "--port", port)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"digits: 127.0.0.1:{port} does not answer (")

    def test_tells_when_what_listens_is_silent(self, digits):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = digits("health", "--port", silent.getsockname()[1], "--timeout", "0.05")
        assert done.status == 1
        assert "does not answer (timed out)" in done.err
