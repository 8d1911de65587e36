"""Ask a running service to read pictures, many in a request, and say what it makes of each.

Start the service with `digits serve`, then::

    python examples/classify.py http://127.0.0.1:8000 examples/*.png
"""

import sys
from pathlib import Path

from service.client import Answer, Client
from service.errors import ServiceError


def told(name: str, answer: Answer | ServiceError) -> str:
    """Say in a line what the service makes of one picture."""
    if isinstance(answer, ServiceError):
        return f"{name}: {answer}"
    if answer.rejected:
        return f"{name}: not a digit ({answer.reason})"
    return f"{name}: {answer.label}, its neuron at {answer.activations[answer.argmax]:.3f}"


def main(url: str, *files: str) -> None:
    """Print a line for each file, in their order."""
    with Client(url) as client:
        for name, answer in client.classify_batch(map(Path, files)):
            sys.stdout.write(f"{told(name, answer)}\n")


if __name__ == "__main__":
    if not sys.argv[2:]:
        sys.exit(f"usage: {sys.argv[0]} URL FILE...")
    try:
        main(*sys.argv[1:])
    except ServiceError as error:
        sys.exit(str(error))
