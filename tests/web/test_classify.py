"""One picture, three ways to send it, one answer."""

import base64
import io
from http import HTTPStatus

import numpy as np
import pytest
from PIL import Image
from pydantic import ConfigDict, TypeAdapter, with_config

from service.artifacts import save
from service.network import RELU, TANH, Network
from service.web.schema import Classified


def file_part(png, name="image"):
    return {name: (io.BytesIO(png), "digit.png")}


def test_the_activations_are_those_of_the_network(post, png, picture, small_network):
    pixels = (picture / np.float32(255)).reshape(1, -1)
    expected = small_network.forward(pixels)[0]
    assert np.array(post(png).json["activations"], np.float32).tolist() == expected.tolist()


def test_every_way_to_send_a_picture_gives_the_same_activations(client, png, picture, as_json):
    url = "/v1/classify"
    data_url = f"data:image/png;base64,{as_json['image']}"
    answers = [
        client.post(url, data=png, content_type="image/png"),
        client.post(url, data=png, content_type="application/octet-stream"),
        client.post(url, data=file_part(png)),
        client.post(url, data=file_part(png, name="whatever")),
        client.post(url, json=as_json),
        client.post(url, json={"image": data_url}),
        client.post(url, json={"pixels": (picture / 255).tolist()}),
        client.post(url, json={"pixels": (picture / 255).reshape(-1).tolist()}),
    ]
    texts = {answer.text.partition('"activations":')[2].partition("]")[0] for answer in answers}
    assert len(texts) == 1


def test_a_float32_is_written_with_as_many_decimals_as_tell_it_apart(post, png):
    shown = post(png).text.partition('"activations":[')[2].partition("]")[0].split(",")
    assert shown == [str(np.float32(number)) for number in shown]


def test_an_accepted_picture_has_a_digit(post, png):
    answer = post(png, "?reject_below=0").json
    assert answer["digit"] == answer["argmax"] == int(np.argmax(answer["activations"]))
    assert (answer["rejected"], answer["reason"], answer["reject_below"]) == (False, None, 0)


def test_a_rejected_picture_has_a_reason_and_no_digit(post, png):
    answer = post(png, "?reject_below=1").json
    assert (answer["rejected"], answer["reason"], answer["digit"]) == (True, "weak", None)
    assert answer["argmax"] == int(np.argmax(answer["activations"]))


def test_the_margin_is_the_largest_less_the_second_largest(post, png):
    answer = post(png).json
    second, largest = sorted(np.array(answer["activations"], np.float32))[-2:]
    assert np.float32(answer["margin"]) == largest - second


def test_the_answer_is_called_by_the_requests_id(post, png):
    answer = post(png, headers={"X-Request-ID": "my-own.id_1"})
    assert answer.json["id"] == answer.headers["X-Request-ID"] == "my-own.id_1"


def test_the_artifacts_own_threshold_is_the_default(post, png):
    assert post(png).json["reject_below"] == 0.5


def test_the_services_threshold_wins_over_the_artifacts(client_for, png):
    answer = client_for(reject_below=0.25).post("/v1/classify", data=png, content_type="image/png")
    assert answer.json["reject_below"] == 0.25


@pytest.mark.parametrize("model", ["tiny", "tiny@1"])
def test_a_model_is_named_with_or_without_its_version(post, png, model):
    answer = post(png, f"?model={model}").json
    assert (answer["model"], answer["model_version"]) == ("tiny", "1")


def test_the_newest_version_answers_to_the_name_alone(client_for, artifact_folder, metadata_for, png):
    other = Network.random((784, 10))
    save(other, metadata_for(other, version="10"), artifact_folder)
    save(other, metadata_for(other, version="2"), artifact_folder)
    answer = client_for().post("/v1/classify", data=png, content_type="image/png")
    assert answer.json["model_version"] == "10"


def test_the_query_wins_over_the_form_and_the_json(client, png, as_json):
    url = "/v1/classify?reject_below=0.25"
    form = client.post(url, data=file_part(png) | {"reject_below": "0.75"})
    json = client.post(url, json=as_json | {"reject_below": 0.75})
    assert (form.json["reject_below"], json.json["reject_below"]) == (0.25, 0.25)


def test_options_may_be_form_fields_and_json_members(client, png, as_json):
    form = client.post("/v1/classify", data=file_part(png) | {"reject_below": "0.75"})
    json = client.post("/v1/classify", json=as_json | {"reject_below": 0.75, "model": None})
    assert (form.json["reject_below"], json.json["reject_below"]) == (0.75, 0.75)


def test_ink_may_be_light_or_dark(post, png, picture):
    dark_on_light = Image.fromarray(255 - picture)
    buffer = io.BytesIO()
    dark_on_light.save(buffer, "PNG")
    inverted = post(buffer.getvalue(), "?invert=yes&center=no").json["activations"]
    assert inverted == post(png, "?invert=no&center=no").json["activations"]


def test_a_model_with_other_labels_is_answered_by_label(client_for, artifact_folder, metadata_for, png):
    network = Network.random((784, 3), np.random.default_rng(1))
    labels = ("solid", "vertical", "horizontal")
    save(network, metadata_for(network, name="shapes", labels=labels), artifact_folder)
    url = "/v1/classify?model=shapes&reject_below="
    answer = client_for().post(f"{url}0", data=png, content_type="image/png").json
    rejected = client_for().post(f"{url}1", data=png, content_type="image/png").json
    assert answer["labels"] == list(labels)
    assert answer["label"] == labels[answer["argmax"]]
    assert rejected["label"] is None
    assert "digit" not in answer


@pytest.fixture
def camera(client_for, artifact_folder, metadata_for):
    """A service whose default model is a camera of four pixels."""
    network = Network.random((4, 4, 4), np.random.default_rng(0), activations=[TANH, RELU])
    labels = ("solid", "vertical", "diagonal", "horizontal")
    metadata = metadata_for(network, name="four-pixel", labels=labels, preprocessing={"name": "four-pixel"})
    save(network, metadata, artifact_folder)
    return client_for(model="four-pixel")


def test_a_model_of_another_shape_reads_pixels(camera):
    answer = camera.post("/v1/classify", json={"pixels": [[1, -1], [1, -1]], "include": "image"}).json
    shown = Image.open(io.BytesIO(base64.b64decode(answer["image"].partition(",")[2])))
    assert len(answer["activations"]) == len(answer["labels"]) == 4
    assert np.asarray(shown).tolist() == [[255, 0], [255, 0]]


def test_a_model_of_another_shape_reads_no_png(camera, png):
    answer = camera.post("/v1/classify", data=png, content_type="image/png")
    assert answer.status_code == 400
    assert "2x2 pixels" in answer.json["detail"]


def test_the_preprocessing_is_told_where_it_is_asked_for(post, png):
    told = post(png, "?include=preprocessing").json["preprocessing"]
    assert told == {
        "inverted": False,
        "bounding_box": [10, 4, 18, 24],
        "scale": 1,
        "shift": [0, 0],
        "ink": pytest.approx(post(png, "?include=preprocessing").json["preprocessing"]["ink"]),
        "original_size": [28, 28],
        "mode": "L",
    }


def test_pixels_have_no_preprocessing_to_tell_of(client, picture):
    answer = client.post("/v1/classify?include=preprocessing", json={"pixels": (picture / 255).tolist()})
    assert answer.json["preprocessing"] is None


def test_the_image_shown_is_the_one_that_the_network_read(post, png, picture):
    url = post(png, "?include=image").json["image"]
    head, _, text = url.partition(",")
    shown = Image.open(io.BytesIO(base64.b64decode(text)))
    assert (head, shown.mode) == ("data:image/png;base64", "L")
    assert (np.asarray(shown) == picture).all()


def test_the_image_shown_has_passed_the_networks_own_input_step(
    client_for, artifact_folder, metadata_for, small_network
):
    metadata = metadata_for(small_network, name="deskewed", preprocessing={"name": "mnist-deskewed"})
    save(small_network, metadata, artifact_folder)
    slanted = np.zeros((28, 28), np.float32)
    for row in range(4, 24):
        slanted[row, 20 - row // 2 : 23 - row // 2] = 1
    body = {"pixels": slanted.tolist(), "model": "deskewed", "include": "image"}
    text = client_for().post("/v1/classify", json=body).json["image"].partition(",")[2]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
    columns = (shown * np.arange(28)).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    lean = np.ptp(columns[6:22])
    assert lean < 2  # the upload leans by eight columns over these rows


def test_hidden_layers_are_shown_from_the_first_to_the_output(post, png, small_network, picture):
    answer = post(png, "?include=hidden").json
    expected = small_network.trace((picture / np.float32(255)).reshape(1, -1))
    for shown, z, activations in zip(answer["hidden"], expected.z, expected.activations, strict=True):
        assert np.array(shown["z"], np.float32).tolist() == z[0].tolist()
        assert np.array(shown["activations"], np.float32).tolist() == activations[0].tolist()
    assert answer["hidden"][-1]["activations"] == answer["activations"]


@pytest.mark.parametrize("query", ["", "?include=image,hidden,preprocessing", "?reject_below=1"])
def test_the_answer_is_what_its_schema_promises(post, png, query):
    strict = with_config(ConfigDict(extra="forbid", strict=True))(Classified)
    TypeAdapter(strict).validate_json(post(png, query).data)


def test_the_schema_can_be_written_as_json_schema():
    schema = TypeAdapter(Classified).json_schema()
    assert schema["properties"]["activations"]["items"] == {"type": "number"}


def test_the_time_of_each_stage_is_told(client, png, picture):
    image = client.post("/v1/classify", data=png, content_type="image/png").headers["Server-Timing"]
    pixels = client.post("/v1/classify", json={"pixels": picture.tolist()}).headers["Server-Timing"]
    assert [part.split(";")[0] for part in image.split(", ")] == ["decode", "preprocess", "forward", "total"]
    assert "total;dur=" in pixels


def test_answers_are_json_in_one_line(post, png):
    answer = post(png)
    assert (answer.status_code, answer.content_type) == (HTTPStatus.OK, "application/json")
    assert answer.data.count(b"\n") == 1
    assert answer.data.endswith(b"}\n")
