"""What examples/ shows is what happens."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from werkzeug.serving import make_server

from service.settings import Settings
from service.web.app import create_app

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NOTEBOOK = EXAMPLES / "layers.ipynb"


@pytest.fixture
def url():
    """The address of a service with the shipped models."""
    app = create_app(Settings(model="plain", log_level="error"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*command, **environment):
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_shell_example_shows_each_answer(url):
    pictures = ["examples/five.png", "examples/noise.png"]
    done = run("sh", EXAMPLES / "classify.sh", *(str(ROOT / each) for each in pictures), SERVICE_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line.partition(": ")[2]) for line in done.stdout.splitlines()]
    assert [each["digit"] for each in told] == [5, None]


def test_the_shell_example_shows_why_a_picture_is_refused(url):
    done = run("sh", EXAMPLES / "classify.sh", EXAMPLES / "draw.py", EXAMPLES / "five.png", SERVICE_URL=url)
    assert done.returncode == 1
    assert '"code":"not_a_png"' in done.stdout
    assert '"digit":5' in done.stdout


def test_the_python_example_says_what_each_picture_shows(url):
    files = [EXAMPLES / name for name in ("five.png", "noise.png", "draw.py", "three.png")]
    done = run(sys.executable, EXAMPLES / "classify.py", url, *map(str, files))
    assert (done.returncode, done.stderr) == (0, "")
    five, noise, text, three = done.stdout.splitlines()
    assert five.startswith("five.png: 5, its neuron at 0.9")
    assert noise.startswith("noise.png: not a digit (")
    assert text.startswith("draw.py: ")
    assert three.startswith("three.png: 3, ")


def test_the_python_example_says_when_nobody_answers():
    done = run(sys.executable, EXAMPLES / "classify.py", "http://127.0.0.1:9", EXAMPLES / "five.png")
    assert done.returncode == 1
    assert "is the service running there?" in done.stderr


@pytest.mark.parametrize("given", [[], ["http://127.0.0.1:9"]], ids=["nothing", "no picture"])
def test_the_python_example_says_how_it_is_called(given):
    done = run(sys.executable, EXAMPLES / "classify.py", *given)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"usage: {EXAMPLES / 'classify.py'} URL FILE...\n"


def test_the_notebook_shows_what_its_cells_print_and_draw(monkeypatch):
    monkeypatch.chdir(EXAMPLES)
    names = {}
    with plt.rc_context({"backend": "template"}):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            if cell["cell_type"] == "code":
                printed, n_figures = executed(cell, names)
                assert printed == stored(cell, "stream")
                assert n_figures == stored(cell, "display_data").count("figure")
    plt.close("all")


def executed(cell, names):
    """Run a cell; return what it prints, and how many figures it draws."""
    plt.close("all")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102  # our own cells
    return printed.getvalue(), len(plt.get_fignums())


def stored(cell, kind):
    """Return what a notebook shows below a cell: the text, or "figure" for each figure."""
    outputs = [output for output in cell["outputs"] if output["output_type"] == kind]
    return "".join("figure" if "data" in output else "".join(output["text"]) for output in outputs)


def test_the_notebook_is_small():
    assert NOTEBOOK.stat().st_size < 150_000
