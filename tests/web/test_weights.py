"""What is inside a network, drawn and in numbers, is what its artifact holds."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from service.artifacts import save
from service.network import RELU, SIGMOID, TANH, Layer, Network
from service.web import dreams
from service.web.drawing import DRAWING, MOST_PIXELS

MODEL = "/v1/models/tiny"


@pytest.fixture
def camera(client_for, artifact_folder, metadata_for):
    """A service that knows a camera of four pixels too."""
    network = Network.random((4, 3, 2), np.random.default_rng(4), activations=[TANH, RELU])
    metadata = metadata_for(network, name="camera", preprocessing={"name": "four-pixel"})
    save(network, metadata, artifact_folder)
    return client_for()


def pixels_of(answer):
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    image = Image.open(io.BytesIO(answer.data))
    return np.asarray(image.convert("RGB") if image.mode == "P" else image)


# Numbers


@pytest.mark.parametrize(("depth", "neuron", "shape"), [(0, 3, [28, 28]), (1, 15, [4, 4]), (2, 9, [4, 4])])
def test_the_numbers_of_a_neuron_are_those_of_the_network(client, small_network, depth, neuron, shape):
    told = client.get(f"{MODEL}/weights/{depth}/{neuron}.json").json
    layer = small_network.layers[depth]
    assert np.array(told.pop("weights"), np.float32).tolist() == layer.weights[neuron].tolist()
    assert np.float32(told.pop("bias")) == layer.biases[neuron]
    assert told == {
        "model": "tiny",
        "model_version": "1",
        "layer": depth,
        "neuron": neuron,
        "activation_function": "sigmoid",
        "shape": shape,
    }


def test_the_numbers_of_a_wide_layer_are_told_too(client_for, artifact_folder, metadata_for):
    network = Network.random((784, 400, 10), np.random.default_rng(5), activations=[RELU, SIGMOID])
    save(network, metadata_for(network, name="wide"), artifact_folder)
    told = client_for().get("/v1/models/wide/weights/0/399.json").json
    assert np.array(told["weights"], np.float32).tolist() == network.layers[0].weights[399].tolist()


# Pictures


def test_a_neuron_is_drawn_as_the_grid_that_its_row_of_weights_folds_into(client, small_network):
    grid = pixels_of(client.get(f"{MODEL}/weights/0/3.png")).astype(int)
    weights = small_network.layers[0].weights[3].reshape(28, 28)
    redder = grid[..., 0] > grid[..., 2]  # vermilion; blue where it is not
    strong = np.abs(weights) > 0.05 * np.abs(weights).max()
    assert (redder[strong] == (weights[strong] < 0)).all()


def test_the_videos_draw_in_green_and_red(client, small_network):
    grid = pixels_of(client.get(f"{MODEL}/weights/0/3.png?palette=video")).astype(int)
    weights = small_network.layers[0].weights[3].reshape(28, 28)
    greener = grid[..., 1] > grid[..., 0]
    strong = np.abs(weights) > 0.05 * np.abs(weights).max()
    assert (greener[strong] == (weights[strong] > 0)).all()


def test_a_picture_is_drawn_as_large_as_is_asked_for(client):
    small = pixels_of(client.get(f"{MODEL}/weights/1/0.png"))
    large = pixels_of(client.get(f"{MODEL}/weights/1/0.png?scale=7"))
    assert (small.shape, large.shape) == ((4, 4, 3), (28, 28, 3))
    assert (large[3::7, 3::7] == small).all()


def test_a_layer_is_a_sheet_of_its_neurons(client):
    sheet = pixels_of(client.get(f"{MODEL}/weights/0.png"))
    sixth = pixels_of(client.get(f"{MODEL}/weights/0/6.png"))
    assert sheet.shape == (4 * 29 - 1, 4 * 29 - 1, 3)
    assert (sheet[29:57, 58:86] == sixth).all()  # second line, third grid


def test_the_weights_of_a_camera_lie_as_its_pixels_do(camera):
    assert pixels_of(camera.get("/v1/models/camera/weights/0/0.png")).shape == (2, 2, 3)


# Dreams


@pytest.mark.parametrize("neuron", range(10))
def test_a_dream_excites_its_neuron(client, small_network, neuron):
    dreamt = pixels_of(client.get(f"{MODEL}/dream/{neuron}.png")) / np.float32(255)
    images = np.stack([np.zeros(784, np.float32), dreamt.reshape(-1)])
    blank, excited = small_network.forward(images)[:, neuron]
    assert excited > blank


def test_a_dream_of_a_camera_lies_between_its_extremes(camera):
    shown = pixels_of(camera.get("/v1/models/camera/dream/1.png"))
    assert shown.shape == (2, 2)


def test_a_dream_in_colour_shows_ink_as_a_positive_number(client):
    grey = pixels_of(client.get(f"{MODEL}/dream/3.png"))
    green = pixels_of(client.get(f"{MODEL}/dream/3.png?palette=video"))
    assert (green[grey == 0] == 0).all()
    assert (green[grey > 9][:, 1] > green[grey > 9][:, 0]).all()


def test_a_dream_is_dreamt_once(client, monkeypatch):
    dreamt = []
    real = dreams.dream
    monkeypatch.setattr(dreams, "dream", lambda *of: dreamt.append(of[1]) or real(*of))
    paths = ["dream/3.png", "dream/3.png?scale=4", "versions/1/dream/3.png", "dream/4.png"]
    first, _, third, _ = [client.get(f"{MODEL}/{path}") for path in paths]
    assert dreamt == [3, 4]
    assert first.data == third.data


def test_those_who_ask_for_the_same_dream_at_once_wait_for_one(client, monkeypatch):
    dreamt, gate = [], threading.Event()
    real = dreams.dream

    def slow(*of):
        dreamt.append(of[1])
        gate.wait(5)
        return real(*of)

    monkeypatch.setattr(dreams, "dream", slow)

    def fetch():
        client.application.test_client().get(f"{MODEL}/dream/0.png")

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert dreamt == [0]


@pytest.mark.parametrize(("n_parameters", "steps"), [(13_002, 300), (2_000_000, 300), (6_000_000, 100)])
def test_a_dream_takes_fewer_steps_where_each_is_expensive(n_parameters, steps):
    layer = Layer(np.broadcast_to(np.float32(0), (n_parameters - 1, 1)), np.zeros(1), RELU)
    assert dreams.steps_for(Network((layer,))) == steps


def test_a_dream_takes_some_steps_however_expensive():
    layer = Layer(np.broadcast_to(np.float32(0), (10**6, 10**4)), np.zeros(1), RELU)
    assert dreams.steps_for(Network((layer,))) == 25


# What there is not


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("weights/3.png", "model tiny has no layer '3'; its layers are 0 to 2"),
        ("weights/3/0.json", "its layers are 0 to 2"),
        ("weights/-1.png", "its layers are 0 to 2"),
        ("weights/first.png", "no layer 'first'"),
        ("weights/00.png", "no layer '00'"),
        ("weights/1\N{SUPERSCRIPT TWO}.png", "its layers are 0 to 2"),
        ("weights/\N{ARABIC-INDIC DIGIT ONE}.png", "its layers are 0 to 2"),
        (f"weights/{'1' * 5000}.png", "its layers are 0 to 2"),
        ("weights/0/16.png", "layer 0 has no neuron '16'; its neurons are 0 to 15"),
        ("weights/2/10.json", "layer 2 has no neuron '10'; its neurons are 0 to 9"),
        ("dream/10.png", "layer 2 has no neuron '10'; its neurons are 0 to 9"),
        ("versions/1/dream/x.png", "its neurons are 0 to 9"),
    ],
)
def test_a_layer_or_neuron_that_does_not_exist_is_answered_with_those_that_do(client, path, detail):
    answer = client.get(f"{MODEL}/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_neuron")
    assert detail in answer.json["detail"]


@pytest.mark.parametrize("path", ["weights/0.png", "weights/0/0.png", "weights/0/0.json", "dream/0.png"])
def test_a_model_that_does_not_exist_is_answered_with_those_that_do(client, path):
    for model in ("/v1/models/nobody", f"{MODEL}/versions/7"):
        answer = client.get(f"{model}/{path}")
        assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")
        assert "those that exist" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("palette=pink", "palette 'pink' is not allowed; send blue-orange, video"),
        ("palette=", "send blue-orange, video"),
        ("scale=0", "send a whole number from 1 to 32"),
        ("scale=33", "send a whole number from 1 to 32"),
        ("scale=1e1", "send a whole number from 1 to 32"),
        ("scale=99999999999999999999", "send a whole number from 1 to 32"),
        ("scale=2&scale=2", "'scale' is given 2 times"),
        ("colour=red", "there is no option 'colour'; there are palette, scale"),
    ],
)
@pytest.mark.parametrize("path", ["weights/0.png", "weights/0/0.png", "dream/0.png"])
def test_an_option_that_is_not_allowed_is_answered_with_what_is(client, path, query, detail):
    answer = client.get(f"{MODEL}/{path}?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
    assert detail in answer.json["detail"]


def test_a_sheet_is_not_drawn_larger_than_a_picture_may_be(client):
    largest = int((MOST_PIXELS / 115**2) ** 0.5)
    refused = client.get(f"{MODEL}/weights/0.png?scale={largest + 1}")
    assert pixels_of(client.get(f"{MODEL}/weights/0.png?scale={largest}")).shape[0] == 115 * largest
    assert refused.status_code == 400
    assert f"send at most {largest}" in refused.json["detail"]


def test_a_layer_of_more_weights_than_a_picture_shows_is_taken_neuron_by_neuron(
    client_for, artifact_folder, metadata_for
):
    network = Network.random((784, 6000, 2), np.random.default_rng(0))
    save(network, metadata_for(network, name="huge"), artifact_folder)
    client = client_for()
    refused = client.get("/v1/models/huge/weights/0.png")
    assert refused.status_code == 400
    assert "single neurons" in refused.json["detail"]
    assert pixels_of(client.get("/v1/models/huge/weights/0/5999.png")).shape == (28, 28, 3)


def test_every_option_of_a_drawing_is_documented(request):
    text = (request.config.rootpath / "docs" / "api.md").read_text()
    assert {name for name in DRAWING if f"`{name}`" not in text} == set()


# Answers that may be kept

KEPT = ["weights/0.png", "weights/0/3.png?scale=2", "weights/0/3.json", "dream/3.png", "artifact", "card"]


@pytest.mark.parametrize("path", KEPT)
def test_what_a_client_has_already_is_not_sent_again(client, path):
    first = client.get(f"{MODEL}/{path}")
    again = client.get(f"{MODEL}/{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("path", KEPT)
def test_a_proxy_may_have_weakened_the_tag(client, path):
    tag = client.get(f"{MODEL}/{path}").headers["ETag"]
    assert not tag.startswith("W/")
    assert client.get(f"{MODEL}/{path}", headers={"If-None-Match": f'"other", W/{tag}'}).status_code == 304


@pytest.mark.parametrize("path", KEPT)
def test_head_tells_what_get_would(client, path):
    got, told = client.get(f"{MODEL}/{path}"), client.head(f"{MODEL}/{path}")
    assert (told.status_code, told.data) == (200, b"")
    names = ("ETag", "Content-Length", "Content-Type", "Cache-Control")
    assert [told.headers[name] for name in names] == [got.headers[name] for name in names]


@pytest.mark.parametrize("path", KEPT)
def test_what_a_name_stands_for_may_change_and_a_version_does_so_seldom(client, path):
    assert client.get(f"{MODEL}/{path}").headers["Cache-Control"] == "no-cache"
    assert client.get(f"{MODEL}/versions/1/{path}").headers["Cache-Control"] == "private, max-age=3600"


def test_each_thing_that_is_drawn_has_a_tag_of_its_own(client):
    paths = [
        *KEPT,
        "weights/1.png",
        "weights/0.png?palette=video",
        "weights/0/0.png",
        "weights/0/0.json",
        "weights/0/0.png?scale=2",
        "weights/1/0.png",
        "dream/0.png",
        "dream/0.png?palette=blue-orange",
    ]
    tags = {client.get(f"{MODEL}/{path}").headers["ETag"] for path in paths}
    assert len(tags) == len(paths)


def test_another_artifact_of_the_same_name_has_other_tags(client, client_for, artifact_folder, metadata_for):
    other = Network.random((784, 16, 16, 10), np.random.default_rng(7))
    before = [client.get(f"{MODEL}/{path}").headers["ETag"] for path in KEPT]
    save(other, metadata_for(other), artifact_folder)
    after = [client_for().get(f"{MODEL}/{path}").headers["ETag"] for path in KEPT]
    assert not set(before) & set(after)


def test_a_failure_is_not_kept(client):
    assert client.get(f"{MODEL}/weights/9.png").headers["Cache-Control"] == "no-store"
