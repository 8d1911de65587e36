"""The targets of the fuzzer, a little of them in every run: seeds, and seeds that Hypothesis has changed."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.targets import SEEDS, TARGETS, seeds  # the repository's root is no package's place

SMALL = {name: [seed for seed in make() if len(seed) < 20_000] for name, make in SEEDS.items()}


@st.composite
def changed(draw, begin):
    """One seed with bytes replaced, put in, taken out and repeated."""
    content = bytearray(draw(st.sampled_from(begin)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(start + draw(st.integers(0, 12)), len(content))
        content[start:end] = draw(
            st.one_of(
                st.binary(max_size=8), st.sampled_from([bytes(4), b"\xff" * 4, bytes(content[start:end]) * 2])
            )
        )
    return bytes(content)


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_is_read_or_refused(target):
    for seed in SEEDS[target]():
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changed_seeds_are_read_or_refused(target, data):
    TARGETS[target](data.draw(changed(SMALL[target])))


def test_seeds_are_written_for_the_fuzzer(tmp_path):
    folder = seeds("artifact", tmp_path / "begin")

    assert [file.read_bytes() for file in sorted(folder.iterdir())] == SEEDS["artifact"]()
