"""The training can be replayed, and a wide network looked at."""

import json

import pytest
import requests
from playwright.sync_api import expect


@pytest.fixture
def visit(visit_with, workshop):
    visit = visit_with(url=workshop).open()
    visit.act(lambda: visit.press("3"))
    return visit


def shown_weight(visit):
    """The activation of the chosen neuron, which changes with its weights."""
    return visit.page.locator("#sum dd").nth(2).inner_text()


def test_the_slider_shows_the_network_as_it_was(visit):
    assert visit.answer == "3"
    assert visit.page.inner_text("#moment-told") == "as it is served"
    before = shown_weight(visit)
    visit.act(lambda: visit.page.locator("#moment").fill("0"))
    expect(visit.page.locator("#sum dd").nth(2)).not_to_have_text(before)
    assert visit.page.inner_text("#moment-told") == "epoch 0: weights at random"
    assert "/v1/models/plain/versions/1/history/0/classify?" in visit.page.inner_text("#curl")
    numbers = requests.get(f"{visit.url}/v1/models/plain/history/0/weights/0/0.json", timeout=30).json()
    z = float(json.loads(visit.page.text_content("#reply"))["hidden"][0]["z"].split()[0])
    summed, bias = (
        float(text.replace("−", "-")) for text in visit.page.locator("#sum dd").all_inner_texts()[:2]
    )
    assert bias == pytest.approx(numbers["bias"], abs=0.01)
    assert summed + bias == pytest.approx(z, abs=0.02)


def test_the_cost_of_each_moment_is_told(visit):
    curve = requests.get(f"{visit.url}/v1/models/plain", timeout=30).json()["curve"]
    cost = next(moment["cost"] for moment in curve if moment["epoch"] == 10)
    visit.act(lambda: visit.page.locator("#moment").fill("1"))
    assert f"epoch 10: cost {cost:.3f}" in visit.page.inner_text("#moment-told")


def test_replaying_ends_with_the_network_that_is_served(visit):
    visit.page.click("#learn button[data-do=replay]")
    told = visit.page.locator("#moment-told")
    expect(told).to_contain_text("epoch 0")
    expect(told).to_have_text("as it is served")
    assert visit.wait().answer == "3"


def test_a_network_without_a_history_has_no_slider(visit):
    visit.act(lambda: visit.page.select_option("#model", "video"))
    assert not visit.page.is_visible("#replay")


def test_wide_layers_are_heat_maps(visit):
    visit.act(lambda: visit.page.select_option("#model", "wide"))
    images = visit.page.locator("#picture image")
    assert images.count() == 3  # what it reads, and a map for each wide layer
    assert visit.page.locator("#picture circle.neuron").count() == 10
    images.nth(2).click()
    expect(visit.page.locator("#neuron-title")).to_contain_text("of layer 2")
    visit.page.wait_for_selector("#bars text:nth-of-type(16)")
    visit.photograph("wide")
