"""A link to a drawing restores it, and takes nothing away that was there."""


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
