"""A link to a drawing restores it, and takes nothing away that was there."""

from pathlib import Path

THREE = Path(__file__).parents[2] / "examples" / "three.png"


def follow(visit, link):
    """Open a link on the page that is open already."""
    visit.act(lambda: visit.page.evaluate("link => { location.hash = link; }", link))


def test_the_link_past_the_header_keeps_the_drawing(visit):
    visit.act(lambda: visit.press("3"))
    link = visit.page.evaluate("location.hash")
    visit.page.focus(".skip")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("link => location.hash === link", arg=link)
    visit.act(lambda: visit.page.locator("#reject").fill("0.1"))  # whatever asks anew
    assert visit.answer == "3"


def test_a_link_that_is_opened_can_be_undone(visit):
    visit.act(lambda: visit.press("3"))
    link = visit.page.evaluate("location.hash")
    visit.act(lambda: visit.press("7"))
    follow(visit, link)
    assert visit.answer == "3"
    visit.act(lambda: visit.press("u"))
    assert visit.answer == "7"


def test_a_link_ends_the_sample_that_is_being_drawn(visit_with):
    visit = visit_with(reduced_motion="no-preference").open()
    visit.press("4")
    visit.page.wait_for_timeout(150)
    follow(visit, "#model=plain&noise=5")
    visit.page.wait_for_timeout(1400)  # longer than a sample takes
    assert visit.wait().state == "rejected"
    assert visit.page.evaluate("location.hash") == "#model=plain&noise=5"


def test_the_link_copied_while_a_sample_is_drawn_holds_all_of_it(visit_with):
    visit = visit_with(reduced_motion="no-preference", permissions=["clipboard-read", "clipboard-write"])
    visit.open().press("3")
    visit.page.click("#copy-link")
    visit.page.wait_for_timeout(1400)  # longer than a sample takes
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == visit.page.evaluate("location.href")
    assert "strokes=" in copied


def test_four_pixels_have_a_link_after_a_picture_was_uploaded(visit):
    visit.act(lambda: visit.page.set_input_files("#upload", THREE))
    visit.act(lambda: visit.page.select_option("#model", "four-pixel"))
    assert visit.page.is_enabled("#copy-link")
