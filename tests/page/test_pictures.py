"""Pictures that are uploaded, of any size and in any theme."""

import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def upload(visit, tmp_path):
    """Upload a picture that was made here."""

    def begin(picture, name="picture.png"):
        picture.save(tmp_path / name)
        visit.act(lambda: visit.page.set_input_files("#upload", tmp_path / name))

    return begin


def test_what_is_drawn_on_a_picture_looks_as_it_is_sent_in_the_dark_too(visit, upload):
    visit.page.select_option("#theme", "dark")
    upload(Image.new("L", (200, 100), 255))
    visit.draw([[[20, 50], [80, 50]]])
    seen = visit.page.evaluate(
        """[[280, 280], [280, 20]].map(([x, y]) =>
            [...document.getElementById("pad").getContext("2d").getImageData(x, y, 1, 1).data].join())"""
    )
    assert seen == ["0,0,0,255", "255,255,255,255"]


def test_a_blank_picture_is_not_told_that_nothing_was_drawn(visit, upload):
    upload(Image.new("L", (100, 100), 255))
    assert (visit.state, visit.answer) == ("none", "Nothing to read")


@pytest.mark.parametrize("name", ["large.png", "large.jpg"])
def test_of_a_large_picture_a_small_one_is_kept(visit, upload, name):
    visit.page.evaluate(
        """() => {
            window.largest = 0;
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            CanvasRenderingContext2D.prototype.drawImage = function (source, ...more) {
                if (this.canvas.id === "pad") largest = Math.max(largest, source.width);
                return draw.call(this, source, ...more);
            };
        }"""
    )
    picture = Image.new("L", (2000, 1500), 255)
    ImageDraw.Draw(picture).line([(1000, 300), (1000, 1200)], 0, 120)
    upload(picture, name)
    assert (visit.answer, visit.page.evaluate("largest")) == ("1", 1024)
    cropped = visit.page.evaluate(
        "[...document.getElementById('step-cropped').getContext('2d').getImageData(56, 56, 1, 1).data].join()"
    )
    assert cropped == "0,0,0,255"  # the box is that of the picture as it was sent


def test_a_hair_of_a_picture_is_no_fault(visit, upload):
    upload(Image.new("L", (3000, 1), 255), "hair.jpg")
    assert visit.answer == "Nothing to read"


@pytest.mark.parametrize(("ink", "paper"), [("white", 0), ("black", 255)])
def test_ink_without_paper_is_shown_on_paper_that_it_contrasts_with(visit, upload, ink, paper):
    picture = Image.new("RGBA", (100, 100))
    ImageDraw.Draw(picture).line([(50, 20), (50, 80)], ink, 10)
    upload(picture)
    shown = visit.page.evaluate(
        """["pad", "step-drawn"].map((id) => {
            const canvas = document.getElementById(id), { width, height } = canvas;
            const seen = (x, y) => canvas.getContext("2d").getImageData(x * width, y * height, 1, 1).data[0];
            return [seen(0.05, 0.5), seen(0.5, 0.5)];
        })"""
    )
    assert (visit.answer, shown) == ("1", [[paper, 255 - paper]] * 2)
