"""Fuzz one target with atheris, which follows the branches that are taken in our code.

Run it in an environment that has atheris::

    python -m fuzz.run TARGET FOLDER [libFuzzer's own flags, as -max_total_time=60]

FOLDER keeps the inputs that reached something new, and the one that failed. What ends the run: an exception
that is not ours, 10 seconds for one input, or 1 GiB of memory.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["service"]):
    from fuzz.targets import TARGETS, seeds

__all__ = ["main"]

FLAGS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1")


def main(target: str, folder: Path, flags: list[str]) -> None:
    """Fuzz until a flag or a failure says otherwise."""
    found = folder / target
    found.mkdir(parents=True, exist_ok=True)
    begin = seeds(target, folder / f"{target}-seeds")
    prefix = f"-artifact_prefix={found}/failed-"
    atheris.Setup(["fuzz", *FLAGS, prefix, *flags, str(found), str(begin)], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
