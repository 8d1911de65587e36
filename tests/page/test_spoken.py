"""What a screen reader is given to speak, and when."""

import pytest

LISTEN = """() => {
    const answer = document.getElementById("answer"), say = document.getElementById("say");
    window.heard = [];
    const words = (region) => region.innerText.replace(/\\s+/g, " ").trim();
    const hear = (region) => !region.hasAttribute("aria-busy") && heard.push(words(region));
    window.early = 0;
    const text = { childList: true, characterData: true, subtree: true };
    const isBusy = () => answer.hasAttribute("aria-busy");
    new MutationObserver(() => isBusy() ? early++ : hear(answer)).observe(answer, text);
    new MutationObserver(() => hear(say)).observe(say, text);
}"""


@pytest.fixture
def listen(visit):
    """What is spoken from now on; `early` counts what was written while nothing should be."""
    visit.page.evaluate(LISTEN)
    return lambda: visit.page.evaluate("[heard, early]")


def test_a_stroke_of_the_keyboard_is_spoken_at_its_end(visit, listen):
    for key in [*["ArrowUp"] * 9, "Space", *["ArrowDown"] * 18]:
        visit.press(key)
    visit.page.wait_for_timeout(300)
    assert listen() == [["pen down"], 0]
    visit.act(lambda: visit.press("Space"))
    heard, early = listen()
    assert "pen up" in heard
    assert heard[-1].startswith("1 strongest")
    assert early == 0


def test_the_same_words_are_spoken_again(visit, listen):
    visit.act(lambda: visit.press("3"))
    visit.act(lambda: visit.press("4"))
    visit.act(lambda: visit.press("u"))
    visit.act(lambda: visit.press("u"))
    heard, _ = listen()
    assert [words for words in heard if words == "undone"] == ["undone"] * 2


def test_the_same_answer_is_spoken_after_another_stroke(visit, listen):
    dot = [[[50, 50], [50, 51]]]
    visit.draw([[[55, 10], [50, 50], [48, 90]]])
    told = visit.page.inner_text("#answer").split()
    visit.draw(dot)
    heard, _ = listen()
    assert len([words for words in heard if words.split()[0] == told[0]]) > 1


@pytest.mark.parametrize("key", ["3", "n"])
def test_what_replaces_the_drawing_lifts_the_pen(visit, key):
    visit.press("Space", "ArrowDown", "ArrowDown")
    assert visit.page.get_attribute("#answer", "aria-busy") == "true"
    visit.act(lambda: visit.press(key))
    assert visit.page.get_attribute("#answer", "aria-busy") is None


def test_space_held_down_puts_the_pen_down_once(visit):
    visit.page.focus("#pad")
    for _ in range(4):
        visit.page.keyboard.down("Space")
    visit.page.keyboard.up("Space")
    assert visit.page.inner_text("#say") == "pen down"
    assert visit.page.get_attribute("#answer", "aria-busy") == "true"


def test_undo_does_not_say_undone_where_there_was_nothing(visit):
    visit.act(lambda: visit.press("u"))
    assert visit.page.inner_text("#say") == "nothing to undo"


def test_a_pixel_of_the_camera_is_told_as_what_it_became(visit):
    visit.act(lambda: visit.page.select_option("#model", "four-pixel"))
    for told in ("ink", "paper"):
        visit.act(lambda: visit.press("Space"))
        assert visit.page.inner_text("#say") == told
