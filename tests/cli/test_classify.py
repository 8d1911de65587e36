"""`digits classify`: a line a picture."""

import json
from pathlib import Path

import numpy as np
import png
import pytest
from PIL import Image

from service.artifacts import save
from service.network import Layer, Network
from service.settings import Settings
from service.web.app import create_app

THREE = Path(__file__).parents[2] / "examples" / "three.png"


@pytest.fixture
def certain(tmp_path, metadata_for):
    """Make a model that sees one digit in everything: σ(4) = 0.982 there, and σ(-2) = 0.119 at 8."""

    def make(digit):
        biases = np.full(10, -5, np.float32)
        biases[8], biases[digit] = -2, 4
        sigmoid = Network.random((784, 10)).layers[0].activation
        network = Network((Layer(np.zeros((10, 784), np.float32), biases, sigmoid),))
        save(network, metadata_for(network, name="certain"), tmp_path / "certain")
        return ("--models", tmp_path / "certain", "--model", "certain")

    return make


class TestClassify:
    def test_says_which_digit_it_is(self, digits, certain):
        done = digits("classify", *certain(3), THREE)
        assert done == (0, f"{THREE}: 3 (strongest 0.982, next 8 at 0.119)\n", "")

    def test_says_when_no_neuron_is_sure(self, digits, certain):
        done = digits("classify", *certain(3), "--reject-below", "0.99", THREE)
        assert done.out == f"{THREE}: not a digit (weak: strongest 0.982, below 0.99)\n"

    def test_says_when_two_neurons_are(self, digits, certain):
        done = digits("classify", *certain(3), "--reject-below", "0.1", THREE)
        assert done.out == f"{THREE}: not a digit (ambiguous: 3 at 0.982 and 8 at 0.119, both from 0.1 up)\n"

    def test_says_when_there_is_no_ink(self, digits, certain, tmp_path):
        blank = tmp_path / "blank.png"
        png.from_array(np.full((40, 40), 255, np.uint8).tolist(), "L").save(blank)
        assert digits("classify", *certain(3), blank).out == f"{blank}: not a digit (blank: no ink at all)\n"

    def test_reads_the_standard_input(self, digits, certain):
        done = digits("classify", *certain(3), "-", stdin=THREE.read_bytes())
        assert done.out == "-: 3 (strongest 0.982, next 8 at 0.119)\n"

    def test_answers_the_others_when_some_cannot_be_read(self, digits, certain, tmp_path):
        (tmp_path / "text.png").write_text("no picture")
        done = digits(
            "classify", *certain(3), tmp_path / "text.png", THREE, tmp_path / "missing.png", tmp_path
        )
        assert done.status == 1
        assert done.out == f"{THREE}: 3 (strongest 0.982, next 8 at 0.119)\n"
        of_text, of_missing, of_folder = done.err.splitlines()
        assert of_text.startswith(f"digits: {tmp_path}/text.png: ")
        assert (
            of_missing
            == f"digits: {tmp_path}/missing.png: No such file or directory; name a file that can be read"
        )
        assert of_folder == f"digits: {tmp_path}: Is a directory; name a file that can be read"

    def test_prints_one_line_of_json_a_file(self, digits, tiny):
        done = digits("classify", *tiny, "--json", THREE, "-", stdin=THREE.read_bytes())
        first, second = map(json.loads, done.out.splitlines())
        assert (first.pop("name"), second.pop("name")) == (str(THREE), "-")
        assert first == second

    @pytest.mark.parametrize(
        "options", [{}, {"invert": "no"}, {"center": "no"}, {"reject_below": "0.9"}], ids=str
    )
    def test_answers_what_the_service_answers_bit_for_bit(self, digits, artifact_folder, tiny, options):
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        told = json.loads(digits("classify", *tiny, *flags, "--json", THREE).out)
        service = create_app(Settings(models=artifact_folder, model="tiny")).test_client()
        answered = service.post(
            "/v1/classify", query_string=options, data=THREE.read_bytes(), content_type="image/png"
        ).json
        del told["name"], answered["id"]
        assert told == answered

    def test_names_the_models_that_exist(self, digits, artifact_folder):
        done = digits("classify", "--models", artifact_folder, "--model", "large", THREE)
        assert done == (1, "", "digits: there is no model 'large'; those that exist: tiny\n")

    def test_obeys_the_limits(self, digits, tiny):
        done = digits("classify", *tiny, "--max-side-pixels", "100", THREE)
        assert done.status == 1
        assert "100" in done.err

    @pytest.mark.parametrize("name", ["jpeg", "webp"])
    def test_reads_every_format(self, digits, tiny, tmp_path, name):
        with Image.open(THREE) as three:
            three.save(tmp_path / "three", name)
        done = digits("classify", *tiny, "--reject-below", "0", tmp_path / "three")
        assert (done.status, "strongest" in done.out) == (0, True)
