"""What is sent to be read is neither kept nor logged."""

import base64
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

MARK = b"a picture that one would recognise"


class Watch:
    """Remembers which files are opened for writing while it watches; an audit hook stays for good."""

    def __init__(self):
        self.active = False
        self.written = []
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.active and event == "open" and arguments[2] & 0b11:  # not O_RDONLY
            self.written.append(arguments[0])


@pytest.fixture(scope="module")
def watch():
    return Watch()


@pytest.fixture
def marked():
    """A PNG of a megabyte, larger than what is kept in memory where uploads go to files."""
    note = PngInfo()
    note.add_text("Comment", MARK.decode())
    grey = np.random.default_rng(1).integers(0, 256, (1100, 1100), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG", pnginfo=note)
    assert MARK in buffer.getvalue()
    assert len(buffer.getvalue()) > 1_000_000
    return buffer.getvalue()


def ways(png):
    """Send it in every way there is, and once broken."""
    yield {"data": png, "content_type": "image/png"}
    yield {"data": png[:-20], "content_type": "image/png"}
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="%s.png"\r\n\r\n' % MARK
    form = head + png + b"\r\n--x--\r\n"  # not left to the client, which puts large ones into a file
    yield {"data": form, "content_type": "multipart/form-data; boundary=x"}
    yield {"json": {"image": base64.b64encode(png).decode()}}
    yield {"json": {"image": base64.b64encode(png[:-20]).decode()}}


def test_no_picture_is_stored_or_logged(client, lines, watch, marked):
    watch.active = True
    statuses = [client.post("/v1/classify?include=image", **way).status_code for way in ways(marked)]
    watch.active = False
    assert statuses == [200, 422, 200, 200, 422]
    assert watch.written == []
    logged = json.dumps(lines)
    assert len(lines) == 5
    assert MARK.decode() not in logged
    assert base64.b64encode(marked).decode()[1000:1020] not in logged


def test_the_watch_sees_what_is_written(watch, tmp_path):
    watch.active = True
    (tmp_path / "picture").write_bytes(b"")
    watch.active = False
    assert watch.written.pop() == str(tmp_path / "picture")
