"""Drawing on the page gives the answers that a person expects."""

import pytest


@pytest.mark.parametrize("digit", "0123456789")
def test_a_drawn_digit_is_read(visit, strokes, digit):
    visit.draw(strokes[digit])
    assert (visit.state, visit.answer) == ("digit", digit)


@pytest.mark.parametrize(("scale", "left", "top"), [(0.35, 0, 0), (0.35, 65, 62), (0.2, 10, 70)])
def test_a_small_digit_in_a_corner_is_brought_to_the_middle(visit, strokes, scale, left, top):
    visit.page.locator("#size").fill("8")
    visit.draw(strokes["3"], scale, left, top)
    assert (visit.state, visit.answer) == ("digit", "3")


def test_an_empty_pad_is_no_digit(visit):
    assert (visit.state, visit.answer) == ("none", "Nothing drawn yet")


def test_clearing_leaves_nothing_and_undo_brings_it_back(visit, strokes):
    visit.draw(strokes["7"])
    visit.act(lambda: visit.page.click("#clear"))
    assert visit.state == "none"
    visit.act(lambda: visit.page.click("#undo"))
    assert (visit.state, visit.answer) == ("digit", "7")


def test_undo_takes_back_one_stroke(visit, strokes):
    visit.draw(strokes["1"])
    before = visit.reply["activations"]
    visit.draw([[[10, 10], [90, 10], [90, 90]]])
    assert visit.reply["activations"] != before
    visit.act(lambda: visit.page.keyboard.press("Control+z"))
    assert visit.reply["activations"] == before


def test_the_eraser_takes_ink_away(visit, strokes):
    visit.draw(strokes["1"])
    visit.page.click("#eraser")
    visit.page.locator("#size").fill("44")
    visit.draw([[[57, 10], [50, 50], [46, 92]]])
    assert visit.reply["preprocessing"]["bounding_box"] is None


def test_the_answer_changes_while_the_stroke_is_drawn(visit):
    box = visit.page.locator("#pad").bounding_box()
    visit.page.mouse.move(box["x"] + 100, box["y"] + 60)
    visit.act(
        lambda: (visit.page.mouse.down(), visit.page.mouse.move(box["x"] + 100, box["y"] + 240, steps=20))
    )
    assert visit.answer == "1"
    visit.page.mouse.up()


def test_at_most_one_request_is_in_flight_and_the_newest_drawing_wins(visit, strokes):
    running, most = set(), []

    def begun(request):
        if "/v1/classify" in request.url:
            running.add(request)
            most.append(len(running))

    def ended(request):
        running.discard(request)

    visit.page.on("request", begun)
    visit.page.on("requestfinished", ended)
    visit.draw(strokes["8"])
    assert visit.answer == "8"
    assert len(most) > 1
    assert max(most) == 1


def test_a_sample_of_each_digit_is_read(visit):
    read = []
    for digit in "0123456789":
        visit.act(lambda digit=digit: visit.page.click(f"#samples button:text-is('{digit}')"))
        read.append(visit.answer)
    assert "".join(read) == "0123456789"


def test_a_sample_is_drawn_stroke_by_stroke_where_motion_is_welcome(visit_with):
    visit = visit_with(reduced_motion="no-preference").open()
    shown = visit.page.evaluate(
        """async () => {
            const seen = new Set(), end = performance.now() + 3000;
            document.querySelectorAll("#samples button")[3].click();
            while (performance.now() < end && seen.size < 4) {
                await new Promise(requestAnimationFrame);
                seen.add(document.getElementById("pad").toDataURL());
            }
            return seen.size;
        }"""
    )
    assert shown == 4
    visit.page.wait_for_timeout(800)
    assert visit.wait().answer == "3"


def test_touch_draws_and_does_not_scroll(visit_with, strokes):
    visit = visit_with(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).open()
    visit.page.locator("#pad").scroll_into_view_if_needed()
    before = visit.page.evaluate("scrollY")
    box = visit.page.locator("#pad").bounding_box()
    finger = visit.page.context.new_cdp_session(visit.page)

    def touch(kind, *points):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    def do():
        for stroke in strokes["4"]:
            places = [
                {"x": box["x"] + box["width"] * x / 100, "y": box["y"] + box["height"] * y / 100}
                for x, y in stroke
            ]
            touch("touchStart", places[0])
            for place in places[1:]:
                touch("touchMove", place)
            touch("touchEnd")

    visit.act(do)
    assert (visit.state, visit.answer) == ("digit", "4")
    assert visit.page.evaluate("scrollY") == before


def test_everything_can_be_done_with_keys_alone(visit):
    visit.act(lambda: visit.press(*["ArrowUp"] * 9, "Space", *["ArrowDown"] * 18, "Space"))
    assert (visit.state, visit.answer) == ("digit", "1")
    visit.act(lambda: visit.press("Escape"))
    assert visit.state == "none"
    visit.act(lambda: visit.press("u"))
    assert visit.answer == "1"
    visit.act(lambda: visit.press("6"))
    assert visit.answer == "6"
    visit.act(lambda: visit.press("n"))
    assert visit.state == "rejected"
    visit.press("e")
    assert visit.page.get_attribute("#eraser", "aria-pressed") == "true"
    visit.press("?")
    assert visit.page.is_visible("dialog#keys")


def test_the_pad_is_reached_with_the_tab_key(visit):
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")  # the link past the header
    assert visit.page.evaluate("document.activeElement.id") == "pad"


def test_the_answer_is_spoken_only_when_the_pen_is_lifted(visit):
    box = visit.page.locator("#pad").bounding_box()
    assert visit.page.get_attribute("#answer", "role") == "status"
    visit.page.mouse.move(box["x"] + 50, box["y"] + 50)
    visit.page.mouse.down()
    assert visit.page.get_attribute("#answer", "aria-busy") == "true"
    visit.page.mouse.up()
    assert visit.page.get_attribute("#answer", "aria-busy") is None


def test_a_stroke_over_what_is_selected_draws(visit):
    visit.page.keyboard.press("Control+a")
    visit.draw([[[52, 10], [50, 90]]])
    assert (visit.state, visit.answer) == ("digit", "1")


def test_an_arrow_key_leaves_the_stroke_of_the_mouse_alone(visit):
    box = visit.page.locator("#pad").bounding_box()
    visit.page.mouse.move(box["x"] + 20, box["y"] + 20)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 30, box["y"] + 20)
    visit.page.keyboard.press("ArrowDown")
    visit.act(visit.page.mouse.up)
    _, _, right, bottom = map(int, visit.reply["preprocessing"]["bounding_box"].split())
    assert max(right, bottom) < 60  # of 280; the pen of the keys is in the middle


def test_lifting_the_mouse_asks_once(visit):
    box = visit.page.locator("#pad").bounding_box()
    visit.page.mouse.move(box["x"] + 50, box["y"] + 50)
    visit.act(visit.page.mouse.down)
    asked = []
    visit.page.on("request", lambda request: "/v1/classify" in request.url and asked.append(request))
    visit.act(visit.page.mouse.up)
    assert len(asked) == 1
