import json

import pytest

from service.artifacts.document import parse, render
from service.errors import BadArtifactError


@pytest.fixture
def metadata(network, metadata_for):
    return metadata_for(network)


@pytest.fixture
def text(metadata):
    return render(metadata)


def refused(text, word):
    with pytest.raises(BadArtifactError, match=word) as refusal:
        parse(text)
    return str(refusal.value)


def test_metadata_come_back_equal(metadata, text):
    assert parse(text) == metadata


def test_a_plain_json_reader_finds_every_member(metadata, text):
    assert json.loads(text) == json.loads(metadata.model_dump_json())


def test_the_text_has_a_line_for_each_member_and_they_are_sorted(text):
    first, *lines, last = text.decode().splitlines()

    names = [line.split('"')[1] for line in lines]
    assert (first, last) == ("{", "}")
    assert names == sorted(json.loads(text))


def test_the_order_in_which_members_were_given_does_not_change_the_text(network, metadata_for):
    one = metadata_for(
        network, preprocessing={"name": "mnist", "parameters": {"a": 1, "b": {"c": 2, "d": 3}}}
    )
    other = metadata_for(
        network, preprocessing={"parameters": {"b": {"d": 3, "c": 2}, "a": 1}, "name": "mnist"}
    )

    assert render(one) == render(other)


def test_letters_of_any_alphabet_stay_readable(network, metadata_for):
    metadata = metadata_for(network, labels=("ноль", "一"))

    assert "ноль" in render(metadata).decode()
    assert parse(render(metadata)) == metadata


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('_activation", "threshold": 0.5', '_activation", "threshold": NaN', "NaN is no number"),
        ('_activation", "threshold": 0.5', '_activation", "threshold": -Infinity', "-Infinity is no number"),
        ('_activation", "threshold": 0.5', '_activation", "threshold": 1e999', "1e999 is no finite number"),
        ('"mini_batch": 10', '"mini_batch": 1e999', "1e999 is no finite number"),
        ('"mini_batch": 10', '"mini_batch": 1' + "0" * 20, "does not fit 64 bits"),
        ('"mini_batch": 10', '"mini_batch": 1' + "0" * 5000, "does not fit 64 bits"),
        ('"name": "tiny"', '"name": "tiny", "name": "tiny"', "'name' stands there twice"),
        ('"mini_batch": 10', '"mini_batch": 10, "mini_batch": 20', "'mini_batch' stands there twice"),
        ('"seed": 0', '"seed": "0"', "training.seed: .*integer"),
        ('"seed": 0', '"seed": 0.5', "training.seed: .*integer"),
        ('"seed": 0', '"seed": true', "training.seed: .*integer"),
        ('"name": "tiny"', '"name": 7', "name: .*string"),
        ('"name": "tiny"', '"name": "\\ud800"', "metadata.json"),
        ('"schema_version": 1', '"schema_version": 2', "schema version '2', known here is 1; install"),
        ('"schema_version": 1', '"schema_version": true', "schema version 'True'"),
        ('"schema_version": 1', '"schema_version": 1.0', "schema version '1.0'"),
        ('"schema_version": 1', '"schema_version": "1"', "schema version '1'"),
        ('"schema_version": 1,', "", "schema version 'None'"),
        ('"licence": "MIT",', "", "lacks licence"),
        ('"name": "tiny"', '"name": "tiny", "mood": "good"', "mood: Extra inputs"),
    ],
)
def test_metadata_that_are_not_what_the_schema_says_are_refused(text, old, new, word):
    assert text.decode().count(old) == 1

    refused(text.decode().replace(old, new).encode(), word)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"{'single': 1}",
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b"{} {}",
        '{"a": 1}'.encode("utf-16"),
    ],
    ids=["nothing", "cut", "no UTF-8", "python", "deep lists", "deep objects", "two documents", "UTF-16"],
)
def test_what_is_no_json_is_refused(text):
    refused(text, "not sound JSON")


@pytest.mark.parametrize("text", [b"[]", b"1", b"null", b'"schema_version"'])
def test_json_that_is_no_object_is_refused(text):
    refused(text, "not a JSON object")


def test_an_object_of_many_members_is_refused(text):
    many = ",".join(f'"{number}": 0' for number in range(1001))

    refused(text.replace(b'"mini_batch": 10', many.encode()), "an object has 1001 members, at most 1000")


def test_several_faults_are_one_line_with_the_first_and_their_number(metadata):
    members = json.loads(render(metadata)) | {"name": "A", "version": "", "sizes": []}

    message = refused(json.dumps(members).encode(), r"metadata\.json: name: .* \(and 2 more\); correct it")
    assert message.isprintable()


def test_a_million_wrong_numbers_are_one_fault(metadata):
    members = json.loads(render(metadata)) | {"labels": [1] * 1_000_000}

    message = refused(json.dumps(members).encode(), "labels.0: .*string")
    assert "more" not in message


def test_what_others_wrote_is_escaped_and_cut_short(metadata):
    members = json.loads(render(metadata)) | {"\x1b[31m" + "x" * 10_000: 1}

    message = refused(json.dumps(members).encode(), r"\\x1b\[31mxxx")
    assert len(message) < 500
