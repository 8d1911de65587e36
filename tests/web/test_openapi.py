"""The documents describe what is served: every route, everything it takes and answers, and truly."""

import gzip
import io
import json
import re

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import SecretStr

from service.settings import Settings
from service.web.app import create_app
from service.web.drawing import DRAWING
from service.web.options import OPTIONS
from service.web.problems import KINDS
from service.web.state import State
from service.web.uploads import READERS


@pytest.fixture
def api(client):
    """The document."""
    return client.get("/openapi.json").json


@pytest.fixture
def valid(api):
    """Fail where a value is not what a schema of the document says, or has members that it does not name."""
    components = closed_copy(api["components"])

    def check(value, schema):
        jsonschema.Draft202012Validator(closed_copy(schema) | {"components": components}).validate(value)

    return check


def closed_copy(schema):
    """Let no object have members that are not named."""
    if isinstance(schema, list):
        return [closed_copy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: closed_copy(each) for name, each in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def operations(api):
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def answers(api, operation):
    for status, answer in operation["responses"].items():
        place = answer.get("$ref", "").rpartition("/")[2]
        yield status, api["components"]["responses"][place] if place else answer


def test_the_document_is_openapi_3_1(api):
    OpenAPIV31SpecValidator(api).validate()


def test_every_route_is_described_with_its_methods(client, api):
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(api)} == routes


def test_every_operation_has_a_sentence_and_a_name_of_its_own(api):
    described = [operation for _, _, operation in operations(api)]
    assert len({operation["operationId"] for operation in described}) == len(described)
    assert [
        each["operationId"] for each in described if not re.fullmatch("[A-Z].+[.]", each["summary"])
    ] == []


def test_every_part_of_a_path_is_described(api):
    for path, _, operation in operations(api):
        described = [given["name"] for given in operation["parameters"] if given.get("in") == "path"]
        assert sorted(described) == sorted(re.findall(r"{(\w+)}", path))


def test_every_failure_is_described(api):
    codes = {kind.code for kind in KINDS.values()}
    told = {
        example
        for answer in api["components"]["responses"].values()
        for example in answer["content"]["application/problem+json"]["examples"]
    }
    assert set(api["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == codes
    assert codes - told == {"missing_key"}  # of a service without keys


def test_every_option_and_body_form_of_a_picture_is_described(api):
    operation = api["paths"]["/v1/classify"]["post"]
    named = {given["$ref"].rpartition("/")[2] for given in operation["parameters"]}
    assert {*OPTIONS, "X-Request-ID", "traceparent"} == named
    assert set(operation["requestBody"]["content"]) == set(READERS)
    drawn = api["paths"]["/v1/models/{name}/weights/{layer}.png"]["get"]
    assert {f"#/components/parameters/{name}" for name in DRAWING} <= {
        given.get("$ref") for given in drawn["parameters"]
    }


def test_every_answer_that_is_json_has_an_example_and_every_example_is_valid(api, valid):
    seen = 0
    for _, _, operation in operations(api):
        bodies = operation.get("requestBody", {}).get("content", {})
        told = [answer.get("content", {}) for _, answer in answers(api, operation)]
        for content in (bodies, *told):
            media = content.get("application/json")
            if media is not None:
                valid(media["example"], media["schema"])
                seen += 1
    assert seen > 30


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/v1/models/tiny",
        "/v1/models/tiny/weights/0/3.json",
        "/livez",
        "/readyz",
        "/healthz",
        "/v2",
        "/v2/models",
        "/v2/models/tiny",
        "/v2/models/tiny/ready",
        "/v2/models/stats",
        "/v2/health/live",
        "/v2/health/ready",
    ],
)
def test_what_is_answered_is_what_is_described_and_nothing_more(client, api, valid, path):
    described = re.sub("/tiny", "/{name}", path)
    described = re.sub("/weights/0/3", "/weights/{layer}/{neuron}", described)
    media = api["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]
    valid(client.get(path).json, media["schema"])


def test_a_classification_is_what_is_described_and_nothing_more(client, png, api, valid):
    media = api["paths"]["/v1/classify"]["post"]["responses"]["200"]["content"]["application/json"]
    query = {"include": "image,hidden,preprocessing"}
    answer = client.post("/v1/classify", data=png, content_type="image/png", query_string=query)
    valid(answer.json, media["schema"])


def test_an_example_sent_is_understood(api):
    shipped = create_app(Settings()).test_client()
    for path, _, operation in operations(api):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media and path != "/v1/feedback":
            parts = {given["name"]: given["example"] for given in operation["parameters"] if "name" in given}
            asked = path.format(**parts)
            assert (path, shipped.post(asked, json=media["example"]).status_code) == (path, 200)


@pytest.mark.parametrize("name", ["PictureForm", "BatchForm"])
@pytest.mark.parametrize(
    ("include", "taken"),
    [
        ("image", True),
        ("image,hidden", True),
        ("hidden, preprocessing", True),
        ("image,", True),
        (",", True),
        ("picture", False),
        ("image,picture", False),
        ("image hidden", False),
        (" ", False),
    ],
)
def test_a_form_may_ask_for_what_the_service_understands(post, png, api, name, include, taken):
    schema = api["components"]["schemas"][name]["properties"]["include"]
    assert jsonschema.Draft202012Validator(schema).is_valid(include) is taken
    form = {"image": (io.BytesIO(png), "five.png"), "include": include}
    assert post(form, content_type="multipart/form-data").status_code == (200 if taken else 400)


def test_the_artifacts_that_are_named_are_shipped(api):
    shipped = {artifact.sha256 for artifact in State(Settings()).current.catalogue}
    named = re.findall(r"[0-9a-f]{64}", json.dumps(api))
    assert len(named) > 2
    assert {*named} <= shipped


def test_the_examples_of_every_path_lead_to_something_that_is_shipped(api):
    shipped = create_app(Settings()).test_client()
    for path, method, operation in operations(api):
        if method == "get" and "{" in path:
            parts = {given["name"]: given["example"] for given in operation["parameters"] if "name" in given}
            assert (path, shipped.get(path.format(**parts)).status_code) == (path, 200)


def test_the_header_fields_that_are_promised_come(client, api):
    for path, method, operation in operations(api):
        if method == "get" and "{" not in path:
            answer = client.get(path)
            for name in operation["responses"]["200"]["headers"]:
                assert name in answer.headers, (path, name)


def test_a_service_with_keys_says_where_it_asks_for_them(client_for):
    client = client_for(api_keys=SecretStr("tester s3cret"))
    api = client.get("/openapi.json").json
    for path, method, operation in operations(api):
        if method == "get" and "{" not in path:
            asks = client.get(path).status_code == 401
            assert asks == ("401" in operation["responses"]) == (operation["security"] != [{}]), path


def test_the_document_is_made_once(client):
    first, second = client.get("/openapi.json"), client.get("/openapi.json")
    assert first.headers["ETag"] == second.headers["ETag"]
    known = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    assert known.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs.css"])
def test_documents_are_compressed_for_those_who_read_gzip(client, path):
    plain, packed = client.get(path), client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_the_page_shows_every_route_and_type(client, api):
    page = client.get("/docs").text
    for path, _, operation in operations(api):
        assert f"<code>{path}</code>" in page
        assert f'id="{operation["operationId"]}"' in page
    assert [name for name in api["components"]["schemas"] if f'id="schema-{name}"' not in page] == []


def test_the_page_asks_no_other_host_and_runs_no_script(client):
    answer = client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "<script" not in answer.text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)
    linked = {name.partition("#")[0] for name in re.findall(r"(?:src|href)=\"([^\"]+)", answer.text)} - {""}
    assert {name: client.get(f"/{name}").status_code for name in linked} == dict.fromkeys(linked, 200)


def test_links_of_the_page_lead_to_places_on_it(client):
    page = client.get("/docs").text
    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places
