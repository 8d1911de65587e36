"""Many pictures at once: the answers of each alone, and what is wrong with one costs that one."""

import io
import weakref
import zipfile

import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ConfigDict, TypeAdapter, with_config

from service.artifacts import save
from service.classifier import Classifier
from service.errors import BadImageError
from service.network import RELU, TANH, Network
from service.web.schema import BatchClassified

URL = "/v1/classify/batch"


def to_png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def form(files, **fields):
    """The fields of a form, whose files all have one name, as those of an HTML page have."""
    return {"images": [(io.BytesIO(content), name) for name, content in files], **fields}


ENCODED = "multipart/form-data; boundary=X"


def encoded(parts):
    """A form of (part, file name, content) triples as it goes over the wire."""
    head = '--X\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\n'
    body = b"".join(head.format(*part).encode() + content + b"\r\n" for *part, content in parts)
    return body + b"--X--\r\n"


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def pictures():
    """64 different files, as MNIST would frame what is in them, as photographs would show it, and blank."""
    rng = np.random.default_rng(3)
    files = []
    for number in range(64):
        picture = np.zeros((28, 28), np.uint8)
        top, left = rng.integers(4, 12, 2)
        picture[top : top + 12, left : left + 8] = rng.integers(0, 256, (12, 8))
        if number % 4 == 1:
            picture = 255 - np.kron(picture, np.ones((5, 5), np.uint8))
        if number % 16 == 2:
            picture[:] = 0
        files.append((f"{number}.png", to_png(picture)))
    return files


@pytest.fixture
def batch(client):
    """Send files as a form, and get the results."""

    def send(files, query="", **fields):
        answer = client.post(URL + query, data=form(files, **fields))
        assert answer.status_code == 200
        return answer.json["results"]

    return send


# The answers


def test_each_of_many_pictures_is_answered_as_it_is_alone(client, batch, pictures):
    together = batch(pictures)
    for (name, png), answer in zip(pictures, together, strict=True):
        alone = client.post("/v1/classify", data=png, content_type="image/png").json
        assert answer.pop("name") == name
        assert answer.pop("activations") == pytest.approx(alone.pop("activations"), abs=5e-6)
        assert answer.pop("margin") == pytest.approx(alone.pop("margin"), abs=2e-6)
        assert answer.pop("id") != alone.pop("id")
        assert answer == alone


def test_a_zip_is_answered_as_a_form_is(client, batch, pictures):
    together = client.post(URL, data=zipped(pictures), content_type="application/zip").json
    as_form = batch(pictures)
    assert [{**one, "id": ""} for one in together["results"]] == [{**one, "id": ""} for one in as_form]


@pytest.mark.parametrize(
    "content_type", ["application/zip", "application/x-zip-compressed", "application/octet-stream", None]
)
def test_a_zip_may_come_under_several_types(client, png, content_type):
    answer = client.post(URL, data=zipped([("a.png", png)]), content_type=content_type)
    assert [result["name"] for result in answer.json["results"]] == ["a.png"]


def test_one_forward_pass_serves_the_batch(batch, pictures, monkeypatch):
    passes = []
    real = Network.forward
    monkeypatch.setattr(
        Network, "forward", lambda self, images: passes.append(len(images)) or real(self, images)
    )
    batch(pictures)
    assert passes == [64]


def test_the_batch_says_which_model_answered(client, png):
    answer = client.post(URL, data=form([("a.png", png)]), headers={"X-Request-ID": "mine"}).json
    assert {name: answer[name] for name in ("id", "model", "model_version")} == {
        "id": "mine",
        "model": "tiny",
        "model_version": "1",
    }


def test_names_keep_their_order_whatever_the_parts_are_called(client, png):
    parts = [("b", "2.png"), ("a", "1.png"), ("b", "4.png"), ("a", "3.png"), ("b", "1.png")]
    body = encoded((part, name, png) for part, name in parts)
    answer = client.post(URL, data=body, content_type=ENCODED)
    assert [result["name"] for result in answer.json["results"]] == [name for _, name in parts]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            "drei \N{LATIN SMALL LETTER U WITH DIAERESIS}ber.png",
            "drei \N{LATIN SMALL LETTER U WITH DIAERESIS}ber.png",
        ),
        ("a\x1b[2Jb\u202ec.png", "a\ufffd[2Jb\ufffdc.png"),
        ("n" * 1000, "n" * 200),
        ("../../etc/passwd", "../../etc/passwd"),  # a label in a form, and nothing but that
    ],
)
def test_a_name_is_repeated_as_far_as_it_can_be_seen(batch, png, sent, told):
    assert batch([(sent, png)])[0]["name"] == told


def test_a_part_without_a_file_name_is_called_as_the_part_is(client, png):
    answer = client.post(URL, data=encoded([("three", "", png)]), content_type=ENCODED)
    assert [result["name"] for result in answer.json["results"]] == ["three"]


def test_the_answer_is_what_its_schema_promises(client, png):
    files = [("a.png", png), ("b.png", b"no picture")]
    answer = client.post(f"{URL}?include=image,hidden,preprocessing", data=form(files))
    strict = with_config(ConfigDict(extra="forbid", strict=True))(BatchClassified)
    TypeAdapter(strict).validate_json(answer.data)


# Options


def test_options_are_those_of_a_single_picture(client, batch, png):
    query = "?include=image,hidden,preprocessing&reject_below=0.25&invert=no&center=no"
    alone = client.post(f"/v1/classify{query}", data=png, content_type="image/png").json
    together = batch([("a.png", png)], query)[0]
    assert together.pop("id") != alone.pop("id")
    assert together == {"name": "a.png", **alone}


def test_the_query_wins_over_the_form(batch, png):
    files = [("a.png", png)]
    assert batch(files, reject_below="0.75")[0]["reject_below"] == 0.75
    assert batch(files, "?reject_below=0.25", reject_below="0.75")[0]["reject_below"] == 0.25


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?model=nobody", 404, "unknown_model"),
        ("?reject_below=2", 400, "bad_input"),
        ("?colour=red", 400, "bad_input"),
        ("?invert=yes&invert=no", 400, "bad_input"),
    ],
)
def test_a_bad_option_costs_the_whole_batch(client, png, query, status, code):
    answer = client.post(URL + query, data=form([("a.png", png)]))
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_model_of_another_shape_reads_no_batch(client_for, artifact_folder, metadata_for, png):
    network = Network.random((4, 4, 4), np.random.default_rng(0), activations=[TANH, RELU])
    save(network, metadata_for(network, name="camera", preprocessing={"name": "four-pixel"}), artifact_folder)
    answer = client_for().post(f"{URL}?model=camera", data=form([("a.png", png)]))
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")
    assert "2x2 pixels" in answer.json["detail"]


def test_labels_stand_in_a_batch_as_they_do_alone(client_for, artifact_folder, metadata_for, png):
    network = Network.random((784, 2), np.random.default_rng(1))
    save(network, metadata_for(network, name="shapes", labels=("round", "straight")), artifact_folder)
    [answer] = (
        client_for().post(f"{URL}?model=shapes&reject_below=0", data=form([("a.png", png)])).json["results"]
    )
    assert answer["label"] == ("round", "straight")[answer["argmax"]]


# Failures

BAD = {
    "not a PNG": (b"GIF89a and so on", 415, "not_a_png"),
    "another archive": (zipped([("a.png", b"")]), 415, "not_a_png"),
    "empty": (b"", 415, "not_a_png"),
    "cut short": (None, 422, "bad_image"),
    "too large": (to_png(np.zeros((5000, 1), np.uint8)), 413, "image_too_large"),
}


@pytest.mark.parametrize(("content", "status", "code"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("pack", ["form", "zip"])
def test_one_bad_file_costs_that_one_alone(client, png, content, status, code, pack):
    files = [("good.png", png), ("bad.png", png[:-9] if content is None else content), ("also good.png", png)]
    body = (
        {"data": encoded([("images", *file) for file in files]), "content_type": ENCODED}
        if pack == "form"
        else {"data": zipped(files), "content_type": "application/zip"}
    )
    answer = client.post(URL, **body)
    first, bad, last = answer.json["results"]
    assert answer.status_code == 200
    assert (bad["name"], bad["error"]["status"], bad["error"]["code"]) == ("bad.png", status, code)
    assert (first["name"], last["name"]) == ("good.png", "also good.png")
    assert first["activations"] == pytest.approx(last["activations"])


def test_what_is_wrong_with_one_is_told_as_it_is_alone(client, batch):
    alone = client.post("/v1/classify", data=b"GIF89a and so on", content_type="image/png").json
    together = batch([("a.png", b"GIF89a and so on")])[0]["error"]
    assert together.pop("id") != alone.pop("id")
    assert together == alone


def test_a_batch_of_which_nothing_can_be_read_is_answered_all_the_same(batch):
    assert [result["error"]["code"] for result in batch([("a", b"a"), ("b", b"b")])] == ["not_a_png"] * 2


@pytest.mark.parametrize(
    ("name", "code"), [("../a.png", "bad_input"), ("folder/", "bad_input"), ("/etc/a.png", "bad_input")]
)
def test_a_hostile_member_costs_itself_alone(client, png, name, code):
    files = [("a.png", png), (name, b"" if name.endswith("/") else png), ("b.png", png)]
    answer = client.post(URL, data=zipped(files), content_type="application/zip").json["results"]
    assert [result["name"] for result in answer] == ["a.png", name, "b.png"]
    assert [result.get("error", {}).get("code") for result in answer] == [None, code, None]


def test_a_bomb_costs_itself_alone(client_for, png):
    client = client_for(max_body_bytes=50_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", png)
        archive.writestr("bomb.png", bytes(10_000_000))
        archive.writestr("b.png", png)
    answer = client.post(URL, data=out.getvalue(), content_type="application/zip").json["results"]
    codes = [result.get("error", {}).get("code") for result in answer]
    assert codes == [None, "body_too_large", None]


@pytest.mark.parametrize("pack", ["form", "zip"])
@pytest.mark.parametrize(("n_files", "status"), [(256, 200), (257, 413)])
def test_a_batch_has_256_files_at_most(client, n_files, status, pack):
    files = [(f"{n}.png", b"x") for n in range(n_files)]
    body = (
        {"data": form(files)}
        if pack == "form"
        else {"data": zipped(files), "content_type": "application/zip"}
    )
    answer = client.post(URL, **body)
    assert answer.status_code == status
    if status == 413:
        assert (answer.json["code"], "256" in answer.json["detail"]) == ("body_too_large", True)


def test_a_form_of_a_thousand_parts_is_not_read(client):
    answer = client.post(URL, data=form([("a.png", b"x")] * 1000))
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", ENCODED, 400, "bad_input"),
        (b"--X--\r\n", ENCODED, 400, "bad_input"),
        (b"--X\r\nrubbish", ENCODED, 400, "bad_input"),
        (b"--X--\r\n", "multipart/form-data", 400, "bad_input"),
        (zipped([]), "application/zip", 400, "bad_input"),
        (b"no archive", "application/zip", 400, "bad_input"),
        (b"no archive", None, 415, "unsupported_body"),
        (b"{}", "application/json", 415, "unsupported_body"),
        (b"\x89PNG\r\n\x1a\n", "image/png", 415, "unsupported_body"),
    ],
)
def test_a_body_that_holds_no_batch_is_refused(client, body, content_type, status, code):
    answer = client.post(URL, data=body, content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_who_sends_nothing_is_told_to_send_pictures(client):
    assert "send one PNG or more" in client.post(URL, content_type="application/zip").json["detail"]


def test_who_sends_another_type_is_told_all_that_are_read(client):
    accepted = client.post(URL, data=b"{}", content_type="application/json").headers["Accept"]
    assert accepted == "multipart/form-data, application/zip, application/x-zip-compressed"


def test_a_body_that_is_too_long_is_refused(client_for, pictures):
    answer = client_for(max_body_bytes=1000).post(URL, data=form(pictures))
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_a_single_picture_is_told_where_to_go(client, png):
    assert "/v1/classify" in client.post(URL, data=png, content_type="image/png").json["detail"]


# What it costs


def test_the_pictures_of_a_batch_have_four_times_the_pixels_of_the_largest_in_all(client_for, png):
    client = client_for(max_pixels=10_000)
    large = to_png(np.zeros((100, 100), np.uint8))
    too_large = to_png(np.zeros((101, 100), np.uint8))
    not_a_picture = b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\0\0\0\x64\0\0\0\x64" + bytes(5)
    files = [("0", too_large), *[("n", large)] * 3, ("lies", not_a_picture), ("m", png)]
    codes = [
        result.get("error", {}).get("code") for result in client.post(URL, data=form(files)).json["results"]
    ]
    assert codes == ["image_too_large", *[None] * 3, "bad_image", "image_too_large"]


def test_a_picture_that_fails_leaves_nothing_in_memory(batch, monkeypatch):
    decoded = weakref.WeakSet()

    class Decoded:
        """Stands for megabytes of pixels."""

    def see(*_, **__):
        pixels = Decoded()
        decoded.add(pixels)
        assert len(decoded) == 1
        raise BadImageError("damaged")

    monkeypatch.setattr(Classifier, "see", see)
    results = batch([("a.png", b"a"), ("b.png", b"b"), ("c.png", b"c")])
    assert [result["error"]["code"] for result in results] == ["bad_image"] * 3


COUNTED = (
    "digits_classifications",
    "digits_rejections",
    "digits_largest_activation",
    "digits_margin",
    "digits_ink",
)


@pytest.mark.parametrize("query", ["", "?reject_below=0"])
def test_pictures_of_a_batch_are_counted_as_each_of_them_would_be(client_for, pictures, query):
    one_by_one, together = client_for(), client_for()
    for _, png in pictures:
        one_by_one.post("/v1/classify" + query, data=png, content_type="image/png")
    together.post(URL + query, data=form([*pictures, ("bad.png", b"no picture")]))
    expected, found = (
        {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(client.get("/metrics").text)
            if family.name in COUNTED
            for sample in family.samples
        }
        for client in (one_by_one, together)
    )
    assert expected["digits_ink_count", "tiny"] == len(pictures)
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_batch_is_one_line_in_the_log(batch, lines, png):
    batch([("a.png", png), ("b.png", b"no picture"), ("c.png", png)])
    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["model"], line["images"], line["refused"]) == ("tiny", 2, 1)


def test_the_time_of_each_stage_is_told_for_all_pictures_together(client, pictures):
    told = client.post(URL, data=form(pictures)).headers["Server-Timing"]
    stages = dict(part.split(";dur=") for part in told.split(", "))
    assert [*stages] == ["decode", "preprocess", "forward", "total"]
    assert sum(float(stages[stage]) for stage in ("decode", "preprocess", "forward")) <= float(
        stages["total"]
    )
