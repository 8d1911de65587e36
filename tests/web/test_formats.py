"""JPEG and WebP: refused with a hint by default, read in every way that a PNG is where switched on."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from service.web.app import create_app
from service.web.state import State

TYPES = {"jpeg": "image/jpeg", "webp": "image/webp"}


@pytest.fixture(params=TYPES)
def upload(request):
    """The name of a format, and a dark stroke on light paper held in it."""
    grey = np.full((120, 100), 230, np.uint8)
    grey[20:100, 45:58] = 40
    out = io.BytesIO()
    Image.fromarray(grey).convert("RGB").save(out, request.param, quality=95)
    return request.param, out.getvalue()


def as_raw(content, kind):
    return {"data": content, "content_type": kind}


def as_octets(content, _):
    return {"data": content, "content_type": "application/octet-stream"}


def as_unnamed(content, _):
    return {"data": content}


def as_form(content, _):
    return {"data": {"image": (io.BytesIO(content), "digit")}}


def as_json(content, _):
    body = json.dumps({"image": base64.b64encode(content).decode()})
    return {"data": body, "content_type": "application/json"}


def as_data_url(content, kind):
    body = json.dumps({"image": f"data:{kind};base64,{base64.b64encode(content).decode()}"})
    return {"data": body, "content_type": "application/json"}


WAYS = [as_raw, as_octets, as_unnamed, as_form, as_json, as_data_url]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_reads_what_is_switched_on(client_for, upload, way):
    name, content = upload
    client = client_for(formats="png,jpeg,webp")

    answer = client.post("/v1/classify?include=preprocessing", **way(content, TYPES[name]))

    assert answer.status_code == 200
    done = answer.json["preprocessing"]
    assert (done["original_size"], done["mode"], done["inverted"]) == ([100, 120], "RGB", True)
    left, top, right, bottom = done["bounding_box"]
    assert np.abs(np.array([left, top, right, bottom]) - [45, 20, 58, 100]).max() <= 4


@pytest.mark.parametrize("way", WAYS)
def test_what_is_switched_off_is_refused_with_how_to_switch_it_on(client, upload, way):
    name, content = upload

    answer = client.post("/v1/classify", **way(content, TYPES[name]))

    assert (answer.status_code, answer.json["code"]) == (415, "not_a_png")
    assert f"DIGITS_FORMATS=png,{name} switches it on" in answer.json["detail"]


def test_the_limits_are_those_of_a_png(client_for, upload):
    _, content = upload

    answer = client_for(formats="png,jpeg,webp", max_side_pixels=119).post("/v1/classify", data=content)

    assert (answer.status_code, answer.json["code"]) == (413, "image_too_large")


def test_more_large_pictures_than_there_is_memory_for_are_sent_away_for_a_while(settings_for, log):
    settings = settings_for(max_pixels_at_once=2_000_000, max_waiting_seconds=0.01)
    state = State(settings)
    client = create_app(settings, state=state, log=log).test_client()
    out = io.BytesIO()
    Image.new("L", (1500, 1000)).save(out, "PNG")

    with state.current.default.budget.lend(1_500_000):
        answer = client.post("/v1/classify", data=out.getvalue(), content_type="image/png")
    after = client.post("/v1/classify", data=out.getvalue(), content_type="image/png")

    assert (answer.status_code, answer.json["code"]) == (503, "overloaded")
    assert answer.headers["Retry-After"] == "1"
    assert after.status_code == 200
