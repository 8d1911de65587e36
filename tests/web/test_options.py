"""Options: what is allowed, what is refused, and what the refusal says."""

import pytest

from service.errors import BadInputError
from service.imaging import Choice
from service.web.options import OPTIONS, Include, Options, only_once, parse_options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Options()),
        ({"model": "wide@2"}, Options(model="wide@2")),
        ({"reject_below": "0.5"}, Options(reject_below=0.5)),
        ({"reject_below": "1"}, Options(reject_below=1)),
        ({"reject_below": ".25"}, Options(reject_below=0.25)),
        ({"reject_below": 0}, Options(reject_below=0)),
        ({"invert": "yes"}, Options(invert=Choice.YES)),
        ({"center": "no"}, Options(center=Choice.NO)),
        ({"include": "image"}, Options(include=frozenset({Include.IMAGE}))),
        ({"include": "image, hidden"}, Options(include=frozenset({Include.IMAGE, Include.HIDDEN}))),
        ({"include": ["hidden"]}, Options(include=frozenset({Include.HIDDEN}))),
        ({"include": ""}, Options()),
        (dict.fromkeys(OPTIONS), Options()),
    ],
)
def test_what_is_allowed_is_understood(given, expected):
    assert parse_options(given) == expected


@pytest.mark.parametrize(
    "value",
    [
        "1.01",
        "-0.1",
        "nan",
        "inf",
        "",
        "half",
        "0_0.5",
        "\u0660.\u0665",
        True,
        None.__class__,
        [0.5],
        {"a": 1},
        10**400,
        "1" * 5000,
    ],
)
def test_a_threshold_is_a_number_from_0_to_1(value):
    with pytest.raises(BadInputError, match="send a number from 0 to 1"):
        parse_options({"reject_below": value})


@pytest.mark.parametrize("name", ["invert", "center"])
@pytest.mark.parametrize("value", ["", "YES", "true", True, 1, ["yes"]])
def test_a_choice_is_auto_yes_or_no(name, value):
    with pytest.raises(BadInputError, match=f"{name} .* send auto, yes, no"):
        parse_options({name: value})


@pytest.mark.parametrize("value", ["weights", "image,weights", ["weights"], [["image"]], True, {"image": 1}])
def test_only_what_there_is_can_be_included(value):
    with pytest.raises(BadInputError, match="send image, hidden, preprocessing"):
        parse_options({"include": value})


@pytest.mark.parametrize("value", [True, 5, ["wide"]])
def test_a_model_is_named_by_a_string(value):
    with pytest.raises(BadInputError, match="model"):
        parse_options({"model": value})


def test_an_unknown_option_is_refused_with_those_that_exist():
    with pytest.raises(BadInputError) as refusal:
        parse_options({"reject_bellow": "0.5"})
    assert all(name in str(refusal.value) for name in OPTIONS)


def test_an_earlier_source_wins():
    assert parse_options({"model": "a"}, {"model": "b", "invert": "no"}) == Options("a", invert=Choice.NO)


def test_what_a_client_sent_is_quoted_in_ascii_and_shortened():
    with pytest.raises(BadInputError) as refusal:
        parse_options({"invert": "\u202e\n" + "x" * 5000})
    assert str(refusal.value).isascii()
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 200


def test_an_option_given_once_is_taken():
    assert only_once([("model", ["a"])]) == {"model": "a"}


def test_an_option_given_twice_is_refused(post, png):
    with pytest.raises(BadInputError, match="2 times"):
        only_once([("model", ["a", "a"])])
    assert post(png, "?invert=yes&invert=no").status_code == 400


def test_a_value_that_loses_to_another_is_checked_all_the_same():
    assert parse_options({"invert": "yes"}, {"invert": "no"}) == Options(invert=Choice.YES)
    with pytest.raises(BadInputError, match="invert 'perhaps'"):
        parse_options({"invert": "yes"}, {"invert": "perhaps"})
