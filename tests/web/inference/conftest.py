"""Inference requests, and a reader of their answers that shares no code with what writes them."""

import json

import numpy as np
import pytest

DTYPES = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}


@pytest.fixture
def images():
    """Two images, (2, 784) float32: the triangles that were recorded."""
    return np.stack([np.tri(28), np.tri(28).T]).astype(np.float32).reshape(2, 784)


@pytest.fixture
def tensor(images):
    """The same as a tensor in JSON; keyword arguments replace its members."""
    members = {"name": "image", "shape": [2, 784], "datatype": "FP32", "data": images.ravel().tolist()}
    return lambda **changes: members | changes


@pytest.fixture
def infer(client):
    """Send an inference request: members of its JSON, and bytes that follow it."""

    def send(members, binary=None, path="/v2/models/tiny/infer", **headers):
        body = members if isinstance(members, bytes) else json.dumps(members).encode()
        if binary is not None:
            headers["Inference-Header-Content-Length"] = str(len(body))
        return client.post(path, data=body + (binary or b""), headers=headers)

    return send


@pytest.fixture
def classified(client, images):
    """What POST /v1/classify answers to each of the two images."""
    return [client.post("/v1/classify", json={"pixels": image.tolist()}).json for image in images]


@pytest.fixture
def activations(classified):
    """Its activations, (2, 10)."""
    return np.array([answer["activations"] for answer in classified], np.float32)


@pytest.fixture(scope="session")
def tensors_in():
    """Read the output tensors of an answer by name, as the protocol and its binary extension say."""
    return read_tensors


def read_tensors(answer):
    end = int(answer.headers.get("Inference-Header-Content-Length", len(answer.data)))
    told, rest = json.loads(answer.data[:end]), answer.data[end:]
    tensors = {}
    for output in told["outputs"]:
        if "data" in output:
            values = np.array(output["data"])
        else:
            size = output["parameters"]["binary_data_size"]
            content, rest = rest[:size], rest[size:]
            values = read_binary(content, output["datatype"])
        tensors[output["name"]] = values.reshape(output["shape"])
    assert rest == b""
    return tensors


def read_binary(content, datatype):
    if datatype != "BYTES":
        return np.frombuffer(content, DTYPES[datatype])
    strings = []
    while content:
        length = int.from_bytes(content[:4], "little")
        strings.append(content[4 : 4 + length].decode())
        content = content[4 + length :]
    return np.array(strings)
