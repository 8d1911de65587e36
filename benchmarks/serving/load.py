"""Requests from wrk, which takes a tenth of what the fastest server here needs."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["Load", "Post", "load"]

SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "{content_type}"
file:close()
{further}
"""
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Post(NamedTuple):
    """What is sent, again and again."""

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


class Load(NamedTuple):
    """What wrk saw.

    Attributes:
        requests: that were answered.
        per_second: of them.
        p50: seconds.
        p99: seconds.
        failed: requests that were answered with another status than 2xx, or not at all.
    """

    requests: int
    per_second: float
    p50: float
    p99: float
    failed: int


def load(url: str, post: Post, folder: Path, *, connections: int, seconds: float, core: int) -> Load:
    """Send requests over so many connections, each its next as soon as the last is answered."""
    body, script = folder / "body", folder / "post.lua"
    body.write_bytes(post.body)
    further = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in post.headers)
    script.write_text(SCRIPT.format(body=body, content_type=post.content_type, further=further))
    command = ["taskset", "-c", str(core), "wrk", "--threads", "1", "--latency", "--script", str(script)]
    command += ["--connections", str(connections), "--duration", f"{seconds:g}s", "--timeout", "10s", url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return _read(told)


def _read(told: str) -> Load:
    number = re.search(r"(\d+) requests in", told)
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", told)
    failed = re.findall(r"(?:Non-2xx or 3xx responses:|connect|read|write|timeout) (\d+)", told)
    if number is None or per_second is None:
        raise ValueError(f"wrk said something else than expected: {told!r}")
    return Load(
        int(number[1]), float(per_second[1]), _after(told, "50%"), _after(told, "99%"), sum(map(int, failed))
    )


def _after(told: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)", told)
    return float(found[1]) * UNITS[found[2]] if found else 0.0
