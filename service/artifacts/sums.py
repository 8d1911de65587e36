"""SHA256SUMS: what the artifacts of a folder must hash to, in the format of `sha256sum -c`."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from service.artifacts import disk
from service.errors import BadArtifactError

__all__ = ["SUMS_FILE", "checked", "read_sums", "write_sums"]

SUMS_FILE = "SHA256SUMS"
MAX_BYTES = 2**20
LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")


def checked(content: bytes, sha256: str | None) -> str:
    """Return the sha256 of a file's bytes, in hex, once it is the one expected, where one is.

    Raises:
        BadArtifactError: it is another one.
    """
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256.lower() != found:
        raise BadArtifactError(f"sha256 is {found}, not {sha256} as expected; copy the file anew")
    return found


def read_sums(folder: Path) -> dict[str, str]:
    """Return the sha256, in lower-case hex, of each file by its path in the folder; none without a list.

    Raises:
        BadArtifactError: a line is not one of sha256sum's, or a file has two sums.
    """
    path = folder / SUMS_FILE
    if not os.path.lexists(path):
        return {}
    with disk.named(path):
        return _parse(disk.read(path, MAX_BYTES, inside=folder))


def _parse(text: bytes) -> dict[str, str]:
    sums: dict[str, str] = {}
    for number, line in enumerate(text.decode(errors="replace").splitlines(), start=1):
        match = LINE.fullmatch(line)
        if match is None:
            raise BadArtifactError(
                f"line {number} is not a sum and a file; make it anew with `sha256sum */*.npz`"
            )
        sha256, file = match[1].lower(), match[2]
        if sums.setdefault(file, sha256) != sha256:
            raise BadArtifactError(f"line {number} gives {file[:100]!a} a second sum; remove the wrong one")
    return sums


def write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """List the files of a folder with their sums, sorted by path.

    Raises:
        BadArtifactError: the folder cannot be written to.
    """
    lines = (f"{sums[file]}  {file}\n" for file in sorted(sums))
    disk.write(folder / SUMS_FILE, "".join(lines).encode())
