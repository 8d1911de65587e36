import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt

from service.artifacts import Metadata, load, rounded, save
from service.artifacts.card import card
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, Layer, Network

SHIPPED = Path(__file__).parents[2] / "model_artifacts"
ARTIFACTS = sorted(p for p in SHIPPED.glob("*/*.npz") if not p.name.endswith(".history.npz"))
HOSTILE = '# a|b <script>1</script> [x](javascript:1) ![x](y) `c` *d* _e_ ~~f~~ &amp; "g": {h} \\ --- é 漢 😀'


def told(metadata, **changes):
    changed = Metadata.model_validate(metadata.model_dump() | changes)
    return card(changed, sha256="a" * 64, size_bytes=1234)


def front(text):
    """The front matter as another program reads it."""
    _, between, _ = text.split("---\n", maxsplit=2)
    return yaml.safe_load(between)


def tokens(text):
    """What the Markdown is to another program: every token and its depth, without the words."""
    _, _, body = text.split("---\n", maxsplit=2)
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
    return [(token.type, token.level, [child.type for child in token.children or ()]) for token in parsed]


def words(text):
    """The words that a reader sees."""
    _, _, body = text.split("---\n", maxsplit=2)
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
    return ["".join(child.content for child in token.children) for token in parsed if token.type == "inline"]


@pytest.fixture(scope="session")
def metadata(network, metadata_for):
    return metadata_for(network)


def test_the_front_matter_is_yaml_with_the_measured_numbers(metadata):
    read = front(told(metadata))
    assert read["license"] == "mit"
    assert read["datasets"] == ["mnist"]
    (index,) = read["model-index"]
    (result,) = index["results"]
    assert index["name"] == "tiny"
    assert result["dataset"] == {"type": "mnist", "name": "MNIST t10k"}
    assert {m["type"]: m["value"] for m in result["metrics"]} == {
        "accuracy": 0.75,
        "calibration_error": 0.01,
    }


def test_a_licence_that_hugging_face_does_not_list_is_named_beside_other(metadata):
    read = front(told(metadata, licence="Beerware: 42"))
    assert (read["license"], read["license_name"]) == ("other", "Beerware: 42")


def test_a_small_number_stays_a_number(metadata):
    evaluation = metadata.evaluation.model_dump() | {"calibration_error": 1.2e-5}
    (index,) = front(told(metadata, evaluation=evaluation))["model-index"]
    assert index["results"][0]["metrics"][1]["value"] == 0


@pytest.mark.parametrize("names", [("tanh", "relu"), *((name, "sigmoid") for name in ACTIVATIONS)])
def test_its_program_reads_the_file_and_prints_the_labels(names, metadata_for, tmp_path, monkeypatch, capsys):
    drawn = Network.random((4, 3, 2), np.random.default_rng(0))
    layers = (
        Layer(60 * layer.weights, layer.biases, ACTIVATIONS[name])  # so large that exp would overflow
        for layer, name in zip(drawn.layers, names, strict=True)
    )
    network = rounded(Network(tuple(layers)), "float16")
    metadata = metadata_for(network, labels=("left", "right"))
    monkeypatch.chdir(save(network, metadata, tmp_path, dtype="float16").parent)
    program = re.search(r"```python\n(.*?)```", told(metadata), re.DOTALL)[1]
    exec(compile(program, "card", "exec"), {})  # noqa: S102  # the program of a card that this test made
    printed = capsys.readouterr().out.strip()
    expected = network.forward(np.array(metadata.golden.inputs, np.float32)).argmax(axis=1)
    assert printed == str([("left", "right")[neuron] for neuron in expected])


@pytest.mark.parametrize("preprocessing", PREPROCESSINGS.values(), ids=lambda p: p.name)
def test_it_tells_what_is_read_behind_every_preprocessing(preprocessing, metadata):
    text = told(metadata, preprocessing={"name": preprocessing.name})
    assert "what the preprocessing" not in text  # which is for names that only others know
    assert ("$ digits classify" in text) == preprocessing.on_paper
    assert ("single handwritten digits" in text) == preprocessing.on_paper


def hostile(word):
    return {
        "description": word,
        "labels": (f"{word[:60]}1", f"{word[:60]}2"),
        "preprocessing": {"name": word},
        "licence": word,
        "producer": word,
        "reject": {"threshold": 0.5, "chosen": word},
    }


def hostile_records(metadata, word):
    training = metadata.training.model_dump() | {
        "data": word,
        "cost": word,
        "code_version": word,
        "data_sha256": {word: "0" * 64},
        "recipe": {
            word: word,
            "trash": [word],
            "table": {word: [word, 1, None]},
            "text": f"{word}\n\n# {word}",
        },
    }
    evaluation = metadata.evaluation.model_dump() | {"data": word, "false_acceptance": {word: 0.5}}
    return {"training": training, "evaluation": evaluation}


def test_foreign_words_stay_words(metadata):
    """Another program finds the same headings, tables and paragraphs whatever the words are."""
    harmless, dangerous = (
        told(metadata, **hostile(word), **hostile_records(metadata, word)) for word in ("word", HOSTILE)
    )
    assert [kind for kind, *_ in tokens(dangerous)] == [kind for kind, *_ in tokens(harmless)]
    allowed = {"text", "text_special", "strong_open", "strong_close", "code_inline"}
    assert {kind for _, _, inline in tokens(dangerous) for kind in inline} <= allowed
    assert f"Version 1. {HOSTILE}" in words(dangerous)


def test_foreign_words_stay_words_in_the_front_matter(metadata):
    read = front(told(metadata, **hostile(HOSTILE), **hostile_records(metadata, HOSTILE)))
    assert read["license_name"] == HOSTILE
    assert read["model-index"][0]["results"][0]["dataset"] == {"type": "other", "name": HOSTILE}
    assert "datasets" not in read


def test_what_is_unprintable_is_shown_by_its_escape(metadata):
    training = metadata.training.model_dump() | {"recipe": {"note": "one\ntwo\x1b[0m"}}
    assert r"one\ntwo\x1b[0m" in words(told(metadata, training=training))


def test_it_tells_what_the_metadata_measured(metadata):
    seen = words(told(metadata))
    assert "4-3-2" in seen[2]
    assert "23 weights and biases" in seen[2]
    assert "75.00%" in seen  # accuracy
    assert "The threshold of the largest activation is 0.5, chosen by hand, for tests." in seen
    assert seen.count("1.00%") == 2  # calibration error, and uniform noise accepted
    assert "1,234 bytes" in seen[-1]
    assert "a" * 64 in seen[-1]


def test_it_names_the_most_frequent_mistake(metadata):
    evaluation = metadata.evaluation.model_dump() | {"confusion": [[5, 1], [0, 2]], "accuracy": 7 / 8}
    assert "The most frequent mistake: 0 read as 1, 1 times in 6." in words(
        told(metadata, evaluation=evaluation)
    )


def test_a_network_without_mistakes_has_none_named(metadata):
    evaluation = metadata.evaluation.model_dump() | {
        "confusion": [[4, 0], [0, 4]],
        "accuracy": 1,
        "false_acceptance": {"noise": 0},
    }
    text = told(metadata, evaluation=evaluation)
    assert "mistake" not in text
    assert "most often" not in text


def test_it_names_the_trash_that_passes_most_often_and_what_was_seen(metadata):
    training = metadata.training.model_dump() | {"recipe": {"trash": ["blobs"]}}
    shares = {"blobs": 0.1, "gratings": 0.0, "letters": 0.3, "noise": 0.2, "strokes": 0.05}
    evaluation = metadata.evaluation.model_dump() | {"false_acceptance": shares}
    text = told(metadata, training=training, evaluation=evaluation)
    assert "letters (30.00%), noise (20.00%), blobs (10.00%)." in text
    assert "| blobs | yes | 10.00% |" in text
    assert "| letters | no | 30.00% |" in text


def test_it_says_when_nothing_taught_the_network_trash(metadata):
    training = metadata.training.model_dump() | {"recipe": {"trash": []}}
    assert "trained without trash" in told(metadata, training=training)
    assert "trained without trash" not in told(metadata)  # a recipe that says nothing of trash


def test_a_network_of_unknown_origin_has_a_card_that_says_so(metadata):
    text = told(metadata, training=None, evaluation=None, curve=())
    assert "does not say how it came to be" in text
    assert "It was not measured" in text
    assert "What was not measured is not known" in text
    assert not {"datasets", "metrics", "model-index"} & set(front(text))


def test_it_shows_ten_moments_of_a_long_curve_the_first_and_the_last_among_them(metadata):
    curve = [{"epoch": e, "cost": 1 / e, "validation_accuracy": 0.5} for e in range(1, 151)]
    rows = re.findall(r"^\| (\d+) \| [\d.e-]+ \| 50.00% \|$", told(metadata, curve=curve), re.MULTILINE)
    assert len(rows) == 10
    assert (rows[0], rows[-1]) == ("1", "150")


def test_the_curve_of_a_single_epoch_is_shown(metadata):
    text = told(metadata, curve=[{"epoch": 7, "cost": 0.25, "validation_accuracy": 0.5}])
    assert "| 7 | 0.25 | 50.00% |" in text


@pytest.mark.parametrize("path", ARTIFACTS, ids=lambda path: f"{path.parent.name}@{path.stem}")
def test_the_card_beside_a_shipped_artifact_is_the_one_that_is_made_of_it(path):
    """`make cards` writes them anew."""
    artifact = load(path)
    text = card(artifact.metadata, sha256=artifact.sha256, size_bytes=artifact.size_bytes)
    assert path.with_suffix(".md").read_text(encoding="utf-8") == text


def test_every_member_of_the_metadata_is_in_the_card(metadata):
    """But for the golden samples, which its program reads from the file, and what only programs need."""
    text = told(metadata)
    members = metadata.model_dump(mode="json", exclude={"golden", "reference", "schema_version"})
    for name, member in members.items():
        assert first_word(member) in text, name


def first_word(member):
    """Something of a member that its card must show."""
    while isinstance(member, list | dict):
        member = next(iter(member.values() if isinstance(member, dict) else member))
    return member.replace("_", " ") if isinstance(member, str) else json.dumps(member)
