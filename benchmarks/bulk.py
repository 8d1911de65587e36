"""How much of a machine `digits classify-many` turns into answers: `make bench-bulk`.

It is held against a bare loop that opens each file with Pillow, brings it to the network's input and
multiplies, 64 at a time, and does nothing else: no check of what a file claims, no row, no journal. A second
loop decodes as the service does, so that what the checks cost and what the rows cost are told apart. All take
turns in one run, on one process and on two, after each was warmed up. The processor time of a file is that of
all processes together, which a neighbour on the machine changes less than files a second.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from types import TracebackType
from typing import NamedTuple, Self

import click
import numpy as np
import psutil
from PIL import Image

from service.artifacts import Repository
from service.artifacts.load import verified
from service.bulk import Cores, Job, classify_many, find
from service.classifier import Classifier
from service.cli.options import DATA
from service.imaging import Limits, Picture, decode, normalize
from service.imaging.decode import LARGEST
from service.network import FloatArray
from service.settings import shipped_artifacts
from service.training import mnist
from service.training.experiments.markdown import table
from service.training.mnist import Digits

__all__ = ["main"]

BATCH = 64
LIMITS = Limits()
WARM = 2 * BATCH  # files
SIDES = (28, 280)  # pixels
PROCESSES = (1, 2)
ROUNDS = 5


class Turn(NamedTuple):
    """One measurement, in seconds for each file: of processor time, and of the clock."""

    cpu: float
    wall: float


@click.command()
@DATA
@click.option("--files", "n_files", type=click.IntRange(min=1), default=4000, show_default=True)
@click.option("--model", default="wide", show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=ROUNDS, show_default=True)
def main(data: Path | None, n_files: int, model: str, rounds: int) -> None:
    """Measure on MNIST's test images as PNGs of 28×28 and, enlarged, of 280×280 pixels."""
    digits = mnist.read(data).test
    artifact = Repository(shipped_artifacts()).read().find(model)
    job = Job(artifact.content, Limits())
    rows = []
    for side in SIDES:
        with TemporaryDirectory() as folder:
            files = write(digits, side, n_files if side == SIDES[0] else n_files // 4, Path(folder))
            rows += [compare(files, job, n, rounds) for n in PROCESSES]
    head = (
        *("picture", "processes", "bare loop, µs CPU", "checked loop", "classify-many"),
        *("share of bare", "of checked", "files/s", "share of bare", "of checked"),
    )
    click.echo(table(head, rows))


def write(digits: Digits, side: int, n_files: int, folder: Path) -> list[Path]:
    """Write pictures: MNIST's own as they are, larger ones dark on white, in RGB."""
    paths = []
    for i, image in enumerate(digits.images[np.arange(n_files) % len(digits)]):
        grey = Image.fromarray((image.reshape(28, 28) * 255).round().astype(np.uint8))
        if side != grey.width:
            grey = Image.eval(grey, lambda ink: 255 - ink).resize((side, side), Image.Resampling.BICUBIC)
        paths.append(folder / f"{i:05}.png")
        (grey if side == 28 else grey.convert("RGB")).save(paths[-1])  # noqa: PLR2004  # pixels
    return paths


def compare(files: Sequence[Path], job: Job, n_processes: int, rounds: int) -> Sequence[str]:
    """Let all take turns, and write a row of what each file cost."""
    bare, checked = Loop(pixels, job, n_processes), Loop(checked_pixels, job, n_processes)
    with bare, checked, Bulk(job, n_processes) as bulk:
        ways = (bare, checked, bulk)
        for way in ways:
            way.read(files[:WARM])
        turns = [[way.read(files) for way in ways] for _ in range(rounds)]
    of_bare, of_checked, ours = (
        Turn(*(median(turn[of] for turn in each) / len(files) for of in range(2)))
        for each in zip(*turns, strict=True)
    )
    with Image.open(files[0]) as image:
        kind = f"{image.width}×{image.height} {image.mode}"
    return (
        kind,
        str(n_processes),
        *(f"{1e6 * turn.cpu:.0f}" for turn in (of_bare, of_checked, ours)),
        *(f"{loop.cpu / ours.cpu:.2f}" for loop in (of_bare, of_checked)),
        f"{1 / ours.wall:.0f}",
        *(f"{loop.wall / ours.wall:.2f}" for loop in (of_bare, of_checked)),
    )


class Loop:
    """Processes that each run a bare loop over their share of the files."""

    def __init__(self, look: Callable[[Path], FloatArray], job: Job, n_processes: int) -> None:
        self._look = look
        self._n = n_processes
        self._pool = ProcessPoolExecutor(n_processes, get_context("spawn"), _begin, (job.artifact,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def read(self, files: Sequence[Path]) -> Turn:
        """Go through the files once, and throw the answers away."""
        started = perf_counter()
        shares = (files[i :: self._n] for i in range(self._n))
        cpu = sum(self._pool.map(_run, repeat(self._look), shares))
        return Turn(cpu, perf_counter() - started)


HERE: list[Classifier] = []


def _begin(artifact: bytes) -> None:
    HERE.append(Classifier.of(verified(artifact)))


def _run(look: Callable[[Path], FloatArray], files: Sequence[Path]) -> float:
    started = process_time()
    for at in range(0, len(files), BATCH):
        HERE[0].activations(np.stack([look(file) for file in files[at : at + BATCH]]))
    return process_time() - started


def pixels(file: Path) -> FloatArray:
    """Bring a picture to the network's input, trusting it: (784,)."""
    with Image.open(file) as image:
        grey = image.convert("L")
    factor = -(-max(grey.size) // LARGEST)
    small = grey.reduce(factor) if factor > 1 else grey
    return normalize(Picture(np.asarray(small, np.float32) / 255, grey.size, image.mode)).pixels


def checked_pixels(file: Path) -> FloatArray:
    """Bring a picture to the network's input as the service does, trusting nothing: (784,)."""
    return normalize(decode(file.read_bytes(), LIMITS)).pixels


class Bulk:
    """classify-many with its processes running, from the names of files to the rows on disk."""

    def __init__(self, job: Job, n_processes: int) -> None:
        self._job = job
        self._cores = Cores(job, n_processes)

    def __enter__(self) -> Self:
        self._cores.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cores.__exit__(kind, error, traceback)

    def read(self, files: Sequence[Path]) -> Turn:
        """Answer the files once."""
        with TemporaryDirectory() as folder:
            listed = Path(folder) / "files.txt"
            listed.write_text("".join(f"{file}\n" for file in files))
            cpu, started = _cpu(), perf_counter()
            classify_many(find([str(listed)]), Path(folder) / "results.jsonl", self._job, self._cores)
            return Turn(_cpu() - cpu, perf_counter() - started)


def _cpu() -> float:
    """Return the processor seconds of this process and of all that it started and that still run."""
    processes = (psutil.Process(), *psutil.Process().children(recursive=True))
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


if __name__ == "__main__":
    main()
