"""Networks of which the shipped ones are no example: the page shows each, and tells no untruth."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def visit(visit_with, workshop):
    return visit_with(url=workshop).open()


def test_each_contribution_in_a_deep_network_is_one_line(visit):
    visit.act(lambda: visit.page.select_option("#model", "deep"))
    visit.act(lambda: visit.press("3"))
    visit.page.wait_for_selector("#picture line:nth-of-type(60)", state="attached")
    visit.page.wait_for_timeout(300)
    ends = visit.page.evaluate(
        """() => [...document.querySelectorAll("#picture line:not(.chosen)")].map((line) =>
            ["x1", "y1", "x2", "y2"].map((end) => line.getAttribute(end)).join())"""
    )
    assert len(set(ends)) == len(ends)


def test_a_network_of_which_nothing_was_measured_is_read_and_replayed(visit):
    visit.act(lambda: visit.page.select_option("#model", "bare"))
    visit.act(lambda: visit.press("3"))
    expect(visit.page.locator("#operating")).to_have_text("Nothing was measured for this network.")
    visit.act(lambda: visit.page.locator("#moment").fill("0"))
    assert visit.page.inner_text("#moment-told") == "epoch 0: weights at random"
    visit.act(lambda: visit.page.locator("#moment").fill("1"))
    assert visit.page.inner_text("#moment-told") == "epoch 5"


def test_a_measurement_without_a_curve_is_no_fault(visit):
    visit.act(lambda: visit.page.select_option("#model", "uncurved"))
    expect(visit.page.locator("#operating")).to_have_text("Nothing was measured for this network.")


def test_the_strongest_output_is_the_largest_and_not_the_most_negative(visit):
    visit.act(lambda: visit.page.select_option("#model", "negative"))
    visit.act(lambda: visit.press("3"))
    activations = visit.reply["activations"]
    first, second = sorted(activations, reverse=True)[:2]
    assert max(activations, key=abs) < 0
    assert f"strongest is {activations.index(first)} at" in visit.page.inner_text("#answer")
    assert f"next {activations.index(second)} at" in visit.page.inner_text("#answer")


def test_what_is_barely_too_weak_is_not_told_as_if_it_had_reached_the_threshold(visit):
    visit.act(lambda: visit.press("8"))

    def weaken(route):
        reply = route.fetch().json()
        reply["activations"] = [0.8197 if i == 8 else 0.1 for i in range(10)]
        route.fulfill(json=reply | {"rejected": True, "reason": "weak", "digit": None, "reject_below": 0.82})

    visit.page.route("**/v1/classify*", weaken, times=1)
    visit.act(lambda: visit.press("8"))
    assert "No neuron reached 0.8200: the strongest is 8 at 0.8197" in visit.page.inner_text("#answer")
