"""MNIST from the mirrors that publish it, into a folder, once."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from service.errors import BadDataError
from service.release import DISTRIBUTION
from service.training.extras import needs

__all__ = ["SHA256", "download"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256: Mapping[str, str] = MappingProxyType(
    {  # of the published files, compressed
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    }
)


def download(
    folder: Path | None = None, *, mirrors: Sequence[str] = MIRRORS, sha256: Mapping[str, str] = SHA256
) -> Path:
    """Fetch the files that the folder lacks, with a progress bar on a terminal, and return the folder.

    Args:
        folder: None takes the user's cache.
        mirrors: where the files are published, tried in this order.
        sha256: what each file must hash to, in hex.

    Raises:
        BadDataError: no mirror sent a file; the message says what each did instead.
        ServiceError: the `train` extra is not installed.
    """
    pooch = needs("pooch")
    chosen = Path(pooch.os_cache(DISTRIBUTION)) / "mnist" if folder is None else folder
    for name in sha256:
        _fetch(name, chosen, mirrors, sha256[name])
    return chosen


def _fetch(name: str, folder: Path, mirrors: Sequence[str], sha256: str) -> None:
    pooch = needs("pooch")
    pooch.get_logger().setLevel("ERROR")
    bar = sys.stderr.isatty() and bool(needs("tqdm"))
    downloader = pooch.HTTPDownloader(progressbar=bar, timeout=30)  # seconds without a byte
    failures = []
    for mirror in mirrors:
        try:
            pooch.retrieve(mirror + name, sha256, fname=name, path=folder, downloader=downloader)
        except (OSError, ValueError) as error:  # of requests and the disk; of pooch, another sha256
            failures.append(f"{mirror}: {_reason(error)}")
        else:
            return
    raise BadDataError(
        f"{name} could not be downloaded ({'; '.join(failures)}); fetch the four MNIST files by other means "
        "and name their folder with --data"
    )


def _reason(error: OSError | ValueError) -> str:
    """Say in a few words why a mirror did not serve."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered {response.status_code}"
    if isinstance(error, OSError):
        return f"failed with {type(error).__name__}"
    return "sent a file with another sha256"
