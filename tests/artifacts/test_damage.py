"""Files that a disk or a wire has spoilt: no wrong number comes out of them."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.artifacts.load import verified
from service.errors import BadArtifactError

WEIGHTS = "layers/0/weights.npy"  # (3, 4)


def same(artifact, other):
    layers = zip(artifact.network.layers, other.network.layers, strict=True)
    return artifact.metadata == other.metadata and all(
        np.array_equal(a.weights, b.weights)
        and np.array_equal(a.biases, b.biases)
        and a.activation is b.activation
        for a, b in layers
    )


def refused_or_same(content, good):
    """Damage is refused, or harmless: in a date, say, that nothing reads."""
    with contextlib.suppress(BadArtifactError):
        assert same(verified(content), good)


def test_a_file_cut_at_any_fiftieth_is_refused(written, good_bytes, refused):
    for fiftieth in range(50):
        refused(written(good_bytes[: len(good_bytes) * fiftieth // 50]), "truncated")


def test_one_flipped_bit_in_any_byte_is_refused_or_harmless(good_bytes):
    good = verified(good_bytes)
    bits = np.random.default_rng(0).integers(0, 8, len(good_bytes))
    for place, bit in enumerate(bits):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1 << int(bit)
        refused_or_same(bytes(flipped), good)


def test_one_flipped_bit_in_any_number_is_refused(good_bytes, members):
    start = good_bytes.index(members[WEIGHTS]) + 128
    for place in range(start, start + 48):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1
        with pytest.raises(BadArtifactError, match="CRC"):
            verified(bytes(flipped))


@settings(deadline=None)
@given(st.data())
def test_bytes_replaced_removed_or_added_anywhere_are_refused_or_harmless(good_bytes, data):
    good = verified(good_bytes)
    start = data.draw(st.integers(0, len(good_bytes)))
    length = data.draw(st.integers(0, 64))
    inserted = data.draw(st.binary(max_size=64))

    refused_or_same(good_bytes[:start] + inserted + good_bytes[start + length :], good)
