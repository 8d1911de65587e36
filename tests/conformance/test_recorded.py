"""What the plain tests replay is what the clients send today."""

import pytest
import record

TODAY = record.record()


@pytest.mark.parametrize("name", TODAY)
def test_a_recording_is_what_the_client_sends(name):
    assert TODAY[name] == (record.RECORDED / f"{name}.http").read_bytes()


def test_nothing_else_is_recorded():
    assert {path.stem for path in record.RECORDED.iterdir()} == set(TODAY)
