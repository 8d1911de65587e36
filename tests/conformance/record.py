"""Writes down what the real clients send, byte by byte, for tests that run without them.

Each file of tests/web/inference/recorded/ is one request: its line, its header and its body. Fields that tell
nothing about the protocol (Host, User-Agent) are left out, and so is the date in a gzip header.

    .venv.conformance/bin/python tests/conformance/record.py
"""

import asyncio
import base64
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import kserve
import numpy as np
import tritonclient.http as triton
from kserve.protocol.infer_type import RequestedOutput
from tritonclient.utils import InferenceServerException

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "web" / "inference" / "recorded"
LEFT_OUT = {"host", "user-agent"}
DATE_IN_GZIP = slice(4, 8)

# The tests that read the recordings make the same two images, and read the same picture.
IMAGES = np.stack([np.tri(28), np.tri(28).T]).astype(np.float32).reshape(2, 784)
PNG = (ROOT / "examples" / "three.png").read_bytes()


class Recorder(BaseHTTPRequestHandler):
    """Keeps the bytes of each request, and answers that nothing is served here."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[bytes]] = []

    def do_POST(self):
        body = bytearray(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.headers.get("Content-Encoding") == "gzip":
            body[DATE_IN_GZIP] = bytes(4)
        fields = [f"{name}: {value}" for name, value in self.headers.items() if name.lower() not in LEFT_OUT]
        head = "\r\n".join([self.requestline, *fields, "", ""])
        self.requests.append(head.encode() + body)
        self.send_error(503, "this is a recorder")

    def log_message(self, *_):
        """Print nothing."""


def tensor(values, datatype="FP32", *, name="image", binary=True):
    given = triton.InferInput(name, list(values.shape), datatype)
    return given.set_data_from_numpy(values, binary_data=binary)


def strings(value):
    return np.array([value], np.object_)


def wanted(**outputs):
    return [triton.InferRequestedOutput(name, binary_data=binary) for name, binary in outputs.items()]


BYTES = (IMAGES * 255).astype(np.uint8).reshape(2, 28, 28)
WITH_TRITON = {
    "binary": ([tensor(IMAGES)], {}),
    "binary-json-out": ([tensor(IMAGES)], {"outputs": wanted(activations=False, digit=False)}),
    "json": ([tensor(IMAGES, binary=False)], {}),
    "json-json-out": ([tensor(IMAGES, binary=False)], {"outputs": wanted(rejected=False, activations=False)}),
    "mixed-out": ([tensor(IMAGES)], {"outputs": wanted(argmax=False, activations=True)}),
    "gzip": ([tensor(IMAGES)], {"request_compression_algorithm": "gzip"}),
    "deflate": ([tensor(IMAGES)], {"request_compression_algorithm": "deflate"}),
    "gzip-json": ([tensor(IMAGES, binary=False)], {"request_compression_algorithm": "gzip"}),
    "uint8": ([tensor(BYTES, "UINT8")], {}),
    "uint8-json": ([tensor(BYTES, "UINT8", binary=False)], {}),
    "channel": ([tensor(IMAGES.reshape(2, 1, 28, 28))], {}),
    "png": ([tensor(strings(PNG), "BYTES", name="png")], {}),
    "png-json": ([tensor(strings(base64.b64encode(PNG)), "BYTES", name="png", binary=False)], {}),
    "parameters": (
        [tensor(IMAGES)],
        {
            "model_version": "1",
            "request_id": "42",
            "parameters": {"reject_below": 1.0, "mine": "x"},
            "timeout": 1000,
            "priority": 1,
            "sequence_id": 7,
        },
    ),
    "classification": (
        [tensor(IMAGES)],
        {"outputs": [triton.InferRequestedOutput("activations", class_count=3)]},
    ),
    "shared-memory": ([triton.InferInput("image", [2, 784], "FP32").set_shared_memory("region", 6272)], {}),
}


def request(values, datatype="FP32", *, name="image", binary, outputs=None, **options):
    given = kserve.InferInput(name, list(values.shape), datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    return kserve.InferRequest("tiny", [given], request_id="42", request_outputs=outputs, **options)


WITH_KSERVE = {
    "v2-binary": ("v2", request(IMAGES, binary=True, parameters={"binary_data_output": True})),
    "v2-json": ("v2", request(IMAGES, binary=False)),
    "v2-outputs": (
        "v2",
        request(IMAGES, binary=True, outputs=[RequestedOutput("activations", {"binary_data": True})]),
    ),
    "v2-png": ("v2", request(strings(PNG), "BYTES", name="png", binary=True)),
    "v2-png-json": ("v2", request(strings(base64.b64encode(PNG)), "BYTES", name="png", binary=False)),
    "v1": ("v1", {"instances": IMAGES.reshape(2, 28, 28).tolist()}),
    "v1-png": ("v1", {"instances": [{"b64": base64.b64encode(PNG).decode()}]}),
}


def talk(port):
    """Let both clients send everything, and yield the name of each request when it has been sent."""
    for name, (inputs, options) in WITH_TRITON.items():
        client = triton.InferenceServerClient(f"127.0.0.1:{port}")
        with suppress(InferenceServerException):
            client.infer("tiny", inputs, **options)
        yield f"triton-{name}"
    with suppress(InferenceServerException):
        triton.InferenceServerClient(f"127.0.0.1:{port}").get_model_repository_index()
    yield "triton-index"
    for name, (protocol, sent) in WITH_KSERVE.items():
        asyncio.run(_infer(port, protocol, sent))
        yield f"kserve-{name}"


async def _infer(port, protocol, sent):
    async with kserve.InferenceRESTClient(kserve.RESTConfig(protocol=protocol)) as client:
        with suppress(httpx.HTTPStatusError):
            await client.infer(f"http://127.0.0.1:{port}", sent, model_name="tiny")


def record():
    """Return what both clients send, by name."""
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = list(talk(server.server_port))
        server.shutdown()
    return dict(zip(names, Recorder.requests, strict=True))


def main():
    """Write the recordings."""
    RECORDED.mkdir(parents=True, exist_ok=True)
    for name, content in record().items():
        (RECORDED / f"{name}.http").write_bytes(content)
        sys.stdout.write(f"{name}: {len(content)} bytes\n")


if __name__ == "__main__":
    main()
