"""The service in processes of its own, and the images that every client sends to it."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DIGITS = os.environ.get("DIGITS_COMMAND", str(ROOT / ".venv" / "bin" / "digits"))
SECONDS = 60


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    """The address of a service with two workers."""
    log = tmp_path_factory.mktemp("service") / "log"
    command = [DIGITS, "serve", "--port", "0", "--workers", "2", "--model", "plain"]
    with log.open("wb") as lines, subprocess.Popen(command, cwd=ROOT, stdout=lines) as service:
        try:
            yield wait_for(service, log)
        finally:
            service.terminate()


def wait_for(service, log):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        for line in log.read_text().splitlines():
            told = json.loads(line)
            if told["event"] == "serving" and answers(told["url"]):
                return told["url"]
        time.sleep(0.05)
    raise AssertionError(f"the service did not start: {log.read_text()}")


def answers(url):
    try:
        return ask(f"{url}/readyz")["ready"]
    except httpx.HTTPError:
        return False


def ask(url, body=None, **headers):
    """Send a request without any of the clients, and parse the answer."""
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | headers
    method = "GET" if content is None else "POST"
    answer = httpx.request(method, url, content=content, headers=headers, timeout=SECONDS)
    return answer.raise_for_status().json()


@pytest.fixture(scope="session")
def images():
    """A hundred images, (100, 784) float32: strokes between random points, and one that is blank."""
    rng = np.random.default_rng(0)
    images = np.zeros((100, 28, 28), np.float32)
    for image in images[1:]:
        for start, end in rng.integers(4, 24, (3, 2, 2)):
            for share in np.linspace(0, 1, 40):
                row, column = np.rint(start + share * (end - start)).astype(int)
                image[row : row + 2, column : column + 2] = 1
    return images.reshape(100, 784)


@pytest.fixture(scope="session")
def expected(url, images):
    """What POST /v1/classify answers to each image."""
    return [ask(f"{url}/v1/classify", {"pixels": image.tolist()}) for image in images]


@pytest.fixture(scope="session")
def activations(expected):
    """Its activations, (100, 10)."""
    return np.array([answer["activations"] for answer in expected], np.float32)


@pytest.fixture(scope="session")
def digits(expected):
    """Its digits, (100,), -1 for a rejected image."""
    return np.array([-1 if answer["digit"] is None else answer["digit"] for answer in expected])


@pytest.fixture(scope="session")
def pngs():
    """Some PNGs."""
    return [(ROOT / "examples" / f"{name}.png").read_bytes() for name in ("three", "seven", "noise")]


@pytest.fixture(scope="session")
def of_pngs(url, pngs):
    """What POST /v1/classify answers to them: activations, (3, 10)."""
    told = [ask(f"{url}/v1/classify", png, **{"Content-Type": "image/png"}) for png in pngs]
    return np.array([answer["activations"] for answer in told], np.float32)


@pytest.fixture(scope="session")
def base64_of_pngs(pngs):
    return [base64.b64encode(png).decode() for png in pngs]
