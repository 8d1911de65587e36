"""tritonclient[http], in all its modes: what it reads out of our answers is what POST /v1/classify says."""

import asyncio

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

OUTPUTS = ("activations", "argmax", "digit", "rejected")


@pytest.fixture
def client(url):
    with triton.InferenceServerClient(url.removeprefix("http://"), concurrency=4) as client:
        yield client


def tensor(values, datatype, *, binary=True, name="image"):
    given = triton.InferInput(name, list(values.shape), datatype)
    return given.set_data_from_numpy(values, binary_data=binary)


def strings(values, *, binary):
    return tensor(np.array(values, np.object_), "BYTES", binary=binary, name="png")


def close(result, activations):
    np.testing.assert_allclose(result.as_numpy("activations"), activations, atol=5e-6)


def test_the_server_is_live_and_ready_and_says_what_it_speaks(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]


@pytest.mark.parametrize("version", ["", "1"])
def test_a_model_is_ready_and_describes_itself(client, version):
    assert client.is_model_ready("plain", version)
    told = client.get_model_metadata("plain", version)
    assert [t["name"] for t in told["inputs"]] == ["image", "png"]
    assert [t["name"] for t in told["outputs"]] == list(OUTPUTS)


def test_what_does_not_exist_is_not_ready(client):
    assert not client.is_model_ready("nobody")
    assert not client.is_model_ready("plain", "99")
    with pytest.raises(InferenceServerException, match="there is no model 'nobody'"):
        client.get_model_metadata("nobody")


def test_the_repository_index_names_every_version(client):
    index = client.get_model_repository_index()
    assert {"name": "plain", "version": "1", "state": "READY", "reason": ""} in index


@pytest.mark.parametrize("sent_binary", [True, False])
@pytest.mark.parametrize("binary", [True, False, None])
def test_a_tensor_is_answered(client, images, activations, digits, sent_binary, binary):
    given = [tensor(images, "FP32", binary=sent_binary)]
    outputs = (
        None if binary is None else [triton.InferRequestedOutput(n, binary_data=binary) for n in OUTPUTS]
    )
    result = client.infer("plain", given, outputs=outputs)
    close(result, activations)
    assert (result.as_numpy("argmax") == activations.argmax(axis=1)).all()
    assert (result.as_numpy("digit") == digits).all()
    assert (result.as_numpy("rejected") == (digits == -1)).all()


@pytest.mark.parametrize("shape", [(100, 784), (100, 28, 28), (100, 1, 28, 28)])
@pytest.mark.parametrize(("datatype", "scale"), [("FP32", 1), ("UINT8", 255)])
@pytest.mark.parametrize("binary", [True, False])
def test_every_shape_and_datatype_is_the_same_image(
    client, images, activations, shape, datatype, scale, binary
):
    dtype = {"FP32": np.float32, "UINT8": np.uint8}[datatype]
    given = (images * scale).astype(dtype).reshape(shape)
    close(client.infer("plain", [tensor(given, datatype, binary=binary)]), activations)


def test_pngs_are_sent_as_they_are_or_in_base64(client, pngs, base64_of_pngs, of_pngs):
    close(client.infer("plain", [strings(pngs, binary=True)]), of_pngs)
    close(client.infer("plain", [strings(base64_of_pngs, binary=False)]), of_pngs)


@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
@pytest.mark.parametrize("wanted", [None, "gzip", "deflate"])
def test_bodies_may_be_compressed(client, images, activations, sent, wanted):
    result = client.infer(
        "plain",
        [tensor(images, "FP32")],
        request_compression_algorithm=sent,
        response_compression_algorithm=wanted,
    )
    close(result, activations)


def test_outputs_come_in_the_order_and_form_in_which_they_are_asked_for(client, images):
    wanted = [
        triton.InferRequestedOutput("rejected", binary_data=False),
        triton.InferRequestedOutput("activations", binary_data=True),
    ]
    result = client.infer("plain", [tensor(images[:2], "FP32")], outputs=wanted)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["rejected", "activations"]
    assert "data" in result.get_output("rejected")
    assert result.get_output("activations")["parameters"] == {"binary_data_size": 80}
    assert result.as_numpy("argmax") is None


def test_the_id_and_the_version_come_back(client, images):
    given = [tensor(images[:1], "FP32")]
    told = client.infer("plain", given, model_version="1", request_id="my own Äpfel").get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("my own Äpfel", "plain", "1")
    assert client.infer("plain", given).get_response()["id"]


def test_rejection_is_a_parameter_and_others_are_ignored(client, images, activations):
    given = [tensor(images, "FP32")]
    extra = {"timeout": 1_000_000, "priority": 1, "sequence_id": 7, "sequence_start": True}
    none = client.infer("plain", given, parameters={"reject_below": 0.0, "mine": "x"}, **extra)
    all_of_them = client.infer("plain", given, parameters={"reject_below": 1})
    assert not none.as_numpy("rejected").any()
    assert all_of_them.as_numpy("rejected").all()
    assert (all_of_them.as_numpy("digit") == -1).all()
    close(none, activations)


def test_many_requests_at_once_are_answered_each_with_its_own(client, images, activations):
    waiting = [client.async_infer("plain", [tensor(image[np.newaxis], "FP32")]) for image in images]
    for one, row in zip(waiting, activations, strict=True):
        close(one.get_result(), row[np.newaxis])


def test_the_asyncio_client_gets_the_same(url, images, activations):
    async def ask():
        async with triton_aio.InferenceServerClient(url.removeprefix("http://")) as client:
            assert await client.is_server_live()
            assert await client.is_model_ready("plain", "1")
            assert (await client.get_model_metadata("plain"))["platform"]
            return [
                await client.infer("plain", [tensor(images, "FP32", binary=binary)], **compression)
                for binary in (True, False)
                for compression in ({}, {"request_compression_algorithm": "gzip"})
            ]

    for result in asyncio.run(ask()):
        close(result, activations)


def posted(url, body, json_bytes):
    """Send a body over a connection that is not the client's own, and let the client read the answer."""
    field = "Inference-Header-Content-Length"
    headers = {field: str(json_bytes)}
    answer = httpx.post(f"{url}/v2/models/plain/infer", content=body, headers=headers, timeout=60)
    return triton.InferenceServerClient.parse_response_body(
        answer.content, header_length=int(answer.headers[field])
    )


def test_bodies_made_and_read_without_a_connection_are_the_same(url, images, activations):
    given = [tensor(images, "FP32")]
    body, json_bytes = triton.InferenceServerClient.generate_request_body(given)
    close(posted(url, body, json_bytes), activations)


@pytest.mark.parametrize("datatype", ["FP32", "png"])
def test_a_body_of_one_raw_tensor_is_answered(url, images, activations, pngs, of_pngs, datatype):
    body, wanted = (images.tobytes(), activations) if datatype == "FP32" else (pngs[0], of_pngs[:1])
    close(posted(url, body, 0), wanted)


def test_the_four_pixel_camera_has_tensors_of_its_own(client):
    images = np.array([[1, 1, 1, 1], [1, -1, 1, -1]], np.float32)
    for binary in (True, False):
        outputs = [triton.InferRequestedOutput(n, binary_data=binary) for n in ("activations", "label")]
        given = [tensor(images.reshape(2, 2, 2), "FP32", binary=binary)]
        result = client.infer("four-pixel", given, outputs=outputs)
        assert result.as_numpy("activations").shape == (2, 4)
        assert [str(name, "utf-8") if binary else name for name in result.as_numpy("label")] == [
            "solid",
            "vertical",
        ]


def refused(client, match, given, **options):
    with pytest.raises(InferenceServerException, match=match) as caught:
        client.infer(options.pop("model", "plain"), [given], **options)
    return caught.value.status()


def test_what_is_not_served_is_refused_and_says_why(client, images):
    given = tensor(images[:1], "FP32")
    classes = [triton.InferRequestedOutput("activations", class_count=3)]
    unknown = [triton.InferRequestedOutput("probabilities")]
    shared = triton.InferInput("image", [1, 784], "FP32").set_shared_memory("region", 3136)
    assert refused(client, "classification", given, outputs=classes) == "400"
    assert refused(client, "no output 'probabilities'", given, outputs=unknown) == "400"
    assert refused(client, "shared memory", shared) == "400"
    assert refused(client, "no model 'nobody'", given, model="nobody") == "404"
    assert refused(client, "no version '9'", given, model_version="9") == "404"
    assert refused(client, "no input 'picture'", tensor(images[:1], "FP32", name="picture")) == "400"
    assert refused(client, "datatype", tensor(images[:1].astype(np.float64), "FP64")) == "400"
    assert refused(client, "shape", tensor(images[:1, :783], "FP32")) == "400"
    assert refused(client, "picture 0", strings([b"GIF89a"], binary=True)) == "415"


@pytest.mark.parametrize("number", [np.nan, np.inf, 1.5, -0.1])
@pytest.mark.parametrize("binary", [True, False])
def test_numbers_out_of_bounds_are_refused(client, number, binary):
    given = tensor(np.full((1, 784), number, np.float32), "FP32", binary=binary)
    assert refused(client, ".", given) == "400"


def test_statistics_count_what_was_asked_of_all_workers(client, images):
    def told():
        [model] = client.get_inference_statistics("plain", "1")["model_stats"]
        return model

    before = told()
    for _ in range(10):
        client.infer("plain", [tensor(images, "FP32")])
    refused(client, "shape", tensor(images[:1, :783], "FP32"))
    after = told()
    stats_before, stats_after = before["inference_stats"], after["inference_stats"]
    assert after["inference_count"] - before["inference_count"] == 1000
    assert after["execution_count"] - before["execution_count"] == 10
    assert stats_after["success"]["count"] - stats_before["success"]["count"] == 10
    assert stats_after["fail"]["count"] - stats_before["fail"]["count"] == 1
    assert stats_after["compute_infer"]["ns"] > stats_before["compute_infer"]["ns"]
    assert after["last_inference"] > before["last_inference"]


def test_statistics_are_told_of_all_models_of_one_and_of_one_version(client):
    every = client.get_inference_statistics()["model_stats"]
    assert {"plain", "video", "four-pixel"} <= {model["name"] for model in every}
    assert [model["name"] for model in client.get_inference_statistics("video")["model_stats"]] == ["video"]
