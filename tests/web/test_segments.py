"""A part of a path ends at a colon, and one that counts is a number as Python writes it."""

import pytest

from service.web.errors import UnknownNeuronError
from service.web.segments import index


def test_a_prediction_is_never_taken_for_a_model(client):
    answer = client.options("/v1/models/tiny:predict")
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert client.get("/v1/models/tiny:predict").status_code == 405


def test_each_part_is_read_by_its_number():
    assert [index(str(place), 12, "layer 0", "neuron") for place in range(12)] == [*range(12)]


@pytest.mark.parametrize("text", ["12", "-1", "+1", "01", "1.0", "", " 1", "1_0", "٣", "²", "9" * 5000])
def test_what_is_no_part_s_number_is_refused(text):
    with pytest.raises(UnknownNeuronError, match=r"layer 0 has no neuron .*; its neurons are 0 to 11"):
        index(text, 12, "layer 0", "neuron")
