"""What the ecosystem's clients really send is answered, and answered right.

tests/conformance/record.py recorded it, with tritonclient and kserve.
"""

from pathlib import Path

import numpy as np
import pytest

RECORDED = sorted(Path(__file__).parent.joinpath("recorded").glob("*.http"))
EXAMPLE = Path(__file__).parents[3] / "examples" / "three.png"
REFUSED = {"triton-classification": "classification", "triton-shared-memory": "shared memory"}
PNGS = {"triton-png", "triton-png-json", "kserve-v2-png", "kserve-v2-png-json", "kserve-v1-png"}
V1 = {"kserve-v1", "kserve-v1-png"}
OUTPUTS = {  # those that were named in a request, and which of them come in binary
    "triton-binary-json-out": {"activations": False, "digit": False},
    "triton-json-json-out": {"rejected": False, "activations": False},
    "triton-mixed-out": {"argmax": False, "activations": True},
    "kserve-v2-outputs": {"activations": True},
}
AS_JSON = {"kserve-v2-json", "kserve-v2-png", "kserve-v2-png-json"}  # asks for no binary outputs
ALL = ("activations", "argmax", "digit", "rejected")


def replay(client, path):
    """Send a recorded request once more."""
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split()
    return client.open(target, method=method, data=body, headers=[tuple(f.split(": ", 1)) for f in fields])


def named(*names):
    return pytest.mark.parametrize(
        "path", [path for path in RECORDED if path.stem in names], ids=lambda path: path.stem
    )


ANSWERED = named(*({path.stem for path in RECORDED} - set(REFUSED) - V1 - {"triton-index"}))


@pytest.fixture
def expected(client, activations):
    """The activations that each request asks for, by what POST /v1/classify says."""
    png = client.post("/v1/classify", data=EXAMPLE.read_bytes(), content_type="image/png").json
    return {True: np.array([png["activations"]], np.float32), False: activations}


@ANSWERED
def test_a_tensor_is_answered_with_the_activations_of_its_images(client, path, expected, tensors_in):
    answer = replay(client, path)
    assert answer.status_code == 200
    told = tensors_in(answer)["activations"]
    np.testing.assert_allclose(told, expected[path.stem in PNGS], atol=1e-6)


@ANSWERED
def test_the_outputs_are_those_that_were_asked_for_in_their_form(client, path):
    answer = replay(client, path)
    binary = path.stem not in AS_JSON
    wanted = OUTPUTS.get(path.stem, dict.fromkeys(ALL, binary))
    end = answer.headers.get("Inference-Header-Content-Length")
    told = client.application.json.loads(answer.data[: end and int(end)])["outputs"]
    assert [(output["name"], "data" not in output) for output in told] == [*wanted.items()]
    assert (end is not None) == any(wanted.values())


@named(*V1)
def test_v1_predicts_the_same_activations(client, path, expected):
    answer = replay(client, path)
    assert answer.status_code == 200
    np.testing.assert_allclose(answer.json["predictions"], expected[path.stem in PNGS], atol=1e-6)


@named("triton-parameters")
def test_id_version_and_threshold_are_heeded_and_the_rest_is_ignored(client, path, tensors_in):
    answer = replay(client, path)
    assert b'"id":"42"' in answer.data
    assert b'"model_version":"1"' in answer.data
    assert tensors_in(answer)["digit"].tolist() == [-1, -1]


@named(*REFUSED)
def test_an_extension_that_is_not_served_is_refused_by_its_name(client, path):
    answer = replay(client, path)
    assert answer.status_code == 400
    assert REFUSED[path.stem] in answer.json["error"]


@named("triton-index")
def test_the_index_is_told_to_an_empty_body(client, path):
    assert replay(client, path).json == [{"name": "tiny", "version": "1", "state": "READY", "reason": ""}]


def test_there_is_something_to_replay():
    assert len(RECORDED) == 24
