"""Pictures that are classified while their requests wait: what each is told is what it is told by itself."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from service.artifacts import Artifact
from service.classifier import Classifier
from service.network import Network
from service.web.ahead import FEWEST, foresee
from service.web.app import create_app
from service.web.state import State
from tests.web.conftest import to_png


def classifier_of(network, metadata_for):
    return Classifier.of(Artifact(metadata_for(network), network, sha256="0" * 64, size_bytes=0))


@pytest.fixture
def classifier(small_network, metadata_for):
    return classifier_of(small_network, metadata_for)


@pytest.fixture
def pngs(picture):
    """Five that MNIST itself could hold, none like another."""
    others = [(picture * share).astype(np.uint8) for share in (0.6, 0.7, 0.8, 0.9)]
    return [to_png(pixels) for pixels in (picture, *others)]


def told(classification):
    verdict = classification.verdict
    return verdict.activations.tobytes(), verdict.argmax, verdict.reason, classification.seen.pixels.tobytes()


def test_each_is_told_what_it_is_told_by_itself_bit_for_bit(classifier, pngs):
    together = foresee(classifier, pngs)
    assert [told(one.classification) for one in together] == [told(classifier.classify(png)) for png in pngs]


def test_a_wide_network_tells_the_same_bits_too(metadata_for, pngs):
    wide = classifier_of(Network.random((784, 600, 10), np.random.default_rng(0)), metadata_for)
    together = foresee(wide, pngs)
    assert [told(one.classification) for one in together] == [told(wide.classify(png)) for png in pngs]


def test_what_is_damaged_framed_or_no_picture_is_left_to_its_request(classifier, pngs, picture):
    corner = to_png(np.roll(picture, (-4, -9), axis=(0, 1)))
    found = foresee(classifier, [pngs[0], pngs[1][:-20], None, corner, pngs[1]])
    assert [one and one.picture for one in found] == [pngs[0], None, None, None, pngs[1]]


def test_where_nothing_can_be_read_nothing_is_foreseen(classifier, pngs):
    assert foresee(classifier, [pngs[0][:-20], pngs[1][:-20]]) == [None, None]


def test_one_picture_is_left_to_its_request(classifier, pngs):
    assert FEWEST == 2
    assert foresee(classifier, [None, pngs[0]]) == [None, None]


def test_each_has_the_same_share_of_every_stage(classifier, pngs):
    found = foresee(classifier, pngs)
    assert list(found[0].seconds) == ["decode", "preprocess", "forward"]
    assert all(one.seconds == found[0].seconds and min(one.seconds.values()) > 0 for one in found)


@pytest.fixture
def ask(settings_for, log):
    """Ask a service about one picture that was foreseen as another, or by another classifier."""
    settings = settings_for()
    state = State(settings)
    client = create_app(settings, state=state, log=log).test_client()

    def ask(body, foreseen, query="", content_type="image/png"):
        response = client.post(
            f"/v1/classify{query}",
            data=body,
            content_type=content_type,
            environ_overrides={"gunicorn.socket": SimpleNamespace(foreseen=foreseen)},
        )
        assert response.status_code == 200
        return {**json.loads(response.data), "id": None}, response.headers["Server-Timing"]

    ask.classifier = state.current.default
    return ask


def test_the_answer_is_the_same_and_says_how_long_it_took(ask, pngs):
    foreseen = foresee(ask.classifier, pngs)[2]
    answer, timing = ask(pngs[2], foreseen)
    assert answer == ask(pngs[2], None)[0]
    took = dict(stage.split(";dur=") for stage in timing.split(", "))
    stages = ("decode", "preprocess", "forward")
    assert all(float(took[stage]) >= 1000 * foreseen.seconds[stage] - 0.001 for stage in stages)
    assert float(took["total"]) >= sum(float(took[stage]) for stage in stages) - 0.003


def test_a_form_is_answered_by_what_was_foreseen_too(ask, pngs, monkeypatch):
    foreseen = foresee(ask.classifier, pngs)[2]
    form = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n" + pngs[2] + b"\r\n--x--\r\n"
    answer, _ = ask(form, None, content_type="multipart/form-data; boundary=x")
    monkeypatch.setattr(Classifier, "see", None)
    assert ask(form, foreseen, content_type="multipart/form-data; boundary=x")[0] == answer


def test_what_was_foreseen_of_another_picture_is_not_told(ask, pngs):
    assert ask(pngs[1], foresee(ask.classifier, pngs)[2])[0] == ask(pngs[1], None)[0]


def test_what_another_classifier_foresaw_is_not_told(ask, pngs, metadata_for):
    other = classifier_of(Network.random((784, 16, 16, 10), np.random.default_rng(9)), metadata_for)
    foreseen = foresee(other, pngs)[2]
    assert told(foreseen.classification) != told(ask.classifier.classify(pngs[2]))
    assert ask(pngs[2], foreseen)[0] == ask(pngs[2], None)[0]


def test_what_a_client_chooses_is_not_foreseen(ask, pngs):
    foreseen = foresee(ask.classifier, pngs)[2]
    query = "?reject_below=0&invert=yes&include=image"
    assert ask(pngs[2], foreseen, query)[0] == ask(pngs[2], None, query)[0]
