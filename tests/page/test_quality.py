"""The page is accessible, safe, light and steady."""

import gzip
from pathlib import Path

import playwright.sync_api as playwright
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

STATIC = Path(__file__).parents[2] / "service" / "web" / "static"
THREE = Path(__file__).parents[2] / "examples" / "three.png"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 1000}
MEASURE_SHIFTS = """
    window.shift = 0;
    const unprompted = (entry) => !entry.hadRecentInput;
    const add = (list) => list.getEntries().filter(unprompted).forEach((entry) => { shift += entry.value; });
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
"""
STATES = {
    "blank": lambda visit: visit.wait(),
    "digit": lambda visit: visit.act(lambda: visit.press("3")),
    "noise": lambda visit: visit.act(lambda: visit.page.click("#learn button[data-do=noise]")),
    "four-pixel": lambda visit: visit.act(lambda: visit.page.select_option("#model", "four-pixel")),
}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit_with, theme, viewport):
    visit = visit_with(color_scheme=theme, viewport=viewport).open()
    found = {}
    for name, reach in STATES.items():
        reach(visit)
        visit.page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        visit.page.wait_for_selector("#confusion table")
        visit.photograph(f"{name}-{theme}-{viewport['width']}")
        results = Axe().run(visit.page)
        found[name] = [
            (rule["id"], [node["html"][:120] for node in rule["nodes"]])
            for rule in results.response["violations"]
        ]
    assert not any(found.values()), found


def test_axe_would_find_something(visit):
    """The test above can fail."""
    visit.page.evaluate("document.body.append(document.createElement('button'))")
    assert Axe().run(visit.page).violations_count > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_of_keys_is_accessible_too(visit_with, theme):
    visit = visit_with(color_scheme=theme).open()
    visit.press("?")
    assert Axe().run(visit.page).violations_count == 0


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_while_one_draws(visit_with, strokes, viewport):
    visit = visit_with(viewport=viewport)
    visit.page.add_init_script(MEASURE_SHIFTS)
    visit.open().draw(strokes["3"])
    visit.act(lambda: visit.page.click("#noise"))
    visit.act(lambda: visit.page.click("#clear"))
    assert visit.page.evaluate("shift") < 0.05  # half of what counts as good


def test_no_part_is_wider_than_a_phone(visit_with):
    visit = visit_with(viewport=PHONE).open()
    visit.page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    visit.page.wait_for_selector("#confusion table")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_what_a_finger_must_hit_is_large_enough(visit_with):
    visit = visit_with(viewport=PHONE, has_touch=True).open()
    boxes = {}
    controls = "main button:visible, select:visible, #draw label.button, input[type=range]:visible"
    for control in visit.page.locator(controls).all():
        boxes[control.get_attribute("id") or control.inner_text()[:30]] = control.bounding_box()
    small = {name: box for name, box in boxes.items() if min(box["width"], box["height"]) < 44}
    assert len(boxes) > 20
    assert small == {}


@pytest.mark.parametrize("beside", ["", "video"])
def test_the_answer_of_a_phone_hides_no_control_that_has_the_focus(visit_with, beside):
    visit = visit_with(viewport=PHONE).open()
    visit.page.select_option("#compare", beside)
    visit.wait()
    hidden = []
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        where = visit.page.evaluate(
            """() => {
                const held = document.activeElement, bar = document.querySelector(".answers");
                const under = held.getBoundingClientRect().bottom - bar.getBoundingClientRect().top;
                return [held.id || held.textContent, held === document.body ? 0 : under];
            }"""
        )
        if where[1] > 0:
            hidden.append(where)
    assert hidden == []


def test_in_a_low_window_the_answer_leaves_room_for_the_rest(visit_with):
    visit = visit_with(viewport={"width": 320, "height": 256}).open()
    assert visit.page.evaluate("getComputedStyle(document.querySelector('.answers')).position") == "static"


def test_the_smallest_phone_scrolls_down_only(visit_with):
    visit = visit_with(viewport={"width": 320, "height": 568}).open()
    for model in ("plain", "four-pixel"):
        visit.act(lambda model=model: visit.page.select_option("#model", model))
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_a_colour_tells_is_seen_in_forced_colours_too(visit_with):
    visit = visit_with(forced_colors="active").open()
    visit.act(lambda: visit.press("3"))
    visit.page.wait_for_function(
        "document.getElementById('weights').getAttribute('aria-label') !== 'Weights'"
    )
    seen = visit.page.evaluate(
        """() => {
            const canvas = document.getElementById("weights"), { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            const style = (id, before) => getComputedStyle(document.querySelector(id), before);
            const colour = (id, before) => style(id, before).backgroundColor;
            return {
                weights: new Set(new Uint32Array(data.buffer)).size,
                legend: [".pos", ".neg", ".zero"].map((id) => colour(id, "::before")),
                tools: ["#pen", "#eraser"].map((id) => colour(id)),
                answers: ["#answer strong", ".card"].map((id, i) => colour(id, i ? undefined : "::before")),
            };
        }"""
    )
    visit.photograph("forced")
    assert seen.pop("weights") > 10
    assert {name: len(set(colours)) for name, colours in seen.items()} == {
        "legend": 3,
        "tools": 2,
        "answers": 2,
    }


def test_the_page_and_its_first_data_are_light(visit_with):
    visit = visit_with()
    sizes = {}
    visit.page.on(
        "requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]})
    )
    visit.open()
    assert sum(len(gzip.compress(file.read_bytes())) for file in STATIC.glob("page.*")) < 30_000
    assert sum(sizes.values()) < 200_000


def test_without_javascript_a_form_answers(visit_with):
    visit = visit_with(java_script_enabled=False)
    visit.page.goto(visit.url)
    visit.page.set_input_files("form[action=read] input", THREE)
    visit.page.click("form[action=read] button")
    assert visit.page.inner_text("h1") == "3"


def test_a_service_with_keys_asks_for_one(service_with_key, visit_with):  # the visit ends before it
    visit = visit_with(url=service_with_key)
    visit.page.goto(visit.url)
    visit.page.fill("#key-text", "s3cret")
    assert visit.page.locator("#draw").get_attribute("inert") is not None  # there is no network yet
    visit.page.click("#key button")
    visit.wait().act(lambda: visit.press("5"))
    assert visit.answer == "5"
    visit.forgive("status of 401")  # what the browser itself notes of the first try


@pytest.mark.parametrize("status", [429, 503])  # of a proxy, of the service
def test_a_busy_service_is_asked_again_when_it_says(visit, status):
    replies = [{"status": status, "headers": {"Retry-After": "1"}, "json": {"detail": "busy"}}] * 2
    visit.page.route(
        "**/v1/classify*", lambda route: route.fulfill(**replies.pop()) if replies else route.continue_()
    )
    visit.act(lambda: visit.press("3"))
    assert visit.answer == "3"
    assert not replies
    visit.forgive(f"status of {status}")  # what the browser itself notes of each


def test_a_service_that_is_gone_is_told_so(visit):
    visit.page.route("**/v1/classify*", lambda route: route.abort())
    visit.act(lambda: visit.press("3"))
    assert visit.state == "failed"
    assert visit.page.inner_text("#answer span") == "The service does not answer."
    visit.forgive("ERR_FAILED")


def test_nothing_of_another_host_is_loaded(visit):
    visit.page.evaluate(
        "document.body.append(Object.assign(new Image(), { src: 'https://example.org/a.png' }))"
    )
    visit.forgive("violates the following Content Security Policy directive")
    visit.foreign.clear()  # asked for, and blocked


def test_text_never_becomes_a_script(visit):
    with pytest.raises(playwright.Error, match="Trusted"):
        visit.page.evaluate("document.body.innerHTML = '<b>hello</b>'")

    visit.forgive("Trusted")


@pytest.mark.parametrize("width", [320, 390])
def test_the_words_of_the_answer_stay_in_their_box(visit_with, tmp_path, width):
    visit = visit_with(viewport={"width": width, "height": 700}).open()
    bars = Image.new("L", (300, 200), 255)
    for left in (60, 140, 220):
        bars.paste(0, (left, 30, left + 14, 170))
    bars.save(tmp_path / "bars.png")
    visit.act(lambda: visit.page.set_input_files("#upload", tmp_path / "bars.png"))
    visit.act(lambda: visit.page.select_option("#compare", "video"))
    assert "more than one thing" in visit.page.inner_text("#answer-beside")
    runs_over = """() => [...document.querySelectorAll(".answer")].map((box) => {
        const [words, frame] = [box.querySelector("span"), box].map((part) => part.getBoundingClientRect());
        return Math.max(frame.top - words.top, words.bottom - frame.bottom);
    })"""
    assert max(visit.page.evaluate(runs_over)) <= 0


def test_an_answer_too_long_for_a_phone_is_cut_at_its_box_and_can_be_scrolled(visit_with):
    visit = visit_with(viewport=PHONE).open()
    detail = {"status": 404, "json": {"detail": "there is no such model; " * 20}}
    visit.page.route("**/v1/classify*", lambda route: route.fulfill(**detail), times=1)
    visit.act(lambda: visit.press("3"))
    visit.forgive("status of 404")
    seen = visit.page.evaluate(
        """() => {
            const box = document.querySelector(".answer"), words = box.querySelector("span");
            const hidden = () => words.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom;
            const before = hidden();
            box.scrollTop = 10_000;
            return [before > 0, hidden() > 0, words.getBoundingClientRect().height > box.clientHeight];
        }"""
    )
    assert seen == [True, False, True]
