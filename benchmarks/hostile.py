"""What hostile pictures cost, and what honest ones do beside Pillow's own decode of the same file.

Run it from the repository, on Linux::

    python -m benchmarks.hostile

Every limit is printed with its figure; the exit status is 1 where one is not met. Times are CPU of this
process, the least of several runs. Memory is how far the resident set rises above where it was, measured in a
process of its own for each file.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import click
from PIL import Image

from benchmarks.uploads import MODES, photo, refused
from service.errors import ImageError
from service.imaging import Limits, Picture, decode, normalize

__all__ = ["main"]

LARGEST = 4096  # pixels a side
SURPLUS_BYTES = 16 << 20  # that a refused file may take beyond an accepted one
DECODED_SHARE = 1.5  # of its decoded pixels, the most memory that the largest accepted file takes
BYTES_A_PIXEL = {"L": 1, "RGB": 4, "RGBA": 4, "P": 1, "I;16": 2, "1": 1}  # as Pillow holds them
PILLOW_SHARE = 1.6  # of Pillow's own decode, at 4000×3000 pixels
PIPELINE_MS = 1.0  # beyond decoding, up to 560 pixels a side
EXACT_MS = 0.060  # the same for an exact 28×28 image
NOISE_MS = 0.1  # by which times differ from run to run where both are next to nothing

LIMITS = Limits()


class Check(NamedTuple):
    """One limit, the figure it is held against, and whether that keeps it."""

    limit: str
    figure: str
    kept: bool


def main() -> int:
    """Print the tables and every limit; return 0 where all of them are kept."""
    checks = [*_refusals(), *_largest(), *_costs()]
    click.echo(f"\n{len(checks)} limits, {sum(not check.kept for check in checks)} of them not kept")
    for check in checks:
        if not check.kept:
            click.echo(f"NOT KEPT  {check.limit}: {check.figure}")
    return 0 if all(check.kept for check in checks) else 1


def _refusals() -> Iterator[Check]:
    click.echo(f"{'refused':44}{'CPU ms':>9}{'accepted':>10}{'MiB':>8}{'accepted':>10}")
    for name, content, accepted in refused(LARGEST):
        cost, memory = _cpu_ms(lambda c=content: _refuse(c), 3), _peak(content)
        honest = 0.0 if accepted is None else _cpu_ms(lambda a=accepted: decode(a, LIMITS), 3)
        room = 0 if accepted is None else _peak(accepted)
        click.echo(f"{name:44}{cost:9.2f}{honest:10.2f}{memory / 2**20:8.1f}{room / 2**20:10.1f}")
        yield Check(
            f"CPU of '{name}'", f"{cost:.2f} ms against {honest:.2f}", cost <= 1.1 * honest + NOISE_MS
        )
        yield Check(
            f"memory of '{name}'", f"{memory:,} bytes against {room:,}", memory <= room + SURPLUS_BYTES
        )


def _largest() -> Iterator[Check]:
    click.echo(f"\n{'largest accepted, 4096×4096':44}{'MiB':>9}{'decoded':>10}{'ratio':>8}")
    for mode in MODES:
        memory, decoded = _peak(photo(LARGEST, LARGEST, mode)), BYTES_A_PIXEL[mode] * LARGEST**2
        ratio = memory / decoded
        click.echo(f"{mode:44}{memory / 2**20:9.1f}{decoded / 2**20:10.1f}{ratio:8.2f}")
        yield Check(f"memory of the largest {mode}", f"{ratio:.2f} times its pixels", ratio <= DECODED_SHARE)


def _costs() -> Iterator[Check]:
    click.echo(
        f"\n{'accepted, CPU ms':28}{'Pillow':>9}{'check, decode':>15}{'pipeline':>10}{'all/Pillow':>12}"
    )
    for width, height, mode in _pictures():
        png = photo(width, height, mode)
        n_runs = 5 if width > 1000 else 300  # noqa: PLR2004  # pixels a side
        picture = decode(png, LIMITS)
        theirs = _cpu_ms(lambda p=png: _pillow(p), n_runs)
        ours = _cpu_ms(lambda p=png: decode(p, LIMITS), n_runs)
        beyond = _cpu_ms(lambda p=picture: normalize(p), min(n_runs, 100) if width <= 1000 else 20)  # noqa: PLR2004
        ratio = (ours + beyond) / theirs
        name = f"{width}×{height} {mode}"
        click.echo(f"{name:28}{theirs:9.3f}{ours:15.3f}{beyond:10.3f}{ratio:12.2f}")
        yield from _held_against(name, width, beyond, ratio, picture)


def _pictures() -> Iterator[tuple[int, int, str]]:
    yield 28, 28, "L"
    yield 280, 280, "RGB"
    yield 560, 560, "RGB"
    yield 560, 560, "RGBA"
    for mode in MODES:
        yield 4000, 3000, mode


def _held_against(name: str, width: int, beyond: float, ratio: float, picture: Picture) -> Iterator[Check]:
    if width <= 560:  # noqa: PLR2004  # pixels a side
        most = PIPELINE_MS
        yield Check(f"pipeline of {name}", f"{beyond:.3f} ms", beyond <= most)
    else:
        yield Check(f"all of {name}", f"{ratio:.2f} times Pillow", ratio <= PILLOW_SHARE)
    if picture.grey.shape == (28, 28):
        exact = _exact()
        beyond = _cpu_ms(lambda: normalize(exact), 1000)
        click.echo(f"{'28×28 exact':28}{'':24}{beyond:10.3f}")
        yield Check("pipeline of an exact 28×28 image", f"{1000 * beyond:.1f} us", beyond <= EXACT_MS)


def _exact() -> Picture:
    """Return an image that MNIST itself could hold: light ink in the middle of a dark frame."""
    grey = Image.new("L", (28, 28))
    grey.paste(255, (10, 4, 18, 24))
    out = BytesIO()
    grey.save(out, "PNG")
    return decode(out.getvalue(), LIMITS)


def _refuse(content: bytes) -> None:
    try:
        decode(content, LIMITS)
    except ImageError:
        return
    raise AssertionError("a file that should be refused was read")


def _pillow(png: bytes) -> None:
    with Image.open(BytesIO(png)) as image:
        image.load()


def _cpu_ms(function: Callable[[], object], n_runs: int) -> float:
    """Return the CPU time of the fastest of so many runs, in milliseconds."""
    times = []
    for _ in range(n_runs):
        start = time.process_time_ns()
        function()
        times.append(time.process_time_ns() - start)
    return min(times) / 1e6


def _peak(content: bytes) -> int:
    """Return by how many bytes the resident set rises while a file is read or refused."""
    with get_context("spawn").Pool(1) as fresh:  # in which nothing is kept that was given back before
        return fresh.apply(_rise, [content])


def _rise(content: bytes) -> int:
    small = _exact()
    normalize(small)  # so that whatever is made once is there
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _resident_bytes("VmRSS")
    with suppress(ImageError):
        decode(content, LIMITS)
    return _resident_bytes("VmHWM") - before


def _resident_bytes(row: str) -> int:
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(rows[row].split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(main())
