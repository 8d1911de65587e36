"""What metadata may say, one table a record: the member that is changed, and a word of the refusal."""

from typing import get_args

import pytest
from pydantic import ValidationError

from service.artifacts import Metadata
from service.network import ACTIVATIONS, Network


@pytest.fixture
def described(network, metadata_for):
    """Describe the 4-3-2 network with one member replaced, in any record of the metadata."""

    def describe(place, value):
        members = metadata_for(network, reference=REFERENCE).model_dump()
        record = members
        *parents, name = place.split(".")
        for parent in parents:
            record = record[parent]
        record[name] = value
        return Metadata.model_validate(members)

    return describe


def test_the_videos_network_can_be_described(small_network, metadata_for):
    assert metadata_for(small_network).sizes == (784, 16, 16, 10)


def test_every_activation_of_the_network_can_be_named(metadata_for):
    for activation in ACTIVATIONS.values():
        network = Network.random((2, 2), activations=[activation])
        assert metadata_for(network).activations == (activation.name,)


def test_every_activation_that_can_be_named_exists():
    (row,) = (
        argument
        for argument in get_args(Metadata.model_fields["activations"].annotation)
        if argument is not ...
    )

    assert set(get_args(row)) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ["a", "plain", "four-pixel", "2024", "a" * 63])
def test_names_of_small_letters_digits_and_dashes_are_good(described, name):
    assert described("name", name).name == name


@pytest.mark.parametrize("version", ["1", "1.2.3", "2026-11-21", "v1_rc.2", "1" * 32])
def test_versions_of_letters_digits_dots_and_dashes_are_good(described, version):
    assert described("version", version).version == version


POINT = {"threshold": 0.5, "coverage": 1, "accuracy": 1, "false_acceptance": 0}
EPOCH = {"epoch": 1, "cost": 0.5, "validation_accuracy": 1}
LONG = "x" * 1001
BINS = {"bounds": (0.5, 1.0), "counts": (1, 3, 0)}
REFERENCE = {"n_images": 4, "answers": (1, 2, 1), "largest_activation": BINS, "ink": BINS}

REFUSED = [
    ("name", "", "name"),
    ("name", "Plain", "name"),
    ("name", "-plain", "name"),
    ("name", "plain-", "name"),
    ("name", "a" * 64, "name"),
    ("name", "../up", "name"),
    ("name", "plain\n", "name"),
    ("version", "", "version"),
    ("version", ".1", "version"),
    ("version", "1/2", "version"),
    ("version", "1@2", "version"),
    ("version", "1" * 33, "version"),
    ("version", "1\n", "version"),
    ("version", "1.history", "must not end in .history"),
    ("description", "two\nlines", "one line of printable characters"),
    ("description", "\x1b[2J", "one line of printable characters"),
    ("description", LONG, "at most 1000 characters"),
    ("licence", "MIT\r", "printable"),
    ("producer", "\0", "printable"),
    ("sizes", (4,), "at least 2 items"),
    ("sizes", (4, 0), "greater than or equal to 1"),
    ("sizes", (4, 3, 1), "a single output has nothing to be compared with"),
    ("sizes", (4, 65_537), "less than or equal to 65536"),
    ("sizes", (4, *[1] * 31, 2), "at most 32 items"),
    ("sizes", (4, 3, 3, 2), "3 layers need as many activations; there are 2"),
    ("sizes", (5, 3, 2), "golden input has not the 5 numbers"),
    ("activations", ("sigmoid",), "2 layers need as many activations; there are 1"),
    ("activations", ("sigmoid", "softmax"), "'sigmoid', 'tanh' or 'relu'"),
    ("labels", ("0",), "2 outputs need as many labels; there are 1"),
    ("labels", ("0", "0"), "two labels are the same"),
    ("labels", ("0", ""), "at least 1 character"),
    ("labels", ("0", "\t"), "printable"),
    ("labels", ("0", "x" * 65), "at most 64 characters"),
    ("preprocessing.name", "\n", "printable"),
    ("training.data_sha256", {"train": "0" * 63}, "data_sha256"),
    ("training.data_sha256", {"train": "A" * 64}, "data_sha256"),
    ("training.n_images", -1, "greater than or equal to 0"),
    ("training.seed", 2**63, "seed"),
    ("training.epochs", -1, "greater than or equal to 0"),
    ("training.recipe", {"rate": float("nan")}, "recipe"),
    ("evaluation.n_images", 0, "greater than or equal to 1"),
    ("evaluation.n_images", 9, "does not add up to n_images"),
    ("evaluation.accuracy", 1.01, "less than or equal to 1"),
    ("evaluation.accuracy", 0.76, "the diagonal of confusion"),
    ("evaluation.confusion", ((3, 1), (1, 3, 0)), "confusion is not square"),
    ("evaluation.confusion", ((3, 1),), "confusion is not square"),
    ("evaluation.confusion", ((3, 1), (5, -1)), "greater than or equal to 0"),
    ("evaluation.confusion", ((2, 0, 0), (0, 2, 2), (0, 0, 2)), "confusion has not 2 rows"),
    ("evaluation.operating_curve", (POINT, POINT), "not sorted by rising threshold"),
    ("evaluation.operating_curve", (POINT, POINT | {"threshold": 0.4}), "not sorted by rising threshold"),
    ("evaluation.operating_curve", (POINT | {"coverage": 1.5},), "less than or equal to 1"),
    ("evaluation.false_acceptance", {"noise": -0.1}, "greater than or equal to 0"),
    ("reject.threshold", 1.1, "less than or equal to 1"),
    ("reject.threshold", float("nan"), "finite number"),
    ("reject.score", "entropy", "'largest_activation'"),
    ("curve", (EPOCH, EPOCH), "curve is not sorted by rising epoch"),
    ("curve", (EPOCH | {"cost": float("inf")},), "finite number"),
    ("curve", (EPOCH | {"epoch": -1},), "greater than or equal to 0"),
    ("golden.inputs", (), "at least 1 item"),
    ("golden.inputs", ((0, 0, 0, 0),), "not as many activations as inputs"),
    ("golden.inputs", ((0, 0, 0, 0), (0, 0, 0), (0, 0, 0, 0)), "golden input has not the 4 numbers"),
    ("golden.inputs", ((0, 0, 0, float("nan")),), "finite number"),
    ("golden.activations", ((0, 0), (0, 0), (0, 0, 0)), "golden activations are not 2 numbers"),
    ("reference.n_images", 0, "greater than or equal to 1"),
    ("reference.n_images", 5, "4 images are counted, and n_images says 5"),
    ("reference.answers", (1, 1, 2, 0), "reference has not 3 answers"),
    ("reference.answers", (1, 2, 2), "5 images are counted"),
    ("reference.ink.counts", (1, 1, 1), "3 images are counted"),
    ("reference.ink.counts", (4,), "2 bounds need one more count; there are 1"),
    ("reference.ink.bounds", (0.2, 0.2), "bounds are not sorted"),
    ("reference.ink.bounds", (), "at least 1 item"),
    ("schema_version", 2, "schema_version"),
    ("training.surprise", 1, "Extra inputs are not permitted"),
    ("surprise", 1, "Extra inputs are not permitted"),
]


@pytest.mark.parametrize(
    ("place", "value", "word"), REFUSED, ids=[f"{place}={value!a:.30}" for place, value, _ in REFUSED]
)
def test_metadata_that_cannot_be_true_are_refused(described, place, value, word):
    with pytest.raises(ValidationError, match=word):
        described(place, value)


def test_accuracy_may_be_rounded_to_four_decimals(described):
    assert described("evaluation.accuracy", 0.75004)


def test_neither_training_nor_evaluation_need_be_known(metadata_for, network):
    assert metadata_for(network, training=None, evaluation=None, curve=())


def test_metadata_do_not_change(metadata_for, network):
    with pytest.raises(ValidationError, match="frozen"):
        metadata_for(network).name = "other"
