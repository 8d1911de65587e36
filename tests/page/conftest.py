"""The page in a real Chromium: Debian's, or whichever CHROMIUM names."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import requests

from service.artifacts import load, save
from service.artifacts.history import save_history
from service.network import ACTIVATIONS, Layer, Network

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "build" / "page"  # what the tests saw, to be looked at
SECONDS = 60  # after which a test gives up to wait; a busy machine needs some of them

playwright = pytest.importorskip("playwright.sync_api", reason="install the dependency group `page`")


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for all tests."""
    binary = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("there is no Chromium; install it (on Debian: apt install chromium) or set CHROMIUM")
    playwright.expect.set_options(timeout=1000 * SECONDS)
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=binary)
        yield chromium
        chromium.close()


def serve(folder, *flags):
    """Start a service as `digits serve` does; return its process and address."""
    log = folder / "log"
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--workers", "1", *flags]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        events = [json.loads(line) for line in log.read_text().splitlines()]
        url = next((event["url"] for event in events if event["event"] == "serving"), None)
        if url and answers(f"{url}/readyz"):
            return process, url
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the service did not start: {log.read_text()}")


def answers(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """The address of a service with the shipped models."""
    process, url = serve(tmp_path_factory.mktemp("service"))
    yield url
    process.send_signal(signal.SIGINT)
    process.wait(SECONDS)


@pytest.fixture(scope="session")
def workshop_models(tmp_path_factory):
    """The folder of the models that the workshop serves: a copy, to be added to."""
    return shutil.copytree(ROOT / "model_artifacts", tmp_path_factory.mktemp("workshop") / "models")


@pytest.fixture(scope="session")
def workshop(workshop_models, metadata_for):
    """The address of a service with networks of many shapes, untrained, and a replay of plain."""
    models = workshop_models
    save_shapes(models, metadata_for)
    wide = Network.random((784, 300, 300, 10), np.random.default_rng(0))
    save(wide, metadata_for(wide, name="wide"), models)
    plain = load(models / "plain" / "1.npz")
    start = Network.random(plain.network.sizes, np.random.default_rng(0))
    moments = {0: start, 10: blend(start, plain.network, 0.5), 150: plain.network}
    save_history(moments, plain.metadata, models)
    process, url = serve(models.parent, "--models", str(models))
    yield url
    process.send_signal(signal.SIGINT)
    process.wait(SECONDS)


def save_shapes(models, metadata_for):
    """Save networks that are deep, or told little of, or below zero at every output."""
    rng = np.random.default_rng(0)
    deep, bare = Network.random((784, *[8] * 8, 10), rng), Network.random((784, 10), rng)
    save(deep, metadata_for(deep, name="deep"), models)
    unknown = metadata_for(bare, name="bare", training=None, evaluation=None, curve=())
    save(bare, unknown, models)
    save_history({0: bare, 5: bare}, unknown, models)
    measured = metadata_for(bare, name="uncurved")
    evaluation = measured.evaluation.model_copy(update={"operating_curve": ()})
    save(bare, measured.model_copy(update={"evaluation": evaluation}), models)
    biases = -np.linspace(0.1, 1, 10, dtype=np.float32)
    negative = Network((Layer(np.zeros((10, 784), np.float32), biases, ACTIVATIONS["tanh"]),))
    save(negative, metadata_for(negative, name="negative"), models)


def blend(one, other, share):
    """A network between two."""
    layers = zip(one.layers, other.layers, strict=True)
    return Network(
        tuple(
            Layer(
                (1 - share) * before.weights + share * after.weights,
                (1 - share) * before.biases + share * after.biases,
                after.activation,
            )
            for before, after in layers
        )
    )


@pytest.fixture
def service_with_key(tmp_path):
    """The address of a service that asks for the key "s3cret"."""
    keys = tmp_path / "keys"
    keys.write_text("s3cret\n")
    process, url = serve(tmp_path, "--api-keys-file", str(keys))
    yield url
    process.send_signal(signal.SIGINT)
    process.wait(SECONDS)


class Visit:
    """One visit to the page, and what a person does and sees there."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.complaints, self.foreign = [], []
        page.on(
            "console", lambda message: message.type in {"error", "warning"} and self._complain(message.text)
        )
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("request", lambda request: self._seen(request.url))

    def _complain(self, text):
        self.complaints.append(text)

    def _seen(self, url):
        if not url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path="/#model=plain"):
        """Go to the page, and wait for its first answer."""
        self.page.goto(self.url + path)
        return self.wait()

    def wait(self):
        """Wait until everything that was asked is answered and painted."""
        self.page.wait_for_selector("html[data-state=answered]", timeout=1000 * SECONDS)
        return self

    def act(self, do):
        """Do something that changes the drawing, and wait for the answer to it."""
        self.page.evaluate("delete document.documentElement.dataset.state")
        do()
        return self.wait()

    def draw(self, strokes, scale=1.0, left=0.0, top=0.0):
        """Draw strokes with the mouse; points are in percent of the pad's side."""

        def do():
            box = self.page.locator("#pad").bounding_box()
            mouse = self.page.mouse
            for stroke in strokes:
                places = [
                    (
                        box["x"] + box["width"] * (left + scale * x) / 100,
                        box["y"] + box["height"] * (top + scale * y) / 100,
                    )
                    for x, y in stroke
                ]
                mouse.move(*places[0])
                mouse.down()
                for place in places[1:]:
                    mouse.move(*place, steps=6)
                mouse.up()

        return self.act(do)

    def press(self, *keys):
        """Press keys while the pad has the focus."""
        for key in keys:
            self.page.press("#pad", key)
        return self

    def forgive(self, text):
        """Wait for complaints that all have this text in them, and forget them."""
        while not self.complaints:
            self.page.wait_for_timeout(50)
        assert all(text in complaint for complaint in self.complaints)
        self.complaints.clear()

    @property
    def answer(self):
        """The headline of the answer."""
        return self.page.inner_text("#answer strong")

    @property
    def state(self):
        return self.page.get_attribute(".answer", "data-state")

    @property
    def reply(self):
        """The reply that the page shows, activations as numbers."""
        told = json.loads(self.page.text_content("#reply"))
        return told | {"activations": [float(word) for word in told["activations"].split(" ")]}

    def photograph(self, name):
        """Keep a picture of the whole page, for eyes to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture
def visit_with(browser, service):
    """Begin a visit in a browser that is set up in some way; at the end nobody must have complained."""
    visits = []

    def begin(url=service, **options):
        context = browser.new_context(**{"reduced_motion": "reduce", "viewport": DESKTOP} | options)
        visit = Visit(context.new_page(), url)
        visits.append((context, visit))
        return visit

    yield begin
    for context, visit in visits:
        context.close()
        assert visit.foreign == []
        assert visit.complaints == []


DESKTOP = {"width": 1440, "height": 1000}


@pytest.fixture
def visit(visit_with):
    """A visit at a desk, the page open."""
    return visit_with().open()


@pytest.fixture
def hold(visit):
    """Hold back what is asked next under a path; return what lets it go on, once it is asked for."""

    def begin(path, do):
        held = []

        def keep(route):
            held.append(route)

        visit.page.route(path, keep, times=1)
        do()
        while not held:
            visit.page.wait_for_timeout(20)

        def release():
            held[0].continue_()
            visit.page.wait_for_timeout(300)

        return release

    return begin


@pytest.fixture(scope="session")
def strokes():
    """Each digit as a person drew it with a mouse: strokes of points, in percent of the pad's side."""
    return json.loads((HERE / "strokes.json").read_text())
