"""How much of a machine `digits classify-many` turns into answers: `make bench-bulk`.

It is held against a bare loop that opens each file with Pillow, brings it to the network's input and
multiplies, 64 at a time, and does nothing else: no check of what a file claims, no row, no journal. Both take
turns in one run, on one process and on two, after each was warmed up. The processor time of a file is that of
all processes together, which a neighbour on the machine hardly changes; files a second stand beside it.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
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
from service.imaging import Limits, Picture, normalize
from service.network import FloatArray
from service.settings.fields import shipped_artifacts
from service.training import mnist
from service.training.experiments.markdown import table
from service.training.mnist import Digits

__all__ = ["main"]

LARGEST = 192  # pixels a side that imaging computes with
BATCH = 64
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
    """Measure both ways on MNIST's test images as PNGs of 28×28 and, enlarged, of 280×280 pixels."""
    digits = mnist.read(data).test
    artifact = Repository(shipped_artifacts()).read().find(model)
    job = Job(artifact.content, Limits())
    rows = []
    for side in SIDES:
        with TemporaryDirectory() as folder:
            files = write(digits, side, n_files if side == SIDES[0] else n_files // 4, Path(folder))
            rows += [compare(files, job, n, rounds) for n in PROCESSES]
    head = ("picture", "processes", "loop, µs CPU", "ours, µs CPU", "share", "loop, files/s", "ours", "share")
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
    """Let both take turns, and write a row of what each file cost."""
    with Bare(job, n_processes) as bare, Bulk(job, n_processes) as bulk:
        for way in (bare, bulk):
            way.read(files[:WARM])
        turns = [(bare.read(files), bulk.read(files)) for _ in range(rounds)]
    loop, ours = (
        Turn(*(median(turn[of] for turn in each) / len(files) for of in range(2)))
        for each in zip(*turns, strict=True)
    )
    with Image.open(files[0]) as image:
        kind = f"{image.width}×{image.height} {image.mode}"
    return (
        kind,
        str(n_processes),
        f"{1e6 * loop.cpu:.0f}",
        f"{1e6 * ours.cpu:.0f}",
        f"{loop.cpu / ours.cpu:.2f}",
        f"{1 / loop.wall:.0f}",
        f"{1 / ours.wall:.0f}",
        f"{loop.wall / ours.wall:.2f}",
    )


class Bare:
    """Processes that run the bare loop, each over its share of the files."""

    def __init__(self, job: Job, n_processes: int) -> None:
        self._n = n_processes
        self._pool = ProcessPoolExecutor(n_processes, get_context("spawn"), _begin, (job.artifact,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def read(self, files: Sequence[Path]) -> Turn:
        """Go through the files once, and throw the answers away."""
        started = perf_counter()
        cpu = sum(self._pool.map(_bare_loop, (files[i :: self._n] for i in range(self._n))))
        return Turn(cpu, perf_counter() - started)


HERE: list[Classifier] = []


def _begin(artifact: bytes) -> None:
    HERE.append(Classifier.of(verified(artifact)))


def _bare_loop(files: Sequence[Path]) -> float:
    started = process_time()
    for at in range(0, len(files), BATCH):
        HERE[0].activations(np.stack([pixels(file) for file in files[at : at + BATCH]]))
    return process_time() - started


def pixels(file: Path) -> FloatArray:
    """Bring a picture to the network's input, trusting it: (784,)."""
    with Image.open(file) as image:
        grey = image.convert("L")
    factor = -(-max(grey.size) // LARGEST)
    small = grey.reduce(factor) if factor > 1 else grey
    return normalize(Picture(np.asarray(small, np.float32) / 255, grey.size, image.mode)).pixels


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
