"""A part of a path ends at a colon."""


def test_a_prediction_is_never_taken_for_a_model(client):
    answer = client.options("/v1/models/tiny:predict")
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert client.get("/v1/models/tiny:predict").status_code == 405
