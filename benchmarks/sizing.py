"""How many requests a core answers, and how much memory a worker takes: figures to size machines by.

It counts the processor time that the service spends, not the time that passes, so other work on the machine
changes little.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
PICTURES = ("three", "noise")
PNG = {"Content-Type": "image/png"}
WARM_UP = 200  # requests


@contextmanager
def served(workers: int) -> Iterator[str]:
    """Serve with so many workers, and yield the address."""
    command = [
        sys.executable,
        "-m",
        "service",
        "serve",
        "--port=0",
        f"--workers={workers}",
        "--drain-seconds=0",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        url = next(json.loads(line)["url"] for line in process.stdout or () if '"serving"' in line)
        try:
            yield url
        finally:
            process.terminate()
            process.communicate()


def sample(url: str, name: str) -> float:
    """Read one value that the service exports."""
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=60).text)
    (value,) = (s.value for family in families for s in family.samples if s.name == name)
    return value


def send(url: str, png: bytes, number: int) -> None:
    """Classify one picture so many times over one connection."""
    with requests.Session() as session:
        for _ in range(number):
            session.post(f"{url}/v1/classify", png, headers=PNG, timeout=60).raise_for_status()


def cpu_seconds(url: str, png: bytes, number: int) -> float:
    """Measure the processor time of one request, in seconds."""
    send(url, png, WARM_UP)
    before = sample(url, "process_cpu_seconds_total")
    send(url, png, number)
    return (sample(url, "process_cpu_seconds_total") - before) / number


def say(line: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="of each picture")
    number = parser.parse_args().requests
    with served(workers=1) as url:
        for name in PICTURES:
            seconds = cpu_seconds(url, (ROOT / "examples" / f"{name}.png").read_bytes(), number)
            say(f"examples/{name}.png: {seconds * 1e3:.2f} ms of a core, {1 / seconds:.0f} requests a second")
    memory = {}
    for workers in (1, 2, 4):
        with served(workers) as url:
            send(url, (ROOT / "examples" / "three.png").read_bytes(), WARM_UP * workers)
            memory[workers] = sample(url, "process_resident_memory_bytes") / 2**20
    further = (memory[4] - memory[1]) / 3
    say(f"memory: {memory[1]:.0f} MiB with one worker, {further:.0f} MiB for each further one")


if __name__ == "__main__":
    main()
