"""Request ids: the client's own, or 26 characters that sort by time."""

import time

import pytest

from service.web.ids import accept_id, new_id


@pytest.mark.parametrize("sent", ["a", "01JD", "x" * 128, "A-b_c.9"])
def test_a_clients_own_id_is_kept(sent):
    assert accept_id(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "x" * 129, "a b", "a\n", "é", "a/b", "<script>"])
def test_what_is_not_fit_to_be_logged_is_replaced(sent):
    assert accept_id(sent) != sent
    assert len(accept_id(sent)) == 26


def test_an_id_begins_with_the_time_as_ulids_do():
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    before = time.time_ns() // 1_000_000
    head = new_id()[:10]
    milliseconds = sum(alphabet.index(letter) * 32**place for place, letter in enumerate(reversed(head)))
    assert before <= milliseconds <= time.time_ns() // 1_000_000


def test_later_ids_sort_behind_earlier_ones(monkeypatch):
    clock = iter(range(10**18, 2 * 10**18, 10**15))
    monkeypatch.setattr("service.web.ids.time.time_ns", lambda: next(clock))
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(ids)


def test_ids_of_one_millisecond_differ():
    assert len({new_id() for _ in range(1000)}) == 1000
