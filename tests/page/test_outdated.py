"""What is shown belongs together; what is old looks old."""

import re

import pytest
from playwright.sync_api import expect

from service.artifacts import load, save


def opacity(visit, selector):
    return float(visit.page.evaluate("s => getComputedStyle(document.querySelector(s)).opacity", selector))


def pixels(visit, canvas):
    return visit.page.evaluate("id => document.getElementById(id).toDataURL()", canvas)


def test_a_slow_service_is_waited_for_in_words_and_what_is_old_is_dimmed(visit, hold):
    visit.act(lambda: visit.press("3"))
    release = hold("**/v1/classify*", lambda: visit.press("Escape"))
    expect(visit.page.locator("#answer strong")).to_have_text("Waiting…")
    assert opacity(visit, "#outputs") < 1
    release()
    visit.wait()
    assert (visit.state, opacity(visit, "#outputs")) == ("none", 1)


def test_after_an_error_the_numbers_shown_are_marked_as_old(visit):
    visit.act(lambda: visit.press("3"))
    visit.page.route("**/v1/classify*", lambda route: route.abort(), times=1)
    visit.act(lambda: visit.press("4"))
    assert (visit.state, opacity(visit, "#picture") < 1) == ("failed", True)
    visit.act(lambda: visit.press("4"))
    assert (visit.answer, opacity(visit, "#picture")) == ("4", 1)
    visit.forgive("ERR_FAILED")


def test_the_steps_shown_are_those_of_the_answer_shown(visit, hold):
    visit.act(lambda: visit.press("3"))
    drawn = pixels(visit, "step-drawn")
    release = hold("**/v1/classify*", lambda: visit.press("1"))
    visit.page.click("#neuron-after")  # paints anew
    expect(visit.page.locator("#neuron-title")).to_have_text("Neuron 2 of layer 1")
    assert pixels(visit, "step-drawn") == drawn
    release()
    visit.wait()
    assert pixels(visit, "step-drawn") != drawn


def test_a_busy_service_does_not_say_how_long_the_page_sleeps(visit):
    busy = {"status": 503, "headers": {"Retry-After": "120"}, "json": {"detail": "busy"}}
    visit.page.route("**/v1/classify*", lambda route: route.fulfill(**busy), times=1)
    visit.act(lambda: visit.press("3"))  # gives up long before
    assert visit.answer == "3"
    visit.forgive("status of 503")


def test_each_of_two_networks_has_a_threshold_line_of_its_own(visit):
    visit.act(lambda: visit.page.select_option("#compare", "video"))
    at = visit.page.evaluate(
        """() => [...document.querySelector("#outputs tbody tr").querySelectorAll(".meter")].map(
            (meter) => Number(getComputedStyle(meter).getPropertyValue("--at")))"""
    )
    assert at == [visit.reply["reject_below"], pytest.approx(at[1])]
    assert at[0] != at[1]


def test_a_version_that_is_newly_served_is_shown_with_its_own_numbers(visit_with, workshop_models, workshop):
    visit = visit_with(url=workshop).open("/#model=video")
    visit.act(lambda: visit.press("3"))
    before = visit.page.inner_text("#sum")
    other = load(workshop_models / "plain" / "1.npz")
    newer = other.metadata.model_copy(update={"name": "video", "version": "2"})
    save(other.network, newer, workshop_models)
    while visit.reply["model_version"] != "2":
        visit.act(lambda: visit.press("3"))
    expect(visit.page.locator("#card")).to_have_attribute("href", re.compile("versions/2/card"))
    expect(visit.page.locator("#sum")).not_to_have_text(before)
