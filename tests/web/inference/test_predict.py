"""POST /v1/models/<name>:predict: instances in, predictions out."""

import numpy as np
import pytest


@pytest.fixture
def predict(client):
    return lambda members, path="tiny": client.post(f"/v1/models/{path}:predict", json=members)


@pytest.mark.parametrize("shape", [(2, 784), (2, 28, 28), (2, 1, 28, 28)])
@pytest.mark.parametrize("path", ["tiny", "tiny/versions/1"])
def test_images_are_answered_with_their_activations(predict, images, activations, shape, path):
    told = predict({"instances": images.reshape(shape).tolist(), "signature_name": "serving_default"}, path)
    assert told.json.keys() == {"predictions"}
    np.testing.assert_allclose(told.json["predictions"], activations, atol=1e-6)


def test_pngs_are_answered_with_their_activations(client, predict, png, as_json):
    single = client.post("/v1/classify", data=png, content_type="image/png").json["activations"]
    told = predict({"instances": [{"b64": as_json["image"]}] * 3})
    np.testing.assert_allclose(told.json["predictions"], [single] * 3, atol=1e-6)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "instances is missing"),
        ({"instances": []}, "instances is missing, empty"),
        ({"instances": 7}, "no list"),
        ({"inputs": [[0.5] * 784]}, "instances is missing"),
        ({"instances": [0.5] * 784}, "shape [784]"),
        ({"instances": [[0.5] * 783]}, "shape [1, 783]"),
        ({"instances": [[]]}, "shape [1]"),
        ({"instances": [[0.5] * 784, [0.5] * 783]}, "equally long"),
        ({"instances": [[2] * 784]}, "paper"),
        ({"instances": [{"b64": "iVBORw0KGgo="}, [0.5] * 784]}, "some are not"),
        ({"instances": [{"b64": 7}]}, "shape [1]"),
        ({"instances": [{"b64": "?"}]}, "picture 0 is not base64"),
        ({"instances": ["iVBORw0KGgo="]}, "shape [1]"),
        ({"instances": [[0]] * 1025}, "shape [1025, 1]"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_says_what_to_send(predict, members, said):
    answer = predict(members)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
    assert said in answer.json["error"]


def test_more_pictures_than_are_read_are_too_large(predict):
    answer = predict({"instances": [{"b64": ""}] * 257})
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert "257 images; at most 256 are read" in answer.json["detail"]


def test_what_is_wrong_with_the_service_is_not_blamed_on_the_picture(predict, as_json, monkeypatch, lines):
    monkeypatch.setattr("service.batch.is_alike", lambda _: False)
    monkeypatch.setattr("service.imaging.near.normalize", lambda *_: int("no number"))
    assert predict({"instances": [{"b64": as_json["image"]}]}).status_code == 500
    assert "ValueError" in lines[-1]["traceback"]


def test_a_picture_that_is_none_is_refused_as_such(predict):
    answer = predict({"instances": [{"b64": "R0lGODlh"}]})
    assert (answer.status_code, answer.json["code"]) == (415, "not_a_png")
    assert answer.json["error"].startswith("picture 0: ")


@pytest.mark.parametrize("path", ["nobody", "tiny/versions/9"])
def test_an_unknown_model_is_told_with_those_that_exist(predict, path):
    assert predict({"instances": [[0]]}, path).json["code"] == "unknown_model"
