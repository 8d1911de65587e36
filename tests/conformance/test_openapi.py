"""The protocol's public OpenAPI description, as MLServer ships it: our answers are what it says.

What it has beyond the protocol, text generation and loading models, is not served.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import httpx
import jsonschema
import pytest

if find_spec("mlserver") is None:
    pytest.skip("mlserver, which ships the description, needs Python before 3.13", allow_module_level=True)
SHIPPED = Path(find_spec("mlserver").submodule_search_locations[0]) / "rest" / "openapi"
NOT_SERVED = ("generate", "generate_stream", "infer_stream", "load", "unload")
TENSOR = {"name": "image", "shape": [2, 784], "datatype": "FP32"}
BODIES = {
    "infer": {"id": "7", "inputs": [TENSOR | {"data": [0.5] * 1568}], "outputs": [{"name": "digit"}]},
    "index": {"ready": True},
}


def description(name):
    """Return a description in which every type is one of JSON Schema; it names one "bytes"."""
    return json.loads((SHIPPED / f"{name}.json").read_text().replace('"bytes"', '"string"'))


def operations(model="plain", version="1"):
    """Yield the description, path, method and operation of everything that is served."""
    for name in ("dataplane", "model_repository"):
        described = description(name)
        for path, methods in described["paths"].items():
            for method in {"get", "post"} & methods.keys():
                if path.rpartition("/")[2] not in NOT_SERVED:
                    filled = path.replace("{model_name}", model).replace("{model_version}", version)
                    yield pytest.param(described, filled, method, methods[method], id=f"{method} {filled}")


def check(described, content, value):
    schema = content["application/json"]["schema"]
    resolvable = {**schema, "components": described["components"]}
    jsonschema.Draft202012Validator(resolvable).validate(value)


@pytest.mark.parametrize(("described", "path", "method", "operation"), list(operations()))
def test_an_answer_is_as_described(url, described, path, method, operation):
    body = BODIES.get(path.rpartition("/")[2])
    if body is not None:
        check(described, operation["requestBody"]["content"], body)
    answer = httpx.request(method, url + path, json=body, timeout=60)
    assert answer.status_code == 200
    content = operation["responses"]["200"].get("content")
    if content is not None:
        check(described, content, answer.json())


@pytest.mark.parametrize(
    ("described", "path", "method", "operation"),
    [case for case in operations("nobody") if "nobody" in case.values[1]],
)
def test_a_refusal_is_as_described(url, described, path, method, operation):
    answer = httpx.request(method, url + path, json={"inputs": []}, timeout=60)
    assert answer.status_code == 404
    content = operation["responses"].get("404", {}).get("content")
    if content is not None:
        check(described, content, answer.json())
    assert isinstance(answer.json()["error"], str)


def test_the_description_has_what_is_served():
    paths = {case.values[1] for case in operations()}
    assert {"/v2", "/v2/health/ready", "/v2/models/plain/versions/1/infer", "/v2/repository/index"} <= paths
    assert len(paths) == 10
