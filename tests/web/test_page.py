"""What is served at / and around it; what happens in a browser is tested in tests/page."""

import gzip
import io
import re
from unittest.mock import Mock

import numpy as np
import pytest
from pydantic import SecretStr

from service.artifacts import save
from service.classifier import Classifier
from service.errors import BusyError
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, Network
from service.web.page import FILES

FORM = "multipart/form-data"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def table(client, name):
    """The names in one of the page's tables."""
    (rows,) = re.findall(rf"^const {name} = {{(.*)}};", client.get("/page.js").text, re.MULTILINE)
    return set(re.findall(r'(?:^|,) *"?([\w-]+)"?:', rows))


def form(png, **fields):
    return {"image": (io.BytesIO(png), "digit.png"), **fields}


@pytest.mark.parametrize("path", FILES)
def test_every_file_of_the_page_is_served_with_a_strict_policy(client, path):
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert policy.startswith("default-src 'none'")
    assert re.findall(r"unsafe|https?:|\*", policy) == []
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_names_nothing_that_is_not_served(client):
    page = client.get("/", headers=BROWSER).text
    files = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert files
    assert {file for file in files if client.get(f"/{file}").status_code != 200} == set()
    assert re.findall(r'style="|onclick=|<script>|<style>', page) == []


def test_a_browser_gets_the_page_and_a_program_a_sign_of_life(client):
    """KServe's V1 clients take a server for alive that says so at /."""
    browser, program = client.get("/", headers=BROWSER), client.get("/", headers={"Accept": "*/*"})
    assert browser.content_type == "text/html; charset=utf-8"
    assert program.json == {"status": "alive"}
    assert "Accept" in browser.headers["Vary"].split(", ")
    assert "Accept" in program.headers["Vary"].split(", ")
    assert browser.headers["ETag"] != program.headers["ETag"]


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("TEXT/HTML", True),
        ("text/html;level=1", True),
        ("text/html;q=0.1, */*", True),
        ("text/html;q=0, application/json", False),
        ("text/plain", False),
    ],
)
def test_who_names_html_gets_the_page_however_it_is_named(client, accept, is_page):
    assert (client.get("/", headers={"Accept": accept}).mimetype == "text/html") is is_page


def test_no_path_at_all_means_the_first_one(client):
    assert client.get("/", environ_overrides={"PATH_INFO": ""}).json == {"status": "alive"}


@pytest.mark.parametrize("path", FILES)
def test_a_browser_that_has_a_file_is_not_sent_it_again(client, path):
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_sent_whatever_a_client_says_that_it_would_change(client, path):
    answer = client.get(path, headers={"If-Match": '"another"'})
    assert (answer.status_code, answer.data) == (200, client.get(path).data)


def test_files_are_compressed_for_those_who_read_gzip(client):
    plain = client.get("/page.js")
    packed = client.get("/page.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_the_page_needs_no_key_but_its_form_does(client_for, png):
    client = client_for(api_keys=SecretStr("s3cret"))
    assert client.get("/").status_code == 200
    assert client.get("/page.js").status_code == 200
    assert client.post("/read", data=form(png), content_type=FORM).status_code == 401


def test_the_form_is_answered_in_html(client, post, png):
    argmax = post(png, "?reject_below=0").json["argmax"]
    answer = client.post("/read", data=form(png, reject_below="0"), content_type=FORM)
    assert answer.content_type == "text/html; charset=utf-8"
    assert f"<h1>{argmax}</h1>" in answer.text
    assert answer.text.count('<th scope="row">') == 10


def test_the_form_says_why_a_picture_is_rejected(client, png):
    answer = client.post("/read", data=form(png, reject_below="1"), content_type=FORM)
    assert answer.status_code == 200
    assert "<h1>Not a digit</h1>" in answer.text
    assert "No neuron reached the threshold." in answer.text


def test_the_form_says_what_is_wrong_with_a_file(client, lines):
    answer = client.post("/read", data=form(b"GIF89a<b>"), content_type=FORM)
    assert answer.status_code == 415
    assert answer.content_type == "text/html; charset=utf-8"
    assert "<h1>No answer</h1>" in answer.text
    assert lines[-1]["code"] == "not_a_png"


def test_the_form_says_when_to_try_again(client, png, monkeypatch):
    monkeypatch.setattr(Classifier, "see", Mock(side_effect=BusyError("too many")))
    answer = client.post("/read", data=form(png), content_type=FORM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.content_type == "text/html; charset=utf-8"


def test_the_form_says_what_is_read(client):
    answer = client.post("/read", data=b"a", content_type="text/plain")
    assert answer.status_code == 415
    assert FORM in answer.headers["Accept"].split(", ")
    assert answer.content_type == "text/html; charset=utf-8"


def test_what_a_client_sent_is_escaped(client, png):
    answer = client.post("/read?model=<script>", data=form(png), content_type=FORM)
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_an_uploaded_picture_is_counted_as_every_other(client, png, lines):
    client.post("/read", data=form(png, reject_below="0"), content_type=FORM)
    assert lines[-1]["model"] == "tiny"
    assert "digits_classifications_total{" in client.get("/metrics").text


def test_the_form_names_labels_and_so_does_the_log(client_for, artifact_folder, metadata_for, png, lines):
    network, labels = Network.random((784, 3), np.random.default_rng(1)), ("solid", "vertical", "horizontal")
    save(network, metadata_for(network, name="shapes", labels=labels), artifact_folder)
    client, chosen = client_for(), {"model": "shapes", "reject_below": "0"}
    answer = client.post("/read", data=form(png, **chosen), content_type=FORM)
    client.post("/v1/classify", data=form(png, **chosen), content_type=FORM)
    assert {line["digit"] for line in lines} == {*re.findall("<h1>(.+)</h1>", answer.text)} <= {*labels}
    assert re.findall('<th scope="row">(.+)</th>', answer.text) == [*labels]


def test_the_page_has_a_formula_for_every_activation(client):
    assert table(client, "FUNCTIONS") == set(ACTIVATIONS)


def test_the_page_tells_of_every_preprocessing_that_changes_what_was_framed(client):
    images = np.random.default_rng(0).random((1, 784), np.float32)
    framed = (p for p in PREPROCESSINGS.values() if p.on_paper)
    assert table(client, "READING") == {p.name for p in framed if p.prepare(images) is not images}
