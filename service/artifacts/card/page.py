"""The whole card: what the artifact is, what it is for, and the sections that other modules tell."""

from collections.abc import Iterator
from itertools import pairwise
from types import MappingProxyType

from service.artifacts.card.evaluation import limitations, measured
from service.artifacts.card.front import front_matter
from service.artifacts.card.markdown import plain
from service.artifacts.card.training import trained
from service.artifacts.card.usage import how_to_use
from service.artifacts.format import Metadata

__all__ = ["card"]

READS = MappingProxyType(
    {  # by preprocessing
        "mnist": "one handwritten digit framed as in MNIST, row by row, paper 0 and ink 1",
        "mnist-deskewed": "one handwritten digit framed as in MNIST and sheared upright, row by row, "
        "paper 0 and ink 1",
        "mnist-evened": "one handwritten digit framed as in MNIST, sheared upright and brought near the "
        "usual height and width, row by row, paper 0 and ink 1",
        "four-pixel": "the pixels of a camera that has no more, row by row, from −1 to 1",
    }
)


def card(metadata: Metadata, *, sha256: str, size_bytes: int) -> str:
    """Tell what an artifact is, how it came to be, how good it is and where it fails.

    Args:
        metadata: of the artifact.
        sha256: of its file, in hex.
        size_bytes: of its file.

    Returns:
        What Hugging Face reads: YAML between two lines of three dashes, then Markdown. A paragraph is one
        line, and no foreign word begins it: what others wrote stays words.
    """
    blocks = (
        front_matter(metadata),
        f"# {metadata.name}",
        f"**Version {plain(metadata.version)}.** {plain(metadata.description)}",
        _network(metadata),
        *_uses(metadata),
        *how_to_use(metadata),
        *trained(metadata),
        *measured(metadata),
        *limitations(metadata),
        *_file(metadata, sha256, size_bytes),
    )
    return "\n\n".join(blocks) + "\n"


def _network(metadata: Metadata) -> str:
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(metadata.sizes))
    sizes, squashes = "-".join(map(str, metadata.sizes)), ", ".join(metadata.activations)
    preprocessing = metadata.preprocessing.name
    reads = READS.get(preprocessing, f"what the preprocessing {plain(preprocessing)} makes")
    return (
        f"A feed-forward network, {sizes}, of {n_parameters:,} weights and biases; its layers squash by "
        f"{squashes}. It reads {metadata.sizes[0]:,} numbers: {reads}. It answers with {metadata.sizes[-1]} "
        f"activations: {', '.join(map(plain, metadata.labels))}. The largest is the answer where it alone "
        f"reaches {metadata.reject.threshold:g}; otherwise the input is rejected."
    )


def _uses(metadata: Metadata) -> Iterator[str]:
    subject = (
        "single handwritten digits, in pictures that the service frames as MNIST does"
        if metadata.preprocessing.name.startswith("mnist")
        else "inputs of the kind named above, and nothing else"
    )
    yield "## Intended use"
    yield (
        f"Reading {subject}; teaching, experiments and comparisons, where one wants to see every neuron "
        "of an answer."
    )
    yield "## Out-of-scope use"
    yield (
        "Decisions about people or money without a second look; several things in one picture; anything that "
        "the labels do not name. An activation is no probability: activations do not sum to one, and what is "
        "known of how far they are from the share of right answers is the calibration error."
    )


def _file(metadata: Metadata, sha256: str, size_bytes: int) -> Iterator[str]:
    yield "## File"
    yield (
        f"`{metadata.file}`, {size_bytes:,} bytes, sha256 `{sha256}`. Licence: "
        f"{plain(metadata.licence)}. Made by {plain(metadata.producer)}."
    )
