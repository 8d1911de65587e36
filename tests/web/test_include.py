"""What an answer may carry is the same however the picture was sent."""

import base64
import io
import json

import numpy as np
import png as pypng
import pytest
from PIL import Image

INCLUDE = {"include": "image,preprocessing", "invert": "yes", "center": "yes"}


@pytest.fixture
def upload():
    """A dark stroke on light paper, 100 × 120 pixels, as a PNG."""
    grey = np.full((120, 100), 230, np.uint8)
    grey[20:100, 45:58] = 40
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG")
    return out.getvalue()


def with_the_query(post, content):
    return post("/v1/classify", query_string=INCLUDE, data=content, content_type="image/png")


def with_form_fields(post, content):
    return post("/v1/classify", data={"image": (io.BytesIO(content), "digit.png"), **INCLUDE})


def with_json_members(post, content):
    body = json.dumps({"image": base64.b64encode(content).decode(), **INCLUDE})
    return post("/v1/classify", data=body, content_type="application/json")


WAYS = [with_the_query, with_form_fields, with_json_members]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_done_is_told_in_numbers(client, upload, way):
    done = way(client.post, upload).json["preprocessing"]

    assert (done["inverted"], done["original_size"], done["mode"]) == (True, [100, 120], "L")
    assert np.abs(np.array(done["bounding_box"]) - [45, 20, 58, 100]).max() <= 1
    assert done["scale"] == pytest.approx(20 / 80, rel=0.05)
    assert 0.05 < done["ink"] < 0.2


@pytest.mark.parametrize("way", WAYS)
def test_the_image_is_the_one_that_the_network_read(client, upload, way):
    url = way(client.post, upload).json["image"]

    head, _, content = url.partition(",")
    _, _, rows, _ = pypng.Reader(bytes=base64.b64decode(content)).asDirect()
    samples = np.vstack([np.array(row) for row in rows])
    rows, columns = np.nonzero(samples > 128)
    assert head == "data:image/png;base64"
    assert samples.shape == (28, 28)
    assert rows.min() + rows.max() == pytest.approx(28, abs=1)
    assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)
    assert columns.min() + columns.max() == pytest.approx(28, abs=1)


@pytest.mark.parametrize("way", WAYS)
def test_ink_that_is_said_to_be_light_is_not_found_to_be_dark(client, upload, way, monkeypatch):
    monkeypatch.setitem(INCLUDE, "invert", "no")

    assert way(client.post, upload).json["preprocessing"]["inverted"] is False


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_is_not_centred_is_scaled_as_a_whole(client, upload, way, monkeypatch):
    monkeypatch.setitem(INCLUDE, "center", "no")

    assert way(client.post, upload).json["preprocessing"]["scale"] == pytest.approx(28 / 120)
