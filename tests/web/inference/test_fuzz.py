"""Whatever is sent is answered or refused; nothing of it breaks the service."""

import json
from http import HTTPStatus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ALLOWED = {
    HTTPStatus.OK,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
fuzzed = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
shapes = st.lists(st.sampled_from([0, 1, 2, 28, 784, 2**62]), max_size=4)
datas = st.sampled_from([[0.5] * 784, [[0] * 28] * 28, [["iVBORw0KGgo="]], ["", "x"], [None], []])
tensors = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["image", "png"]) | anything,
        "datatype": st.sampled_from(["FP32", "UINT8", "BYTES", "INT64"]) | anything,
        "shape": st.sampled_from([[1, 784], [1, 28, 28], [1]]) | shapes | anything,
        "data": datas | anything,
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": st.integers(0, 9000)})
        | anything,
    },
)
outputs = st.fixed_dictionaries({"name": st.sampled_from(["digit", "activations"]) | anything})
requests = st.fixed_dictionaries(
    {"inputs": st.lists(tensors, max_size=2) | anything},
    optional={"id": anything, "outputs": st.lists(outputs) | anything, "parameters": anything},
)


def check(answer):
    assert answer.status_code in ALLOWED
    if answer.status_code != HTTPStatus.OK:
        assert isinstance(answer.json["error"], str)


@fuzzed
@given(request=requests, rest=st.binary(max_size=20) | st.just(bytes(3136)), cut=st.integers(-3, 3))
def test_an_inference_request_is_answered_or_refused(client, request, rest, cut):
    body = json.dumps(request).encode()
    headers = {"Inference-Header-Content-Length": str(len(body) + cut)}
    check(client.post("/v2/models/tiny/infer", data=body + rest, headers=headers))
    check(client.post("/v2/models/tiny/infer", data=body))


@fuzzed
@given(instances=st.lists(anything | datas, max_size=3) | anything)
def test_instances_are_answered_or_refused(client, instances):
    check(client.post("/v1/models/tiny:predict", data=json.dumps({"instances": instances})))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
@fuzzed
@given(body=st.binary(max_size=200))
def test_any_bytes_are_answered_or_refused(client, encoding, body):
    check(client.post("/v2/models/tiny/infer", data=body, headers={"Content-Encoding": encoding}))
    check(client.post("/v2/repository/index", data=body, headers={"Content-Encoding": encoding}))
