"""The page begins with little: a service that is away at first, a browser that keeps nothing, a key."""

import pytest
from playwright.sync_api import expect

DENY_STORAGE = """
    for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
    }
"""


def test_a_service_that_comes_late_is_asked_again(visit_with):
    visit = visit_with()
    visit.page.route("**/v1/models", lambda route: route.abort(), times=1)
    visit.page.goto(visit.url)
    visit.page.wait_for_selector(".answer[data-state=failed]")
    for name in ("#draw", "#request", "#model", ".threshold"):
        assert visit.page.locator(name).get_attribute("inert") is not None
    visit.page.select_option("#palette", "video")
    visit.page.keyboard.press("Control+z")
    visit.forgive("ERR_FAILED")  # and no fault of the page
    visit.wait().act(lambda: visit.press("3"))
    assert visit.answer == "3"
    assert visit.page.locator("[inert]").count() == 0


def test_a_browser_that_keeps_nothing_shows_the_page(visit_with):
    visit = visit_with()
    visit.page.add_init_script(DENY_STORAGE)
    visit.open().page.select_option("#theme", "dark")
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_what_cannot_be_a_key_is_refused_in_words_and_not_kept(service_with_key, visit_with):
    visit = visit_with(url=service_with_key)
    visit.page.goto(visit.url)
    visit.page.fill("#key-text", "ключ")
    visit.page.click("#key button")
    expect(visit.page.locator("#answer span")).to_have_text(
        "No key has such letters in it; copy it once more."
    )
    assert visit.page.evaluate("sessionStorage.getItem('key')") is None
    visit.forgive("status of 401")


def test_the_model_card_is_shown_where_a_key_is_needed(service_with_key, visit_with):
    visit = visit_with(url=service_with_key)
    visit.page.goto(visit.url)
    visit.page.fill("#key-text", "s3cret")
    visit.page.click("#key button")
    visit.wait()
    with visit.page.expect_popup() as opened:
        visit.page.click("#card")
    expect(opened.value.locator("body")).to_contain_text("wide")
    visit.forgive("status of 401")  # of the first try


@pytest.mark.parametrize("name", ["palette", "theme"])
def test_what_another_page_of_the_origin_keeps_is_no_choice(visit_with, name):
    visit = visit_with()
    visit.page.add_init_script(f"localStorage.setItem('{name}', 'solarized')")
    visit.open().act(lambda: visit.press("3"))
    assert visit.answer == "3"
    assert visit.page.input_value(f"#{name}") == {"palette": "blue-orange", "theme": ""}[name]


def test_what_another_page_of_the_origin_keeps_is_no_key(visit_with):
    visit = visit_with()
    visit.page.add_init_script("sessionStorage.setItem('key', 'ключ')")
    visit.open().act(lambda: visit.press("3"))
    assert visit.answer == "3"


def test_the_command_names_a_key_where_one_is_needed_and_does_not_tell_it(service_with_key, visit_with):
    visit = visit_with(url=service_with_key)
    visit.page.goto(visit.url)
    visit.page.fill("#key-text", "s3cret")
    visit.page.click("#key button")
    visit.wait()
    told = visit.page.inner_text("#curl")
    assert "X-API-Key: $SERVICE_KEY" in told
    assert "s3cret" not in told
    visit.forgive("status of 401")  # of the first try
