"""What an artifact says of itself: the schema of its metadata.json."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from service.artifacts.record import Count, Fraction, Record, Row, rising
from service.artifacts.reference import Reference

__all__ = [
    "DIGITS",
    "HISTORY_SUFFIX",
    "NAME",
    "SCHEMA_VERSION",
    "SUFFIX",
    "ActivationNames",
    "Evaluation",
    "Golden",
    "Line",
    "Metadata",
    "Moment",
    "Name",
    "OperatingPoint",
    "PreprocessingChoice",
    "Reject",
    "Sizes",
    "Training",
    "Version",
]

SCHEMA_VERSION: Literal[1] = 1

NAME = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
"""What a model may be called, as the pattern of a regular expression."""

DIGITS = tuple("0123456789")
"""The labels of a network that reads digits."""

SUFFIX, HISTORY_SUFFIX = ".npz", ".history.npz"
"""How the names of artifacts end, and those of the weights on their way there."""

ROUNDING = 1e-4  # by which a share may differ from the counts that it sums up


def _printable(text: str) -> str:
    if not text.isprintable():  # a terminal obeys control characters, and a log line ends at a newline
        raise ValueError("must be one line of printable characters")
    return text


def _no_history(version: str) -> str:
    if version.endswith(".history"):
        raise ValueError("must not end in .history, which names the file of earlier weights")
    return version


Line = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
Label = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
Name = Annotated[str, Field(pattern=NAME)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"), AfterValidator(_no_history)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Width = Annotated[int, Field(ge=1, le=65_536)]  # neurons in one column
Sizes = Annotated[Row[Width], Field(min_length=2, max_length=32)]
ActivationNames = Row[Literal["sigmoid", "tanh", "relu"]]  # of service.network.ACTIVATIONS, one a layer


class PreprocessingChoice(Record):
    """Which input step the network was trained behind; a loader refuses a name it does not know."""

    name: Line
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


class Training(Record):
    """How the weights came to be; with the same seed and machine, the same bytes.

    Attributes:
        data: what was learned from, as "MNIST".
        data_sha256: of each file by its name, uncompressed.
        n_images: images trained on, after the split.
        seed: of everything random.
        recipe: the recipe, member by member.
        cost: a name from service.network.COSTS.
        epochs: passes over the data.
        code_version: of the trainer.
    """

    data: Line
    data_sha256: dict[str, Sha256]
    n_images: Count
    seed: Count
    recipe: dict[str, JsonValue]
    cost: Line
    epochs: Count
    code_version: Line


class OperatingPoint(Record):
    """What happens at one threshold.

    Attributes:
        threshold: activations below it are rejected.
        coverage: share of digits accepted.
        accuracy: share of accepted digits that are right.
        false_acceptance: share of trash accepted.
    """

    threshold: Fraction
    coverage: Fraction
    accuracy: Fraction
    false_acceptance: Fraction


class Evaluation(Record):
    """How good the network is on images it never saw.

    Attributes:
        data: what was measured on, as "MNIST t10k".
        n_images: digits measured.
        accuracy: share of digits whose argmax is right, rejections ignored.
        confusion: row = true digit, column = argmax, in images.
        calibration_error: mean gap between the largest activation and the share that is right, over 15 bins
            of equal count (Nguyen and O'Connor 2015); an activation outside 0..1 counts as 0 or 1.
        operating_curve: 21 thresholds, 0 to 1.
        false_acceptance: share accepted at the artifact's threshold, by kind of trash.
    """

    data: Line
    n_images: Annotated[int, Field(ge=1, lt=2**63)]
    accuracy: Fraction
    confusion: Row[Row[Count]]
    calibration_error: Fraction
    operating_curve: Row[OperatingPoint]
    false_acceptance: dict[str, Fraction]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if any(len(row) != len(self.confusion) for row in self.confusion):
            raise ValueError("confusion is not square: a row for each label, a column for each label")
        if sum(map(sum, self.confusion)) != self.n_images:
            raise ValueError("confusion does not add up to n_images")
        right = sum(row[digit] for digit, row in enumerate(self.confusion))
        if abs(right / self.n_images - self.accuracy) > ROUNDING:
            raise ValueError("accuracy is not the share of images on the diagonal of confusion")
        if not rising(point.threshold for point in self.operating_curve):
            raise ValueError("operating_curve is not sorted by rising threshold")
        return self


class Reject(Record):
    """When the answer is "not a digit", and how that was chosen."""

    score: Literal["largest_activation"] = "largest_activation"
    threshold: Fraction
    chosen: Line


class Moment(Record):
    """One epoch of the training curve."""

    epoch: Count
    cost: float
    validation_accuracy: Fraction


class Golden(Record):
    """Inputs of the first layer with the activations they must give, to 1e-4."""

    inputs: Annotated[Row[Row[float]], Field(min_length=1)]
    activations: Row[Row[float]]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(self.inputs) != len(self.activations):
            raise ValueError("golden has not as many activations as inputs")
        return self


class Metadata(Record):
    """Everything known about a network, in its artifact."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: Name
    version: Version
    description: Line
    sizes: Sizes
    activations: ActivationNames
    labels: Row[Label]
    preprocessing: PreprocessingChoice
    training: Training | None
    evaluation: Evaluation | None
    reference: Reference | None = None
    reject: Reject
    curve: Row[Moment]
    golden: Golden
    licence: Line
    producer: Line

    @property
    def full_name(self) -> str:
        """Say which network this is, as "plain@1"."""
        return f"{self.name}@{self.version}"

    @property
    def file(self) -> str:
        """Name the artifact's file by its place in a folder of artifacts, as "plain/1.npz"."""
        return f"{self.name}/{self.version}{SUFFIX}"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        n_in, *_, n_out = self.sizes
        if n_out < 2:  # noqa: PLR2004  # the margin is the largest activation less the second largest
            raise ValueError("a single output has nothing to be compared with; give the network two or more")
        if len(self.activations) != len(self.sizes) - 1:
            raise ValueError(
                f"{len(self.sizes) - 1} layers need as many activations; there are {len(self.activations)}"
            )
        if len(self.labels) != n_out:
            raise ValueError(f"{n_out} outputs need as many labels; there are {len(self.labels)}")
        if len(set(self.labels)) != n_out:
            raise ValueError("two labels are the same")
        if any(len(sample) != n_in for sample in self.golden.inputs):
            raise ValueError(f"a golden input has not the {n_in} numbers that the network reads")
        if any(len(sample) != n_out for sample in self.golden.activations):
            raise ValueError(f"golden activations are not {n_out} numbers, one for each output")
        if self.evaluation is not None and len(self.evaluation.confusion) != n_out:
            raise ValueError(f"confusion has not {n_out} rows, one for each label")
        if self.reference is not None and len(self.reference.answers) != n_out + 1:
            raise ValueError(f"reference has not {n_out + 1} answers, those of the labels and the rejected")
        if not rising(moment.epoch for moment in self.curve):
            raise ValueError("curve is not sorted by rising epoch")
        return self
