"""What activations say, one image at a time and many at once."""

import numpy as np
import pytest

from service.verdict import Reason, accepted, decide, decide_all


def ten(**activations):
    """Ten activations, zero but for those named, as n3=0.9."""
    values = np.zeros(10, np.float32)
    for name, activation in activations.items():
        values[int(name[1:])] = activation
    return values


def test_the_digit_is_the_index_of_the_largest_activation():
    verdict = decide(ten(n3=0.9, n8=0.2), reject_below=0.5)
    assert (verdict.argmax, verdict.digit, verdict.rejected) == (3, 3, False)


def test_the_margin_is_the_largest_less_the_second_largest():
    assert decide(ten(n3=0.9, n8=0.25), reject_below=0.5).margin == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("activations", "seen", "reason"),
    [
        (ten(n3=0.49), {}, Reason.WEAK),
        (ten(n3=0.9, n8=0.5), {}, Reason.AMBIGUOUS),
        (ten(n3=0.9), {"blank": True}, Reason.BLANK),
        (ten(n3=0.9), {"several": True}, Reason.SEVERAL),
        (ten(), {"blank": True}, Reason.BLANK),
        (ten(n3=0.5), {}, None),
    ],
)
def test_a_picture_is_no_digit_for_one_reason(activations, seen, reason):
    assert decide(activations, reject_below=0.5, **seen).reason is reason


def test_a_rejected_picture_keeps_its_argmax_and_names_no_digit():
    verdict = decide(ten(n3=0.2), reject_below=0.5)
    assert (verdict.argmax, verdict.digit, verdict.rejected) == (3, None, True)


@pytest.mark.parametrize("seen", [{}, {"blank": True}, {"several": True}])
def test_a_threshold_of_zero_turns_every_rejection_off(seen):
    assert decide(ten(n7=0.01), reject_below=0, **seen).digit == 7


@pytest.mark.parametrize("reject_below", [0, 0.3, 0.5, 0.95])
def test_many_images_are_accepted_as_they_are_one_by_one(reject_below):
    rng = np.random.default_rng(2)
    activations = rng.random((200, 10), dtype=np.float32) ** 3
    activations[100:] = activations[100:].round(1)  # many of which equal a threshold
    expected = [not decide(row, reject_below).rejected for row in activations]
    assert accepted(activations, reject_below).tolist() == expected


@pytest.mark.parametrize("reject_below", [0, 0.3, 0.5, 1])
def test_many_images_are_judged_as_each_of_them_is(reject_below):
    rng = np.random.default_rng(4)
    activations = rng.random((200, 10), dtype=np.float32)
    activations[100:] = (activations[100:] ** 3).round(1)  # many of which equal a threshold
    blank, several = rng.random((2, 200)) < 0.2
    together = decide_all(activations, reject_below, blank=blank, several=several)
    assert len(together) == 200
    for i, verdict in enumerate(together):
        alone = decide(activations[i], reject_below, blank=bool(blank[i]), several=bool(several[i]))
        assert (verdict.argmax, verdict.reason, verdict.margin) == (alone.argmax, alone.reason, alone.margin)
        assert (verdict.activations == alone.activations).all()
        assert together.rejected[i] == alone.rejected
