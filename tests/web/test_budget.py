"""What one classification costs, counted in calls and not in time, so that every machine counts the same."""

import sys
from collections import Counter

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

BUDGET = 375  # calls of Python functions by one request; by Flask's way it was 620
HINT = """
POST /v1/classify calls {found} Python functions, and its budget is {budget}. Each costs about a microsecond
of every request. Look at the list below for what is new, and make it cheaper or leave it out; if it is worth
its time, raise the budget in tests/web/test_budget.py and say why in the commit.

{calls}"""


@pytest.fixture
def calls(client, png):
    """The Python functions that one request calls, in this process, and how often."""
    environ = EnvironBuilder("/v1/classify", method="POST", data=png, content_type="image/png").get_environ()
    counted = Counter()

    def count(frame, event, _):
        if event == "call":
            counted[f"{frame.f_code.co_filename.rpartition('/')[2]} {frame.f_code.co_name}"] += 1

    def ask():
        environ["wsgi.input"].seek(0)
        body, status, _ = run_wsgi_app(client.application.wsgi_app, environ)
        assert status == "200 OK"
        return b"".join(body)

    ask()  # whatever is made once is there now
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        ask()
    finally:
        sys.setprofile(before)
    return counted


def test_one_classification_stays_within_its_budget(calls):
    found = calls.total()
    listed = "\n".join(f"{n:4} {name}" for name, n in calls.most_common())
    assert found <= BUDGET, HINT.format(found=found, budget=BUDGET, calls=listed)


def test_the_budget_is_near_what_is_spent(calls):
    assert calls.total() > 0.75 * BUDGET, "much has become cheaper; lower the budget"
