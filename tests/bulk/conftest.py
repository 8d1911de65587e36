"""What tests of bulk work share: pictures, a job of a small model, and one who does it in this process."""

import io
from concurrent.futures import Future

import numpy as np
import png
import pytest

from service.bulk.job import Job, Worker
from service.errors import ServiceError
from service.imaging import Format, Limits


def drawn(seed, side=28):
    """The bytes of a PNG with one stroke of ink, another for each seed; written without Pillow."""
    rng = np.random.default_rng(seed)
    grey = np.full((side, side), 255, np.uint8)
    left, top = rng.integers(side // 4, side // 2, 2)
    grey[top : top + side // 3, left : left + max(side // 9, 2)] = rng.integers(0, 90)
    file = io.BytesIO()
    png.Writer(side, side, greyscale=True).write(file, grey.tolist())
    return file.getvalue()


@pytest.fixture(scope="session")
def draw():
    """Draw a picture: its seed, and its side in pixels."""
    return drawn


@pytest.fixture
def folder(tmp_path):
    """Forty files named like pictures, in a folder and one below it, two of them damaged, and two others."""
    folder = tmp_path / "scans"
    (folder / "more").mkdir(parents=True)
    for i in range(38):
        (folder / ("more" if i % 3 else "") / f"{i:02}.png").write_bytes(drawn(i, 28 + i % 4))
    (folder / "98.png").write_bytes(b"GIF89a and no PNG")
    (folder / "99.PNG").write_bytes(drawn(0)[:60])
    (folder / "labels.csv").write_text("file,digit\n")
    (folder / ".hidden.png").write_bytes(drawn(1))
    return folder


@pytest.fixture
def job(artifact_folder):
    """Classify with the small model."""
    [artifact] = artifact_folder.glob("tiny/1.npz")
    return Job(artifact.read_bytes(), Limits(formats=frozenset(Format)))


class Here:
    """Answers in this process, at once."""

    broken = (KeyError,)  # which nothing in here raises but a test
    brings_bytes = False
    batch_items = 8
    capacity = 2

    def __init__(self, job):
        self.batches = []
        self._worker = Worker(job)

    def submit(self, items):
        self.batches.append(items)
        future = Future()
        try:
            future.set_result(self.answer(items))
        except self.broken as error:
            future.set_exception(error)
        return future

    def answer(self, items):
        return self._worker.answer(items)


@pytest.fixture
def here(job):
    """A crew that is this process."""
    return Here(job)


def outcomes(members, path):
    """What each member's name, without the archive's, is answered with: its content or what it raises."""
    found = {}
    for each in members(path):
        try:
            content = each.content()
        except ServiceError as error:
            content = error
        found[each.name.removeprefix(f"{path}/")] = content
    return found
