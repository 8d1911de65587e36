"""POST /v2/models/<name>/infer: which tensors are read, what comes back, and what is refused."""

import json
import struct

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.artifacts import save
from service.network import Network

HISTOGRAMS = ("digits_largest_activation", "digits_margin", "digits_ink")


def test_the_answer_names_the_model_its_version_and_the_threshold(infer, tensor):
    told = infer({"id": "my own", "inputs": [tensor()]}).json
    outputs = told.pop("outputs")
    assert told == {
        "model_name": "tiny",
        "model_version": "1",
        "id": "my own",
        "parameters": {"reject_below": 0.5},
    }
    assert [(o["name"], o["datatype"], o["shape"]) for o in outputs] == [
        ("activations", "FP32", [2, 10]),
        ("argmax", "INT64", [2]),
        ("digit", "INT64", [2]),
        ("rejected", "BOOL", [2]),
    ]


@pytest.mark.parametrize("sent", [{}, {"id": None}])
def test_an_id_is_made_where_none_was_sent(infer, tensor, sent):
    answer = infer({"inputs": [tensor()]} | sent)
    assert answer.json["id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("reject_below", [0, 0.3, 1])
def test_the_outputs_agree_with_single_classifications(
    client, infer, images, tensors_in, tensor, reject_below
):
    told = tensors_in(infer({"inputs": [tensor()], "parameters": {"reject_below": reject_below}}))
    for i, image in enumerate(images):
        single = client.post(
            "/v1/classify", json={"pixels": image.tolist(), "reject_below": reject_below}
        ).json
        np.testing.assert_allclose(told["activations"][i], single["activations"], atol=1e-6)
        assert told["argmax"][i] == single["argmax"]
        assert told["rejected"][i] == single["rejected"]
        assert told["digit"][i] == (-1 if single["digit"] is None else single["digit"])


def test_a_blank_image_is_rejected(infer, tensor, tensors_in):
    answer = infer({"inputs": [tensor(shape=[1, 784], data=[0] * 784)], "parameters": {"reject_below": 1e-9}})
    assert tensors_in(answer)["rejected"].tolist() == [True]


@pytest.mark.parametrize("shape", [(2, 784), (2, 28, 28), (2, 1, 28, 28)])
@pytest.mark.parametrize("datatype", ["FP32", "UINT8"])
@pytest.mark.parametrize("form", ["flat", "nested", "binary"])
def test_every_shape_datatype_and_form_is_the_same_image(
    infer, images, activations, tensors_in, shape, datatype, form
):
    values = (images if datatype == "FP32" else (images * 255).astype(np.uint8)).reshape(shape)
    members = {"name": "image", "shape": shape, "datatype": datatype}
    if form == "binary":
        members["parameters"] = {"binary_data_size": values.nbytes}
        answer = infer({"inputs": [members]}, values.tobytes())
    else:
        answer = infer(
            {"inputs": [members | {"data": (values.ravel() if form == "flat" else values).tolist()}]}
        )
    np.testing.assert_allclose(tensors_in(answer)["activations"], activations, atol=1e-6)


def test_a_byte_is_the_same_pixel_as_in_a_png(client, infer, tensors_in, picture, png):
    members = {"name": "image", "shape": [1, 28, 28], "datatype": "UINT8", "data": picture.tolist()}
    told = tensors_in(infer({"inputs": [members]}))["activations"]
    single = client.post("/v1/classify", data=png, content_type="image/png").json
    np.testing.assert_allclose(told, [single["activations"]], atol=1e-6)


@pytest.mark.parametrize("place", range(4))
def test_a_binary_tensor_may_begin_anywhere(infer, images, activations, tensors_in, place):
    members = {"name": "image", "shape": [2, 784], "datatype": "FP32"}
    sent = {"id": " " * place, "inputs": [members | {"parameters": {"binary_data_size": images.nbytes}}]}
    np.testing.assert_allclose(
        tensors_in(infer(sent, images.tobytes()))["activations"], activations, atol=1e-6
    )


def test_the_models_own_input_step_applies(client_for, artifact_folder, metadata_for, images, tensors_in):
    network = Network.random((784, 10), np.random.default_rng(0))
    metadata = metadata_for(network, name="leaning", preprocessing={"name": "mnist-deskewed"})
    save(network, metadata, artifact_folder)
    client = client_for()
    pixels = images[0].tolist()
    single = client.post("/v1/classify?model=leaning", json={"pixels": pixels}).json["activations"]
    members = {"name": "image", "shape": [1, 784], "datatype": "FP32", "data": pixels}
    told = client.post("/v2/models/leaning/infer", json={"inputs": [members]})
    np.testing.assert_allclose(tensors_in(told)["activations"], [single], atol=1e-6)
    assert not np.allclose(network.forward(images[:1]), single)


@pytest.mark.parametrize("content_type", [None, "text/html", "multipart/form-data", "image/png"])
def test_the_body_is_read_whatever_its_content_type(client, tensor, content_type):
    body = json.dumps({"inputs": [tensor()]})
    answer = client.post("/v2/models/tiny/infer", data=body, content_type=content_type)
    assert answer.status_code == 200


def test_members_that_nobody_knows_are_ignored(infer, tensor):
    sent = {"inputs": [tensor(more=[1])], "model_name": "another", "parameters": {"mine": True, "x": None}}
    assert infer(sent).status_code == 200


@pytest.mark.parametrize("sent", [{"outputs": None}, {"outputs": []}, {"parameters": None}])
def test_null_and_nothing_are_as_if_not_sent(infer, tensor, sent):
    assert len(infer({"inputs": [tensor(parameters=None)]} | sent).json["outputs"]) == 4


def test_an_output_may_differ_from_the_form_of_all(infer, tensor):
    sent = {
        "inputs": [tensor()],
        "outputs": [{"name": "digit"}, {"name": "argmax", "parameters": {"binary_data": False}}],
        "parameters": {"binary_data_output": True},
    }
    answer = infer(sent)
    head = answer.data[: int(answer.headers["Inference-Header-Content-Length"])]
    digit, argmax = json.loads(head)["outputs"]
    assert digit["parameters"] == {"binary_data_size": 16}
    assert len(argmax["data"]) == 2
    assert answer.content_type == "application/octet-stream"


def test_a_body_of_one_raw_tensor_needs_no_json(infer, client, images, activations, tensors_in, png):
    answer = infer(b"", images.tobytes())
    np.testing.assert_allclose(tensors_in(answer)["activations"], activations, atol=1e-6)
    single = client.post("/v1/classify", data=png, content_type="image/png").json["activations"]
    np.testing.assert_allclose(tensors_in(infer(b"", png))["activations"], [single], atol=1e-6)


@pytest.fixture
def camera(client_for, artifact_folder, metadata_for):
    """A client of a service with a model that reads four pixels from -1 to 1 and has labels of its own."""
    network = Network.random((4, 3), np.random.default_rng(1))
    labels = ("dark", "äh", "light")
    changes = {"labels": labels, "preprocessing": {"name": "four-pixel"}}
    save(network, metadata_for(network, name="camera", **changes), artifact_folder)
    return client_for(), network, labels


@pytest.mark.parametrize("shape", [[2, 4], [2, 2, 2], [2, 1, 2, 2]])
@pytest.mark.parametrize("binary", [True, False])
def test_another_model_has_tensors_and_labels_of_its_own(camera, tensors_in, shape, binary):
    client, network, labels = camera
    pixels = np.array([[-1, 1, -1, 1], [1, 1, 1, 1]], np.float32)
    sent = {
        "inputs": [{"name": "image", "shape": shape, "datatype": "FP32", "data": pixels.ravel().tolist()}],
        "parameters": {"binary_data_output": binary, "reject_below": 0},
    }
    told = tensors_in(client.post("/v2/models/camera/infer", json=sent))
    expected = network.forward(pixels)
    np.testing.assert_allclose(told["activations"], expected, atol=1e-6)
    assert told["label"].tolist() == [labels[place] for place in expected.argmax(axis=1)]
    sent["parameters"]["reject_below"] = 1
    assert tensors_in(client.post("/v2/models/camera/infer", json=sent))["label"].tolist() == ["", ""]


def test_a_model_without_paper_reads_neither_bytes_nor_pngs(camera):
    client, _, _ = camera
    for name, datatype, data in [("image", "UINT8", [0, 0, 0, 0]), ("png", "BYTES", ["iVBORw0KGgo="])]:
        sent = {"inputs": [{"name": name, "shape": [1, 4], "datatype": datatype, "data": data}]}
        assert client.post("/v2/models/camera/infer", json=sent).status_code == 400


def bytes_tensor(*strings):
    return b"".join(struct.pack("<I", len(string)) + string for string in strings)


@pytest.mark.parametrize("binary", [True, False])
def test_one_bad_picture_is_named_and_refuses_the_request(infer, png, as_json, binary):
    members = {"name": "png", "shape": [2], "datatype": "BYTES"}
    if binary:
        content = bytes_tensor(png, png[:-20])
        answer = infer({"inputs": [members | {"parameters": {"binary_data_size": len(content)}}]}, content)
    else:
        answer = infer({"inputs": [members | {"data": [as_json["image"], as_json["image"][:-32]]}]})
    assert answer.status_code == 422
    assert answer.json["error"].startswith("picture 1: ")


def test_pictures_that_are_too_large_together_are_refused(client_for, as_json):
    client = client_for(max_pixels=28 * 28)
    members = {"name": "png", "shape": [5], "datatype": "BYTES", "data": [as_json["image"]] * 5}
    answer = client.post("/v2/models/tiny/infer", json={"inputs": [members]})
    assert (answer.status_code, answer.json["code"]) == (413, "image_too_large")
    assert answer.json["error"].startswith("picture 4: ")


ONE = {"name": "image", "shape": [1, 784], "datatype": "FP32", "data": [0.5] * 784}
PNG = {"name": "png", "shape": [1], "datatype": "BYTES", "data": ["iVBORw0KGgo="]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": []}, "0 inputs"),
        ({"inputs": [ONE, PNG]}, "2 inputs"),
        ({"inputs": [ONE] * 17}, "inputs is missing or cannot be understood"),
        ({"inputs": None}, "inputs"),
        ({"inputs": [{**ONE, "name": "picture"}]}, "no input 'picture'; send image or png"),
        (
            {"inputs": [{**ONE, "name": 7}]},
            "inputs[0].name is missing or cannot be understood; send a string",
        ),
        ({"inputs": [{**ONE, "datatype": "FP64"}]}, "FP32 or UINT8"),
        ({"inputs": [{**ONE, "datatype": "\x00"}]}, "'\\x00'"),
        ({"inputs": [{**ONE, "shape": [784]}]}, "[n, 784], [n, 28, 28] or [n, 1, 28, 28]"),
        ({"inputs": [{**ONE, "shape": []}]}, "[n, 784]"),
        ({"inputs": [{**ONE, "shape": [1, 28, 29]}]}, "[n, 784]"),
        ({"inputs": [{**ONE, "shape": [-1, 784]}]}, "inputs[0].shape[0]"),
        ({"inputs": [{**ONE, "shape": [1.0, 784]}]}, "inputs[0].shape[0]"),
        ({"inputs": [{**ONE, "shape": [2**63, 784]}]}, "inputs[0].shape[0]"),
        ({"inputs": [{**ONE, "shape": [1] * 9}]}, "inputs[0].shape "),
        ({"inputs": [{**ONE, "shape": [0, 784], "data": []}]}, "0 images; send 1 to 1024"),
        ({"inputs": [{**ONE, "shape": [2, 784]}]}, "784 elements; its shape says 1568"),
        ({"inputs": [{**ONE, "data": None}]}, "no data"),
        ({"inputs": [{**ONE, "data": "0.5"}]}, "not a list"),
        ({"inputs": [{**ONE, "data": [True] * 784}]}, "something else than numbers"),
        ({"inputs": [{**ONE, "data": ["0.5"] * 784}]}, "something else than numbers"),
        ({"inputs": [{**ONE, "data": [[0.5] * 783, [0.5]]}]}, "equally long"),
        ({"inputs": [{**ONE, "data": [[0.5] * 783, 0.5]}]}, "equally long"),
        ({"inputs": [{**ONE, "data": [0.5] * 783 + [1.01]}]}, "between 0 (paper) and 1 (ink)"),
        ({"inputs": [{**ONE, "data": [0.5] * 783 + [1e300]}]}, "between 0 (paper) and 1 (ink)"),
        ({"inputs": [{**ONE, "datatype": "UINT8"}]}, "something else than numbers"),
        ({"inputs": [{**ONE, "datatype": "UINT8", "data": [256] * 784}]}, "between 0 (paper) and 1 (ink)"),
        ({"inputs": [{**PNG, "datatype": "FP32"}]}, "datatype BYTES and shape [n]"),
        ({"inputs": [{**PNG, "shape": [1, 1]}]}, "datatype BYTES and shape [n]"),
        ({"inputs": [{**PNG, "data": [7]}]}, "something else than strings"),
        ({"inputs": [{**PNG, "data": ["?"]}]}, "picture 0 is not base64"),
        ({"inputs": [{**ONE, "parameters": {"binary_data_size": 3136}}]}, "3136 bytes, and 0 follow"),
        ({"inputs": [{**ONE, "parameters": {"binary_data_size": -1}}]}, "send a number of bytes"),
        ({"inputs": [{**ONE, "parameters": {"x": [1]}}]}, "inputs[0].parameters"),
        ({"id": 7}, "id is missing or cannot be understood; send a string"),
        ({"parameters": {"reject_below": 1.5}}, "parameters.reject_below"),
        ({"parameters": {"reject_below": True}}, "a number from 0 to 1"),
        ({"parameters": {"binary_data_output": 1}}, "true or false"),
        ({"parameters": {"x": {}}}, "an object of scalars"),
        ({"parameters": []}, "parameters"),
        ({"outputs": [{"name": "probabilities"}]}, "it has activations, argmax, digit, rejected"),
        ({"outputs": [{"name": "digit"}, {"name": "digit"}]}, "twice"),
        ({"outputs": [{}]}, "outputs[0].name"),
        (
            {"outputs": [{"name": "digit", "parameters": {"binary_data": 1}}]},
            "outputs[0].parameters.binary_data",
        ),
        ({"outputs": [{"name": "digit", "parameters": {"shared_memory_region": "r"}}]}, "shared memory"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_says_what_to_send(infer, changes, said):
    answer = infer({"inputs": [ONE]} | changes)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    ("tensor", "n"), [({**ONE, "shape": [1025, 784]}, 1025), ({**PNG, "shape": [257]}, 257)]
)
def test_more_images_than_are_read_are_too_large(infer, tensor, n):
    answer = infer({"inputs": [tensor]})
    assert answer.status_code == 413
    assert f"{n} images; at most {n - 1} are read" in answer.json["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b'{"inputs": [NaN]}', b"[" * 2000])
def test_a_body_that_is_no_json_object_is_refused(infer, body):
    assert infer(body).status_code == 400


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, -1e-6, 1.00001])
def test_a_binary_tensor_with_a_number_out_of_bounds_is_refused(infer, images, number):
    images[1, 783] = number
    members = {"name": "image", "shape": [2, 784], "datatype": "FP32"}
    sent = {"inputs": [members | {"parameters": {"binary_data_size": images.nbytes}}]}
    answer = infer(sent, images.tobytes())
    assert answer.status_code == 400
    assert "paper" in answer.json["error"]


@pytest.mark.parametrize(
    ("size", "content", "said"),
    [
        (3136, bytes(3135), "3136 bytes, and 3135 follow"),
        (3136, bytes(3137), "3136 bytes, and 3137 follow"),
        (3132, bytes(3132), "784 elements of FP32 have 3136"),
        (0, b"", "784 elements of FP32 have 3136"),
        (None, bytes(3136), "0 bytes, and 3136 follow"),
    ],
)
def test_a_binary_tensor_of_another_size_is_refused(infer, size, content, said):
    members = {
        "name": "image",
        "shape": [1, 784],
        "datatype": "FP32",
        "parameters": {"binary_data_size": size},
    }
    answer = infer({"inputs": [members]}, content)
    assert answer.status_code == 400
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    "content",
    [
        bytes_tensor(b"one", b"two"),
        bytes_tensor(b"one")[:-1],
        bytes_tensor(b"one") + b"x",
        b"abc",
        b"\xff\xff\xff\xffabc",
        b"",
    ],
)
def test_a_binary_tensor_that_is_not_one_string_is_refused(infer, content):
    members = {"name": "png", "shape": [1], "datatype": "BYTES"}
    answer = infer({"inputs": [members | {"parameters": {"binary_data_size": len(content)}}]}, content)
    assert answer.status_code == 400
    assert "1 elements of BYTES" in answer.json["error"]


def test_data_here_and_data_there_are_refused(infer):
    sent = {"inputs": [{**ONE, "parameters": {"binary_data_size": 4}}]}
    assert "no data, or two" in infer(sent, bytes(4)).json["error"]


@pytest.mark.parametrize("length", ["-1", "7.0", "x", "99999", "٣", "1" * 30])
def test_a_length_that_is_not_within_the_body_is_refused(client, length):
    headers = [("Inference-Header-Content-Length", length)]
    answer = client.post("/v2/models/tiny/infer", data=b"{}", headers=headers)
    assert answer.status_code == 400
    assert "Inference-Header-Content-Length" in answer.json["error"]


@pytest.mark.parametrize("body", [b"x", bytes(3137), b"GIF89a"])
def test_a_raw_body_that_is_no_tensor_is_refused(infer, body):
    assert "neither a PNG nor images of 784 FP32" in infer(b"", body).json["error"]


def test_more_numbers_than_are_read_are_refused_before_they_are_parsed(infer):
    answer = infer(b'{"inputs": [' + b"0," * 1_000_000 + b"0]}")
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/v2/models/nobody/infer", "/v2/models/tiny/versions/9/infer"])
def test_an_unknown_model_or_version_is_told_with_those_that_exist(infer, path, tensor):
    answer = infer({"inputs": [tensor()]}, path=path)
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")


def test_many_images_are_counted_as_each_of_them_would_be(client_for, tensor, images):
    one_by_one, together = client_for(), client_for()
    for image in images:
        one_by_one.post("/v1/classify?reject_below=0.4", json={"pixels": image.tolist()})
    sent = {"inputs": [tensor()], "parameters": {"reject_below": 0.4}}
    together.post("/v2/models/tiny/infer", json=sent)
    counted = [
        {
            (sample.name, *sample.labels.values()): pytest.approx(sample.value, rel=1e-5)
            for family in text_string_to_metric_families(client.get("/metrics").text)
            if family.name in {"digits_classifications", "digits_rejections", *HISTOGRAMS}
            for sample in family.samples
        }
        for client in (one_by_one, together)
    ]
    assert counted[0] == {key: value.expected for key, value in counted[1].items()}


def test_every_image_is_counted_and_the_log_says_how_many(client, infer, tensor, lines):
    infer({"inputs": [tensor()], "parameters": {"reject_below": 1}})
    counted = client.get("/metrics").text
    assert 'digits_classifications_total{digit="rejected",model="tiny"} 2.0' in counted
    assert 'digits_ink_count{model="tiny"} 2.0' in counted
    assert (lines[0]["model"], lines[0]["images"]) == ("tiny", 2)


def test_the_time_of_each_stage_is_told(infer, tensor):
    stages = infer({"inputs": [tensor()]}).headers["Server-Timing"]
    assert [stage.partition(";")[0] for stage in stages.split(", ")] == [
        "read",
        "decode",
        "preprocess",
        "forward",
        "count",
        "encode",
        "total",
    ]
