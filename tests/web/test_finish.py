"""What every answer carries, whatever it is."""

import pytest


@pytest.mark.parametrize("path", ["/v1/models", "/livez", "/metrics", "/errors", "/nowhere", "/v1/classify"])
def test_every_answer_has_the_fields_that_browsers_need_to_be_careful(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] in {"no-store", "no-cache"}
    assert headers["X-Request-ID"]
    assert headers["Server-Timing"].startswith("total;dur=")


def test_an_id_unfit_for_a_header_is_replaced(client):
    answer = client.get("/livez", headers={"X-Request-ID": "a b"})
    assert len(answer.headers["X-Request-ID"]) == 26


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/classify", "/livez", "/nowhere"])
def test_pages_of_other_origins_are_allowed_nothing(client, method, path):
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    headers = client.open(path, method=method, headers=asking).headers
    assert [name for name, _ in headers if name.lower().startswith("access-control")] == []
