"""What one classification costs, counted in calls and not in time, so that every machine counts the same."""

import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.web.brief import read_brief
from service.web.heads import written

BUDGET = 375  # calls of Python functions by one request; by Flask's way it was 620
HEADS = 25  # calls to read a request's head and to write its answer's; gunicorn's take over a hundred
HINT = """
POST /v1/classify calls {found} Python functions, and its budget is {budget}. Each costs about a microsecond
of every request. Look at the list below for what is new, and make it cheaper or leave it out; if it is worth
its time, raise the budget in tests/web/test_budget.py and say why in the commit.

{calls}"""


@pytest.fixture
def calls(client, png):
    """The Python functions that one request calls, in this process, and how often."""
    environ = EnvironBuilder("/v1/classify", method="POST", data=png, content_type="image/png").get_environ()

    def ask():
        environ["wsgi.input"].seek(0)
        body, status, _ = run_wsgi_app(client.application.wsgi_app, environ)
        assert status == "200 OK"
        return b"".join(body)

    ask()  # whatever is made once is there now
    with counting() as counted:
        ask()
    return counted


@contextmanager
def counting():
    """Count the Python functions that are called meanwhile, by file and name."""
    counted, before = Counter(), sys.getprofile()

    def count(frame, event, _):
        if event == "call":
            counted[f"{frame.f_code.co_filename.rpartition('/')[2]} {frame.f_code.co_name}"] += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(before)


def test_one_classification_stays_within_its_budget(calls):
    found = calls.total()
    listed = "\n".join(f"{n:4} {name}" for name, n in calls.most_common())
    assert found <= BUDGET, HINT.format(found=found, budget=BUDGET, calls=listed)


def test_the_budget_is_near_what_is_spent(calls):
    assert calls.total() > 0.75 * BUDGET, "much has become cheaper; lower the budget"


def test_the_heads_of_a_request_and_its_answer_stay_within_theirs(png):
    sent = b"Host: a\r\nAccept: */*\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(png)
    request = b"POST /v1/classify HTTP/1.1\r\n" + sent + png
    fields = [("Content-Type", "application/json"), ("Content-Length", "2")]
    for _ in range(2):
        with counting() as counted:
            assert read_brief(request).variables
            written("200 OK", fields, b"{}", keep=True)
    assert 0.5 * HEADS < counted.total() <= HEADS, counted
