"""What a card tells of how good the network is, what it rejects, and where it fails."""

from collections.abc import Iterator

from service.artifacts.card.markdown import plain, table
from service.artifacts.card.training import kinds_of_trash
from service.artifacts.format import Evaluation, Metadata

__all__ = ["limitations", "measured"]

WORST = 3  # kinds of trash that the limitations name


def measured(metadata: Metadata) -> Iterator[str]:
    """Tell what was measured and how the threshold was chosen, block by block."""
    evaluation, reject = metadata.evaluation, metadata.reject
    yield "## Evaluation"
    if evaluation is None:
        yield "It was not measured."
    else:
        yield from _accuracy(evaluation)
        yield "### Confusion"
        yield "A row for each label and a column for each answer, in images:"
        yield _confusion(metadata.labels, evaluation)
    yield "### Rejection"
    score = reject.score.replace("_", " ")
    yield f"The threshold of the {score} is {reject.threshold:g}, chosen {plain(reject.chosen)}."
    if evaluation is not None:
        yield from _operating_curve(evaluation)
    if evaluation is not None and evaluation.false_acceptance:
        yield "### Trash"
        yield f"The share accepted at {reject.threshold:g}, by kind:"
        yield _trash(metadata, evaluation)


def _accuracy(evaluation: Evaluation) -> Iterator[str]:
    yield f"On {evaluation.n_images:,} images of {plain(evaluation.data)}, each answered with its argmax:"
    shares = {"accuracy": evaluation.accuracy, "calibration error": evaluation.calibration_error}
    yield table(["what", "share"], ([name, f"{share:.2%}"] for name, share in shares.items()))
    yield (
        "The calibration error is the mean gap between the largest activation and the share that is right, "
        "over bins of equal count (Nguyen and O'Connor 2015)."
    )


def _confusion(labels: tuple[str, ...], evaluation: Evaluation) -> str:
    rows = (
        [f"**{plain(label)}**", *(f"{count:,}" if count else "·" for count in counts)]
        for label, counts in zip(labels, evaluation.confusion, strict=True)
    )
    return table(["", *map(plain, labels)], rows)


def _operating_curve(evaluation: Evaluation) -> Iterator[str]:
    yield (
        "What other thresholds would bring: coverage is the share of the images that is accepted, accuracy "
        "the share of the accepted ones that is right, false acceptance the share of trash that is accepted."
    )
    rows = (
        [f"{p.threshold:g}", f"{p.coverage:.2%}", f"{p.accuracy:.2%}", f"{p.false_acceptance:.2%}"]
        for p in evaluation.operating_curve
    )
    yield table(["threshold", "coverage", "accuracy", "false acceptance"], rows)


def _trash(metadata: Metadata, evaluation: Evaluation) -> str:
    seen = kinds_of_trash(metadata.training) or ()
    rows = (
        [plain(kind), "yes" if kind in seen else "no", f"{share:.2%}"]
        for kind, share in sorted(evaluation.false_acceptance.items())
    )
    return table(["kind", "seen in training", "accepted"], rows)


def limitations(metadata: Metadata) -> tuple[str, str]:
    """Tell the weakest spots that were measured."""
    spots = "\n".join(f"- {spot}" for spot in _weak_spots(metadata))
    return "## Limitations", spots or "What was not measured is not known."


def _weak_spots(metadata: Metadata) -> Iterator[str]:
    if kinds_of_trash(metadata.training) == ():
        yield "It was trained without trash: nothing taught it what is none of its labels."
    if metadata.evaluation is not None:
        yield f"Measured on {plain(metadata.evaluation.data)} alone; other images may be read worse."
        yield from _most_frequent_mistake(metadata.labels, metadata.evaluation)
        yield from _most_accepted_trash(metadata.evaluation)


def _most_frequent_mistake(labels: tuple[str, ...], evaluation: Evaluation) -> Iterator[str]:
    mistakes = [
        (count, row, column)
        for row, counts in enumerate(evaluation.confusion)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    if mistakes:
        count, row, column = max(mistakes)
        yield (
            f"The most frequent mistake: {plain(labels[row])} read as {plain(labels[column])}, "
            f"{count:,} times in {sum(evaluation.confusion[row]):,}."
        )


def _most_accepted_trash(evaluation: Evaluation) -> Iterator[str]:
    accepted = {kind: share for kind, share in evaluation.false_acceptance.items() if share}
    if accepted:
        worst = sorted(accepted, key=lambda kind: (-accepted[kind], kind))[:WORST]
        told = ", ".join(f"{plain(kind)} ({accepted[kind]:.2%})" for kind in worst)
        yield f"The trash that it accepts most often: {told}."
