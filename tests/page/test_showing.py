"""What the page shows of the network, of the request, and of what else can be chosen."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import expect

THREE = Path(__file__).parents[2] / "examples" / "three.png"


def classify(visit, body, **query):
    """Ask the service itself."""
    kind = {"headers": {"Content-Type": "image/png"}, "data": body}
    return requests.post(f"{visit.url}/v1/classify", params=query, timeout=30, **kind).json()


def test_the_reply_shown_is_what_the_service_answers(visit, strokes):
    visit.draw(strokes["5"])
    with visit.page.expect_download() as begun:
        visit.page.click("#download")
    png = Path(begun.value.path()).read_bytes()
    told = classify(visit, png, model="plain")
    assert visit.reply["activations"] == pytest.approx(told["activations"])
    numbers = visit.page.locator("#outputs .number").all_inner_texts()
    assert numbers == [f"{activation:.2f}" for activation in told["activations"]]


def test_the_request_can_be_repeated_with_curl(visit):
    visit.act(lambda: visit.press("2"))
    shown = visit.page.inner_text("#curl")
    assert re.fullmatch(
        r"curl -s --data-binary @drawing.png -H 'Content-Type: image/png' \\\n"
        rf"  '{visit.url}/v1/classify\?model=plain&include=image,hidden,preprocessing'",
        shown,
    )
    assert re.fullmatch(
        r"200 in [\d.]+ ms, [\d.]+ ms of them in the service", visit.page.inner_text("#timing")
    )


def test_a_link_restores_the_drawing(visit, visit_with, strokes):
    visit.page.locator("#size").fill("14")
    visit.draw(strokes["4"])
    visit.page.click("#eraser")
    visit.draw([[[10, 90], [30, 90]]])
    link = visit.page.evaluate("location.hash")
    later = visit_with().open("/" + link)
    assert later.reply["activations"] == visit.reply["activations"]
    assert later.answer == "4"


def test_a_link_restores_noise(visit, visit_with):
    visit.act(lambda: visit.page.click("#noise"))
    visit.act(lambda: visit.page.click("#noise"))
    later = visit_with().open("/" + visit.page.evaluate("location.hash"))
    assert later.reply["activations"] == visit.reply["activations"]


@pytest.mark.parametrize(
    "link", ["#strokes=%%%", "#strokes=AA", "#model=none&noise=x&pixels=9", "#" + "A" * 5000]
)
def test_a_broken_link_is_an_empty_pad(visit_with, link):
    assert visit_with().open("/" + link).state == "none"


def test_noise_is_rejected_by_the_network_that_was_shown_noise(visit):
    visit.act(lambda: visit.page.click("#noise"))
    assert (visit.state, visit.answer) == ("rejected", "Not a digit")
    assert "No neuron reached" in visit.page.inner_text("#answer span")


def test_two_networks_can_be_compared(visit):
    visit.act(lambda: visit.page.select_option("#compare", "video"))
    visit.act(lambda: visit.page.click("#samples button:text-is('8')"))
    both = visit.page.locator(".answer strong").all_inner_texts()
    assert both == ["8", "8"]
    assert visit.page.inner_text("#which") == "upper bar plain, lower bar video"
    visit.act(lambda: visit.page.select_option("#compare", ""))
    assert not visit.page.is_visible("#answer-beside")


def test_a_stricter_threshold_rejects_and_its_own_brings_the_digit_back(visit):
    visit.act(lambda: visit.press("3"))
    visit.act(lambda: visit.page.locator("#reject").fill("1"))
    assert (visit.state, visit.reply["reject_below"]) == ("rejected", 1)
    visit.act(lambda: visit.page.click("#reject-own"))
    own = requests.get(f"{visit.url}/v1/models/plain", timeout=30).json()["reject"]["threshold"]
    assert (visit.answer, visit.reply["reject_below"]) == ("3", own)


def test_what_the_threshold_does_is_what_was_measured(visit):
    curve = requests.get(f"{visit.url}/v1/models/plain", timeout=30).json()["evaluation"]["operating_curve"]
    point = next(point for point in curve if point["threshold"] == 0.8)
    visit.act(lambda: visit.page.locator("#reject").fill("0.8"))
    told = visit.page.inner_text("#operating")
    assert f"{100 * (1 - point['coverage']):.1f} %" in told
    assert f"{100 * (1 - point['false_acceptance']):.1f} %" in told


def test_the_sum_of_a_neuron_is_written_out(visit, strokes):
    visit.draw(strokes["3"])
    visit.page.fill("#index", "6")
    expect(visit.page.locator("#neuron-title")).to_have_text("Neuron 6 of layer 1")
    summed, bias, z, activation = (
        float(text.replace("−", "-")) for text in visit.page.locator("#sum dd").all_inner_texts()
    )
    numbers = requests.get(f"{visit.url}/v1/models/plain/weights/0/5.json", timeout=30).json()
    layer = json.loads(visit.page.text_content("#reply"))["hidden"][0]
    assert bias == pytest.approx(numbers["bias"], abs=0.01)
    assert z == pytest.approx(float(layer["z"].split()[5]), abs=0.01)
    assert activation == pytest.approx(float(layer["activations"].split()[5]), abs=0.01)
    assert summed + bias == pytest.approx(z, abs=0.02)


def test_the_neuron_that_is_clicked_is_shown(visit):
    visit.act(lambda: visit.press("3"))
    circles = visit.page.locator("#picture circle.neuron")
    circles.nth(16 + 16 + 3).click()
    expect(visit.page.locator("#neuron-title")).to_have_text("Neuron 3 of the output")
    assert visit.page.locator("#bars rect").count() == 16
    circles.nth(2).click()
    expect(visit.page.locator("#neuron-title")).to_have_text("Neuron 3 of layer 1")
    assert visit.page.is_visible("#weights")


def test_a_line_is_blue_where_it_pushes_the_winner_up(visit, strokes):
    """The signs of weight times activation, worked out from the public interface."""
    visit.draw(strokes["3"])
    visit.page.wait_for_selector("#picture line:nth-of-type(19)", state="attached")  # all have come
    told = json.loads(visit.page.text_content("#reply"))
    before = [float(word) for word in told["hidden"][1]["activations"].split()]
    weights = requests.get(f"{visit.url}/v1/models/plain/weights/2/{told['argmax']}.json", timeout=30).json()
    up = sum(weight * a > 0 for weight, a in zip(weights["weights"], before, strict=True))
    circles = visit.page.locator("#picture circle.neuron")
    x, y = (circles.nth(32 + told["argmax"]).get_attribute(name) for name in ("cx", "cy"))
    assert visit.page.locator(f"#picture line.up[x2='{x}'][y2='{y}']").count() == up


def test_the_four_pixel_camera_has_a_pad_of_its_own(visit):
    visit.act(lambda: visit.page.select_option("#model", "four-pixel"))
    box = visit.page.locator("#pad").bounding_box()
    for y in (0.25, 0.75):
        visit.act(
            lambda y=y: visit.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] * y)
        )
    assert (visit.state, visit.answer) == ("digit", "vertical")
    visit.act(lambda: visit.page.click("#samples button:text-is('diagonal')"))
    assert visit.answer == "diagonal"
    # the frame; a field of four for each neuron
    expect(visit.page.locator("#picture rect")).to_have_count(1 + 4 * 4)
    visit.act(lambda: visit.press("ArrowRight", "Space"))
    assert visit.state == "rejected"


def test_the_palette_of_the_videos_is_green_and_red(visit):
    def swatch():
        return visit.page.evaluate(
            "getComputedStyle(document.querySelector('.pos'), '::before').backgroundColor"
        )

    assert swatch() == "rgb(0, 114, 178)"
    visit.page.select_option("#palette", "video")
    red, green, blue = map(int, re.findall(r"\d+", swatch()))
    assert green > red
    assert green > blue


def test_the_theme_can_be_chosen_and_is_remembered(visit):
    def ground():
        return visit.page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = ground()
    visit.page.select_option("#theme", "dark")
    dark = ground()
    assert dark != light
    visit.page.reload()
    assert visit.wait().page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def as_base64(picture, kind):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def hand_over(visit, name, kind, mimetype):
    """Drop or paste the picture of a three, as a file of some kind."""
    picture = as_base64(Image.open(THREE).convert("RGB"), kind)
    visit.page.evaluate(
        """([name, base64, type]) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "picture", { type }));
            const event = name === "paste"
                ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true })
                : new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
            document.getElementById("pad").dispatchEvent(event);
        }""",
        [name, picture, mimetype],
    )


@pytest.mark.parametrize("way", ["paste", "drop"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_can_be_pasted_or_dropped(visit, way, kind):
    visit.act(lambda: hand_over(visit, way, kind, f"image/{kind.lower()}"))
    assert (visit.state, visit.answer) == ("digit", "3")


def test_an_uploaded_png_is_sent_as_it_is(visit):
    visit.act(lambda: visit.page.set_input_files("#upload", THREE))
    told = classify(visit, THREE.read_bytes(), model="plain")
    assert visit.reply["activations"] == pytest.approx(told["activations"])
    assert visit.page.is_disabled("#copy-link")  # a link holds strokes, and nobody's picture


def test_a_file_that_is_no_picture_is_told_so(visit, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("three")
    visit.page.set_input_files("#upload", file)
    visit.page.wait_for_selector(".answer[data-state=failed]")
    assert "cannot read the file" in visit.page.inner_text("#answer")


def test_what_lies_below_is_fetched_when_it_is_opened(visit):
    for name in ("grids-more", "dreams", "curve", "confusion"):
        visit.page.click(f"#{name} summary")
    expect(visit.page.locator("#dreams img")).to_have_count(10)
    visit.page.wait_for_selector("#grids-more img")
    expect(visit.page.locator("#confusion tbody tr")).to_have_count(10)
    expect(visit.page.locator("#curve path")).to_have_count(3)
    assert visit.page.get_attribute("#card", "href") == "v1/models/plain/versions/1/card"


def test_the_lessons_tell_the_numbers_of_the_drawing(visit, strokes):
    visit.draw(strokes["0"])
    live = {
        place.get_attribute("data-live"): place.inner_text()
        for place in visit.page.locator("#learn [data-live]").all()
    }
    assert (live["winner"], live["inputs"], live["outputs"], live["parameters"]) == (
        "0",
        "784",
        "10",
        "13,002",
    )
    assert live["strongest"] == f"{max(visit.reply['activations']):.2f}"


def test_the_lesson_on_noise_compares_two_networks(visit):
    visit.act(lambda: visit.page.click("#learn button[data-do=noise]"))
    assert re.search(r"plain says “Not a digit”.*; video says", visit.page.inner_text("[data-live=doubt]"))


def test_a_number_that_no_neuron_has_is_left_alone(visit):
    visit.act(lambda: visit.press("3"))
    visit.page.fill("#index", "3")
    title = visit.page.locator("#neuron-title")
    expect(title).to_have_text("Neuron 3 of layer 1")
    visit.page.fill("#index", "1.5")
    visit.page.locator("#index").blur()
    assert visit.page.input_value("#index") == "3"
    visit.act(lambda: visit.press("7"))
    assert (visit.answer, title.inner_text()) == ("7", "Neuron 3 of layer 1")


@pytest.mark.parametrize(("button", "words"), [("copy-curl", "mark the text"), ("copy-link", "is the link")])
def test_a_browser_without_a_clipboard_says_so(visit, button, words):
    visit.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visit.page.click(f"#{button}")
    expect(visit.page.locator("#timing")).to_contain_text("lets no page copy")
    expect(visit.page.locator("#timing")).to_contain_text(words)


def test_the_lesson_on_weights_names_the_colours_shown(visit):
    visit.page.select_option("#palette", "video")
    expect(visit.page.locator("#learn")).to_contain_text("green wants it large, red wants it small")


def test_a_network_that_reads_no_digits_offers_none(visit):
    visit.act(lambda: visit.page.select_option("#model", "four-pixel"))
    assert not visit.page.is_visible("#learn button[data-do=sample]")
    visit.press("4")
    expect(visit.page.locator("#say")).to_have_text("this network reads no digits")


def test_a_threshold_that_leaves_nothing_says_so(visit):
    visit.act(lambda: visit.page.locator("#reject").fill("1"))
    assert "none is left to be read" in visit.page.inner_text("#operating")


def test_a_very_long_stroke_has_a_link(visit, visit_with):
    visit.page.evaluate(
        """() => {
            const pad = document.getElementById("pad"), { left, top } = pad.getBoundingClientRect();
            pad.setPointerCapture = () => {};
            const send = (type, x, y) => pad.dispatchEvent(
                new PointerEvent(type, { pointerId: 9, clientX: left + x, clientY: top + y, bubbles: true }));
            const long = { getCoalescedEvents: () => Array.from({ length: 70_000 }, (_, i) =>
                ({ clientX: left + (i % 2 ? 90 : 110), clientY: top + 30 + i / 300 })) };
            send("pointerdown", 100, 30);
            const move = new PointerEvent("pointermove", { pointerId: 9, bubbles: true });
            pad.dispatchEvent(Object.assign(move, long));
            send("pointerup", 100, 200);
        }"""
    )
    visit.wait()
    link = visit.page.evaluate("location.hash")
    assert len(link) > 180_000
    later = visit_with().open("/" + link)
    assert later.reply["activations"] == visit.reply["activations"]
