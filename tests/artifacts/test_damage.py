"""Files that a disk or a wire has spoilt: no wrong number comes out of them."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.artifacts.load import verified
from service.errors import BadArtifactError

WEIGHTS = "layers/0/weights.npy"  # (3, 4)


@pytest.fixture(scope="session")
def refused_or_same(good_bytes, same):
    """Assert that damage is refused, or harmless: in a date, say, that nothing reads."""
    good = verified(good_bytes)

    def check(content):
        with contextlib.suppress(BadArtifactError):
            assert same(verified(content), good)

    return check


def test_a_file_cut_at_any_fiftieth_is_refused(written, good_bytes, refused):
    for fiftieth in range(50):
        refused(written(good_bytes[: len(good_bytes) * fiftieth // 50]), "truncated")


def test_one_flipped_bit_in_any_byte_is_refused_or_harmless(good_bytes, refused_or_same):
    bits = np.random.default_rng(0).integers(0, 8, len(good_bytes))
    for place, bit in enumerate(bits):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1 << int(bit)
        refused_or_same(bytes(flipped))


def test_one_flipped_bit_in_any_number_is_refused(good_bytes, members):
    start = good_bytes.index(members[WEIGHTS]) + 128
    for place in range(start, start + 48):
        flipped = bytearray(good_bytes)
        flipped[place] ^= 1
        with pytest.raises(BadArtifactError, match="CRC"):
            verified(bytes(flipped))


@settings(deadline=None)
@given(st.data())
def test_bytes_replaced_removed_or_added_anywhere_are_refused_or_harmless(good_bytes, refused_or_same, data):
    start = data.draw(st.integers(0, len(good_bytes)))
    length = data.draw(st.integers(0, 64))
    inserted = data.draw(st.binary(max_size=64))

    refused_or_same(good_bytes[:start] + inserted + good_bytes[start + length :])
