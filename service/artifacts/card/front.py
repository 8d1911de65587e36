"""The YAML at the head of a card, from which Hugging Face makes its tags and its tables of results."""

import json

from service.artifacts.format import Evaluation, Metadata

__all__ = ["front_matter"]

# those of Hugging Face's list that networks are given; in lower case they are its names
LICENCES = {"MIT", "Apache-2.0", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"}
MNIST = "MNIST"
WIDEST = 100  # characters of a value on one line


def front_matter(metadata: Metadata) -> str:
    """Tell licence, tags, data and results, between two lines of three dashes."""
    members: dict[str, object] = (
        {"license": metadata.licence.lower()}
        if metadata.licence in LICENCES
        else {"license": "other", "license_name": metadata.licence}
    )
    members["tags"] = ["image-classification", "multilayer-perceptron", "numpy"]
    members["pipeline_tag"] = "image-classification"
    if metadata.training is not None and MNIST in metadata.training.data:
        members["datasets"] = ["mnist"]
    if metadata.evaluation is not None:
        members["metrics"] = ["accuracy"]
        members["model-index"] = [{"name": metadata.name, "results": [_result(metadata.evaluation)]}]
    return "\n".join(["---", *(f"{key}: {_yaml(value)}" for key, value in members.items()), "---"])


def _yaml(value: object) -> str:
    """Write a value as JSON, which is YAML too."""
    line = json.dumps(value, ensure_ascii=False)
    return (
        line if len(line) <= WIDEST else json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    )


def _result(evaluation: Evaluation) -> dict[str, object]:
    numbers = {
        "accuracy": evaluation.accuracy,
        "calibration_error": evaluation.calibration_error,
    }
    return {
        "task": {"type": "image-classification"},
        "dataset": {"type": "mnist" if MNIST in evaluation.data else "other", "name": evaluation.data},
        # with four decimals a number has no exponent, which YAML 1.1 would read as text
        "metrics": [{"type": kind, "value": round(number, 4)} for kind, number in numbers.items()],
    }
