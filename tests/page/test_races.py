"""What comes late, or not at all, spoils nothing that came meanwhile."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

THREE = Path(__file__).parents[2] / "examples" / "three.png"


def choose(visit, name):
    visit.page.select_option("#model", name)


@pytest.mark.parametrize("late", ["**/v1/models/four-pixel", "**/four-pixel/versions/1/history"])
def test_of_two_models_the_one_chosen_last_stays(visit, hold, late):
    release = hold(late, lambda: choose(visit, "four-pixel"))
    visit.act(lambda: choose(visit, "video"))
    release()
    visit.act(lambda: visit.press("5"))
    assert visit.page.input_value("#model") == visit.reply["model"] == "video"
    assert visit.page.locator("#outputs tbody tr").count() == 10
    assert visit.answer == "5"


@pytest.mark.parametrize("missing", ["**/v1/models/four-pixel", "**/four-pixel/versions/1/history"])
def test_a_model_that_does_not_come_leaves_the_one_in_force(visit, missing):
    visit.page.route(missing, lambda route: route.abort())
    choose(visit, "four-pixel")
    visit.page.wait_for_selector(".answer[data-state=failed]")
    assert visit.page.inner_text("#answer span") == "The service does not answer."
    assert visit.page.input_value("#model") == "plain"
    visit.act(lambda: visit.press("7"))
    assert visit.answer == "7"
    visit.forgive("ERR_FAILED")


def test_a_fault_of_the_page_is_not_called_one_of_the_service(visit):
    visit.page.evaluate("() => { HTMLImageElement.prototype.decode = () => null.pixels; }")
    visit.act(lambda: visit.press("3"))
    assert visit.page.inner_text("#answer span").startswith("This page has a fault:")


def test_what_a_proxy_says_in_html_is_told_in_words(visit):
    visit.page.route(
        "**/v1/classify*", lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in</h1>")
    )
    visit.act(lambda: visit.press("3"))
    assert visit.page.inner_text("#answer span").startswith("What answers here is not the service")


def test_weights_that_did_not_come_are_asked_for_again(visit):
    visit.act(lambda: visit.press("3"))
    missing = "**/weights/0/4.json"
    visit.page.route(missing, lambda route: route.abort())  # each time: weights that come late ask for it too
    visit.page.fill("#index", "5")
    told = visit.page.locator("#neuron-told")
    expect(told).to_have_text("Some weights are missing. The service does not answer.")
    assert (visit.state, visit.answer) == ("digit", "3")
    visit.page.unroute(missing)
    visit.act(lambda: visit.press("7"))
    expect(visit.page.locator("#neuron-title")).to_have_text("Neuron 5 of layer 1")
    expect(told).to_have_text("")
    visit.forgive("ERR_FAILED")


def test_a_fold_shows_the_network_chosen_last(visit, hold):
    release = hold(re.compile(r"/plain/.*weights/0\.png"), lambda: visit.page.click("#grids-more summary"))
    visit.act(lambda: choose(visit, "wide"))
    grids = visit.page.locator("#grids-more img")
    expect(grids).to_have_attribute("alt", re.compile("of the (?!16 )"))
    wide = grids.get_attribute("alt")
    release()
    assert grids.get_attribute("alt") == wide


def test_an_upload_does_not_overtake_what_is_drawn_after_it(visit):
    visit.page.evaluate(
        """() => {
            const make = createImageBitmap, late = new Promise((done) => { window.release = done; });
            window.createImageBitmap = async (...what) => { await late; return make(...what); };
        }"""
    )
    visit.page.set_input_files("#upload", THREE)
    visit.act(lambda: visit.press("7"))
    visit.page.evaluate("release()")
    visit.page.wait_for_timeout(300)
    assert visit.wait().answer == "7"


def test_of_two_samples_only_the_newer_is_drawn(visit_with):
    visit = visit_with(reduced_motion="no-preference").open()
    places = visit.page.evaluate(
        """async () => {
            const pad = document.getElementById("pad"), context = pad.getContext("2d"), seen = [];
            const moveTo = context.moveTo;
            const key = (key) => pad.dispatchEvent(new KeyboardEvent("keydown", { key }));
            const pause = (ms) => new Promise((done) => setTimeout(done, ms));
            key("4");
            await pause(300);
            key("7");
            context.moveTo = (x, y) => { seen.push(x); moveTo.call(context, x, y); };
            await pause(1500);
            return [...new Set(seen)];
        }"""
    )
    assert len(places) == 1
    assert visit.wait().answer == "7"
