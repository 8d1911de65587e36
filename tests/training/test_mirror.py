import hashlib
import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from service.errors import BadDataError, ServiceError
from service.training import mirror, mnist
from service.training.mirror import download

FILES = {"a.gz": b"the first file" * 5000, "b.gz": b"the second"}
SHA256 = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    """Serve folders on loopback; returns each one's address and the paths asked of it."""
    servers = []

    def start(folder):
        handler = type("Recorder", (Handler,), {"asked": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/", handler.asked

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def test_files_are_fetched_into_the_folder(serve, published, tmp_path):
    address, _ = serve(published)
    folder = download(tmp_path / "cache", mirrors=[address], sha256=SHA256)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == FILES


def test_a_second_time_nothing_is_asked(serve, published, tmp_path):
    address, asked = serve(published)
    download(tmp_path / "cache", mirrors=[address], sha256=SHA256)
    download(tmp_path / "cache", mirrors=[address], sha256=SHA256)
    assert asked == ["/a.gz", "/b.gz"]


def test_a_file_damaged_in_the_cache_is_fetched_again(serve, published, tmp_path):
    address, _ = serve(published)
    folder = download(tmp_path / "cache", mirrors=[address], sha256=SHA256)
    (folder / "a.gz").write_bytes(b"half")
    download(folder, mirrors=[address], sha256=SHA256)
    assert (folder / "a.gz").read_bytes() == FILES["a.gz"]


def test_the_next_mirror_serves_what_one_lacks_or_has_changed(serve, published, tmp_path):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "a.gz").write_bytes(b"something else")
    first, asked_first = serve(lacking)
    second, asked_second = serve(published)
    folder = download(tmp_path / "cache", mirrors=[first, second], sha256=SHA256)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == FILES
    assert asked_first == asked_second == ["/a.gz", "/b.gz"]


def test_when_every_mirror_fails_each_reason_is_told(serve, published, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    lacking, _ = serve(empty)
    changed, _ = serve(published)
    nobody = "http://127.0.0.1:1/"
    with pytest.raises(BadDataError) as caught:
        download(tmp_path / "cache", mirrors=[lacking, changed, nobody], sha256={"a.gz": "0" * 64})
    assert str(caught.value) == (
        f"a.gz could not be downloaded ({lacking}: answered 404; {changed}: sent a file with another sha256; "
        f"{nobody}: failed with ConnectionError); fetch the four MNIST files by other means and name their "
        "folder with --data"
    )


def test_progress_is_shown_on_a_terminal_alone(serve, published, tmp_path, monkeypatch, capsys):
    address, _ = serve(published)
    download(tmp_path / "one", mirrors=[address], sha256=SHA256)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    download(tmp_path / "two", mirrors=[address], sha256=SHA256)
    assert "100%" in capsys.readouterr().err


def test_the_cache_is_the_user_s(serve, published, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(tmp_path))
    address, _ = serve(published)
    assert download(mirrors=[address], sha256=SHA256).is_relative_to(tmp_path)


def test_a_missing_downloader_is_named_with_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ServiceError, match=r"needs pooch, .* pip install 'digit-service\[train\]'"):
        download(tmp_path)


def test_the_compressed_names_are_those_that_are_read():
    assert {name.removesuffix(".gz") for name in mirror.SHA256} == set(mnist.SHA256)
