"""What is read of a request that is turned away unread."""

import pytest

from service.web.admission import PEEK_BYTES
from service.web.refusal import asked_in

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def test_the_blanks_around_an_id_and_a_trace_are_no_part_of_them():
    asked = asked_in(
        b"GET / HTTP/1.1\r\nX-Request-ID:\t mine \t\r\n"
        b"Traceparent:00-%s-b7ad6b7169203331-01 \r\n\r\n" % TRACE_ID.encode()
    )
    assert (asked.method, asked.id) == ("GET", "mine")
    assert asked.trace is not None
    assert asked.trace.trace_id == TRACE_ID


def test_of_an_id_that_came_twice_neither_is_taken():
    asked = asked_in(b"GET / HTTP/1.1\r\nX-Request-ID: one\r\nX-Request-ID: two\r\n\r\n")
    assert asked.id not in {"one", "two"}


@pytest.mark.timeout(20)  # the loop waits meanwhile; a search that looks at each blank anew takes a minute
def test_an_id_with_as_many_blanks_in_it_as_one_looks_at_is_soon_read():
    sent = b"GET / HTTP/1.1\r\nX-Request-ID: a" + PEEK_BYTES * b" " + b"b\r\n\r\n"
    assert asked_in(sent).id != "a"
