"""kserve's InferenceRESTClient, in all its modes: V1 and V2, JSON and binary."""

import asyncio

import httpx
import numpy as np
import pytest
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def talk(protocol, conversation):
    """Let a client have a conversation, and return what came of it."""

    async def run():
        async with InferenceRESTClient(RESTConfig(protocol=protocol)) as client:
            return await conversation(client)

    return asyncio.run(run())


def infer(url, data, model="plain", protocol="v2", **options):
    return talk(protocol, lambda client: client.infer(url, data, model_name=model, **options))


def request(given, outputs=None, **options):
    return InferRequest("plain", [given], request_id="42", request_outputs=outputs, **options)


def image(images, datatype="FP32", *, binary):
    given = InferInput("image", list(images.shape), datatype)
    given.set_data_from_numpy(images, binary_data=binary)
    return given


def of(response, name):
    return next(output for output in response.outputs if output.name == name).as_numpy()


def test_the_server_and_a_model_are_ready(url):
    assert talk("v1", lambda client: client.is_server_live(url))
    assert talk("v2", lambda client: client.is_server_live(url))
    assert talk("v2", lambda client: client.is_server_ready(url))
    assert talk("v2", lambda client: client.is_model_ready(url, "plain"))
    assert talk("v1", lambda client: client.is_model_ready(url, "plain"))
    assert not talk("v2", lambda client: client.is_model_ready(url, "nobody"))
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        talk("v1", lambda client: client.is_model_ready(url, "nobody"))


@pytest.mark.parametrize("sent_binary", [True, False])
@pytest.mark.parametrize("binary", [True, False, None])
def test_a_tensor_is_answered(url, images, activations, digits, sent_binary, binary):
    parameters = {} if binary is None else {"parameters": {"binary_data_output": binary}}
    response = infer(url, request(image(images, binary=sent_binary), **parameters))
    np.testing.assert_allclose(of(response, "activations"), activations, atol=5e-6)
    assert (of(response, "digit") == digits).all()
    assert (of(response, "rejected") == (digits == -1)).all()
    assert (response.id, response.model_name) == ("42", "plain")


def test_a_numpy_array_as_data_is_answered(url, images, activations):
    response = infer(url, request(InferInput("image", [100, 784], "FP32", data=images)))
    np.testing.assert_allclose(of(response, "activations"), activations, atol=5e-6)


def test_a_request_may_be_a_dict(url, images, activations):
    tensor = {"name": "image", "shape": [100, 28, 28], "datatype": "FP32"}
    data = images.reshape(100, 28, 28).tolist()
    response = infer(url, {"inputs": [tensor | {"data": data}]})
    np.testing.assert_allclose(of(response, "activations"), activations, atol=5e-6)


@pytest.mark.parametrize("binary", [True, False])
def test_outputs_may_be_named(url, images, activations, binary):
    outputs = [RequestedOutput("activations", {"binary_data": binary})]
    response = infer(url, request(image(images, binary=True), outputs))
    assert [output.name for output in response.outputs] == ["activations"]
    np.testing.assert_allclose(of(response, "activations"), activations, atol=5e-6)


@pytest.mark.parametrize("binary", [True, False])
def test_bytes_of_pixels_are_answered(url, images, activations, binary):
    given = image((images * 255).astype(np.uint8), "UINT8", binary=binary)
    np.testing.assert_allclose(of(infer(url, request(given)), "activations"), activations, atol=5e-6)


@pytest.mark.parametrize("binary", [True, False])
def test_pngs_are_answered(url, pngs, base64_of_pngs, of_pngs, binary):
    given = InferInput("png", [3], "BYTES")
    given.set_data_from_numpy(np.array(pngs if binary else base64_of_pngs, np.object_), binary_data=binary)
    np.testing.assert_allclose(of(infer(url, request(given)), "activations"), of_pngs, atol=5e-6)


@pytest.mark.parametrize("shape", [(100, 784), (100, 28, 28)])
def test_v1_predicts_images(url, images, activations, shape):
    told = infer(url, {"instances": images.reshape(shape).tolist()}, protocol="v1")
    np.testing.assert_allclose(np.array(told["predictions"]), activations, atol=5e-6)


def test_v1_predicts_pngs(url, base64_of_pngs, of_pngs):
    instances = [{"b64": png} for png in base64_of_pngs]
    told = infer(url, {"instances": instances}, protocol="v1")
    np.testing.assert_allclose(np.array(told["predictions"]), of_pngs, atol=5e-6)


def test_v1_takes_a_version_in_the_path(url, images, activations):
    told = infer(url, {"instances": images.tolist()}, "plain/versions/1", "v1")
    np.testing.assert_allclose(np.array(told["predictions"]), activations, atol=5e-6)


@pytest.mark.parametrize(
    ("protocol", "model", "data", "status"),
    [
        ("v1", "nobody", {"instances": [[0]]}, 404),
        ("v1", "plain", {"instances": [[0]]}, 400),
        ("v1", "plain", {"inputs": [[0]]}, 400),
        ("v2", "nobody", {"inputs": []}, 404),
        ("v2", "plain", {"inputs": []}, 400),
    ],
)
def test_what_is_not_served_is_refused(url, protocol, model, data, status):
    with pytest.raises(httpx.HTTPStatusError) as caught:
        infer(url, data, model, protocol)
    assert caught.value.response.status_code == status
    assert isinstance(caught.value.response.json()["error"], str)
