"""Feedback is counted, and refused where it cannot be true."""

import pytest

from service.artifacts import save
from service.network import Network


@pytest.fixture
def tell(client):
    return lambda body, **options: client.post("/v1/feedback", json=body, **options)


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": "tiny"}, {"model": "tiny@1"}])
def test_feedback_is_taken_without_a_word(tell, model):
    answer = tell({"digit": 3, "label": 5} | model)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Request-ID"]


def test_a_model_of_other_labels_is_judged_by_them(client_for, artifact_folder, metadata_for):
    network = Network.random((784, 2))
    save(network, metadata_for(network, name="marks", labels=("cross", "tick")), artifact_folder)
    client = client_for()
    right = {"digit": "tick", "label": "cross", "model": "marks"}
    assert client.post("/v1/feedback", json=right).status_code == 204
    wrong = client.post("/v1/feedback", json=right | {"label": 1})
    assert wrong.status_code == 400
    assert "cross, tick" in wrong.json["detail"]


REFUSED = [
    ({}, "'digit' is missing"),
    ({"digit": 3}, "'label' is missing"),
    ({"digit": 3, "label": None}, "'label'"),
    ({"digit": 10, "label": 3}, "digit '10' is none of this model's; send 0, 1, 2"),
    ({"digit": 3, "label": -1}, "'label'"),
    ({"digit": 3.0, "label": 3}, "'digit'"),
    ({"digit": True, "label": 3}, "'digit'"),
    ({"digit": 3, "label": "rejected"}, "label 'rejected' is none"),
    ({"digit": [3], "label": 3}, "'digit'"),
    ({"digit": 3, "label": 3, "lable": 3}, "'lable'"),
    ({"digit": 3, "label": 3, "model": 5}, "'model'"),
    ([], "the body"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED, ids=[str(body) for body, _ in REFUSED])
def test_what_cannot_be_feedback_is_refused(tell, body, words):
    answer = tell(body)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
    assert words in answer.json["detail"]


def test_a_model_that_does_not_exist_has_no_feedback(tell):
    assert tell({"digit": 3, "label": 3, "model": "nobody"}).json["code"] == "unknown_model"


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"digit": NaN, "label": 3}', "application/json", 400),
        (b'{"digit": 3, "label": 3}', "text/plain", 415),
        (b'{"digit": 3, "label": 3}', None, 415),
        (b"[" * 100_000, "application/json", 413),
    ],
)
def test_what_is_not_a_little_json_is_refused(client, data, content_type, status):
    assert client.post("/v1/feedback", data=data, content_type=content_type).status_code == status


@pytest.mark.parametrize(("content_type", "status"), [("application/json", 400), ("text/plain", 415)])
def test_who_sends_nothing_or_another_type_is_told_what_to_send(client, content_type, status):
    answer = client.post("/v1/feedback", content_type=content_type)
    assert answer.status_code == status
    assert 'send {"digit": 3, "label": 5, "model": "plain"}' in answer.json["detail"]
    assert answer.headers.get("Accept") == (None if status == 400 else "application/json")
