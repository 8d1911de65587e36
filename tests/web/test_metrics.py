"""What is counted, under fixed names and labels."""

import random

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from service.web.app import create_app
from service.web.metrics import Metrics


def samples(client, parse=plain_text, **headers):
    """All samples by name and labels."""
    text = client.get("/metrics", headers=headers).text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


@pytest.fixture
def value(client):
    """Read one sample."""
    return lambda name, **labels: samples(client)[(name, *sorted(labels.items()))]


def test_requests_are_counted_by_route_method_and_code(client, value, post, png):
    post(png)
    post(b"")
    client.get("/v1/models/tiny")
    client.get("/v1/models/nobody")
    route = "/v1/models/<name>"
    assert value("digits_http_requests_total", route="/v1/classify", method="POST", code="200") == 1
    assert value("digits_http_requests_total", route="/v1/classify", method="POST", code="400") == 1
    assert value("digits_http_requests_total", route=route, method="GET", code="200") == 1
    assert value("digits_http_requests_total", route=route, method="GET", code="404") == 1


def test_durations_are_observed_with_every_request(value, post, png):
    post(png)
    labels = {"route": "/v1/classify", "method": "POST", "code": "200"}
    assert value("digits_http_request_seconds_count", **labels) == 1
    assert 0 < value("digits_http_request_seconds_sum", **labels) < 10


def test_classifications_are_counted_by_digit(value, post, png):
    digit = post(png, "?reject_below=0").json["digit"]
    post(png, "?reject_below=0")
    assert value("digits_classifications_total", model="tiny", digit=str(digit)) == 2


def test_rejected_images_are_counted_by_reason_and_not_as_a_digit(client, post, png):
    post(png, "?reject_below=1")
    counted = samples(client)
    answers = {key[1][1]: value for key, value in counted.items() if key[0] == "digits_classifications_total"}
    assert {digit: count for digit, count in answers.items() if count} == {"rejected": 1}
    assert counted["digits_rejections_total", ("model", "tiny"), ("reason", "weak")] == 1


def test_activation_margin_and_ink_are_observed(client, value, post, png, picture):
    answers = [
        post(png).json,
        client.post("/v1/classify", json={"pixels": (picture / 255).tolist()}).json,
    ]
    largest = sum(max(answer["activations"]) for answer in answers)
    assert value("digits_largest_activation_sum", model="tiny") == pytest.approx(largest)
    assert value("digits_margin_sum", model="tiny") == pytest.approx(2 * answers[0]["margin"])
    assert value("digits_ink_sum", model="tiny") == pytest.approx(2 * picture.mean() / 255, rel=1e-5)
    assert value("digits_ink_count", model="tiny") == 2


def test_every_digit_and_reason_is_there_from_the_start(client):
    counted = samples(client)
    digits = {key[1][1] for key in counted if key[0] == "digits_classifications_total"}
    reasons = {key[2][1] for key in counted if key[0] == "digits_rejections_total"}
    assert digits == {*"0123456789", "rejected"}
    assert reasons == {"blank", "several", "weak", "ambiguous"}


def test_what_is_served_is_told(value, artifact_folder):
    sha256 = (artifact_folder / "SHA256SUMS").read_text().split()[0]
    assert value("digits_model_info", model="tiny", version="1", sha256=sha256) == 1
    assert value("digits_ready") == 1


def test_reloads_and_lost_log_lines_are_counted(settings_for, log):
    metrics = Metrics(CollectorRegistry())
    client = create_app(settings_for(), metrics=metrics, log=log).test_client()
    metrics.reloads.count(ok=True)
    metrics.reloads.count(ok=False)
    metrics.line_dropped()
    counted = samples(client)
    assert counted["digits_reloads_total", ("result", "ok")] == 1
    assert counted["digits_reloads_total", ("result", "failed")] == 1
    assert counted[("digits_log_lines_dropped_total",)] == 1


def test_no_request_makes_a_series_of_its_own(client, post, png):
    post(png)
    for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
        client.open("/nowhere", method=method)
    client.get("/metrics")
    before = set(samples(client))
    rng = random.Random(1)  # noqa: S311  # the same paths in every run
    for _ in range(3000):
        path = "".join(rng.choices("abc/.%é", k=rng.randrange(1, 30)))
        method = rng.choice(["GET", "HEAD", "POST", "PUT", "PATCH", "".join(rng.choices("ABCDEF", k=5))])
        client.open(f"/x{path}", method=method)
    assert set(samples(client)) == before


def test_feedback_is_counted_by_answer_and_label(client, value):
    for digit, label in ((3, 5), (3, 5), (None, 5), ("3", "3")):
        assert client.post("/v1/feedback", json={"digit": digit, "label": label}).status_code == 204
    assert value("digits_feedback_total", model="tiny", digit="3", label="5") == 2
    assert value("digits_feedback_total", model="tiny", digit="rejected", label="5") == 1
    assert value("digits_feedback_total", model="tiny", digit="3", label="3") == 1


def test_the_time_of_the_last_good_reload_stays_when_the_next_one_fails(settings_for, log, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000)
    metrics = Metrics(CollectorRegistry())
    client = create_app(settings_for(), metrics=metrics, log=log).test_client()
    assert samples(client)[("digits_last_reload_successful",)] == 1
    monkeypatch.setattr("time.time", lambda: 2000)
    metrics.reloads.count(ok=True)
    monkeypatch.setattr("time.time", lambda: 3000)
    metrics.reloads.count(ok=False)
    counted = samples(client)
    assert counted[("digits_last_reload_successful",)] == 0
    assert counted[("digits_last_reload_success_timestamp_seconds",)] == 2000


def test_openmetrics_is_spoken_to_whoever_asks(client, post, png):
    post(png)
    accept = "application/openmetrics-text; version=1.0.0"
    assert client.get("/metrics", headers={"Accept": accept}).content_type.startswith(accept)
    counted = samples(client, parse=open_metrics, Accept=accept)
    assert counted["digits_ink_count", ("model", "tiny")] == 1


@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain"])
@pytest.mark.parametrize("version", ['"1.0.0"', "1.0.0-rc.1", "latest"])
def test_whoever_asks_for_a_version_that_is_not_understood_is_told_as_whoever_asks_for_none(
    client, kind, version
):
    answer = client.get("/metrics", headers={"Accept": f"{kind}; version={version}"})
    assert (answer.status_code, answer.content_type) == (200, client.get("/metrics").content_type)


def test_names_end_in_a_base_unit_or_a_total(client):
    families = list(plain_text(client.get("/metrics").text))
    assert all(family.documentation for family in families)
    assert all(family.name.startswith(("digits_", "process_")) for family in families)
    assert not [
        family.name for family in families if family.name.endswith(("_ms", "_milliseconds", "_percent"))
    ]
