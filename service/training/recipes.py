"""Recipes: everything that decides how a network comes to be, as data.

`digits train NAME` takes one of RECIPES, `digits train FILE.toml` one of your own, with the same members.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, ValidationError, model_validator

from service.artifacts.format import Line, Name
from service.artifacts.record import Record
from service.errors import BadInputError
from service.imaging import PREPROCESSINGS
from service.network import ACTIVATIONS, COSTS, CROSS_ENTROPY, INITIALISATIONS, SIGMOID
from service.training.augment import Augmentation
from service.training.optimise import OPTIMISERS, SCHEDULES
from service.training.sources import SOURCES
from service.training.trash import SEEN

__all__ = ["RECIPES", "Recipe", "Rejection", "find"]


def _row_of(table: Mapping[str, Any]) -> AfterValidator:
    """Accept the names of a table's rows and no other."""

    def check(name: str) -> str:
        if name not in table:
            raise ValueError(f"{name!r} is not one of {', '.join(table)}")
        return name

    return AfterValidator(check)


Flag: TypeAlias = Annotated[bool, Field(strict=True)]  # else 1 is true
Whole: TypeAlias = Annotated[int, Field(strict=True)]  # else true is 1
Number: TypeAlias = Annotated[float, Field(strict=True)]
Share: TypeAlias = Annotated[Number, Field(ge=0, lt=1)]
Positive: TypeAlias = Annotated[Number, Field(gt=0)]
Width: TypeAlias = Annotated[Whole, Field(ge=1, le=65_536)]


class Rejection(Record):
    """What the threshold may cost and is to bring.

    Attributes:
        most_digits: share of validation digits that may be rejected.
        most_trash: share of trash that may be accepted, on the average of its kinds.
    """

    most_digits: Share = 0.02
    most_trash: Share = 0.01


class Recipe(Record):
    """How a network is trained.

    Attributes:
        name: of the artifact.
        description: one sentence for whoever finds the artifact.
        sizes: neurons in each column, the input first.
        activations: one a layer.
        initialisation: where the weights start.
        spread: factor on the starting weights; a sigmoid's slope is a quarter at most, and 4 makes up for it.
        reach: how far the neurons of each of the first layers hear from their places on the page, in pixels;
            those of the other layers hear everything.
        preprocessing: what is done to each image before the first layer reads it.
        cost: what is brought down.
        optimiser: how a step is made.
        learning_rate: its length at the start.
        schedule: how the steps shorten.
        climb: how far uphill a step's slope is taken, in the space of all weights and biases; from there a
            narrow valley looks steep, and a wide one does not (Foret et al. 2021). It doubles the time, and
            a committee does without.
        mini_batch: images of one step, trash included.
        epochs: passes over the training digits.
        averaging: share of the running mean of the weights that each step keeps; 0 uses the last weights.
        candidates: networks trained side by side from different starts; the best on validation is kept.
        committee: networks that are trained first; the candidates learn from their mean answer, beside the
            labels.
        teachers: what those are: networks alike to the candidates, or convolutional ones.
        committee_epochs: passes over the training digits for those; 0 is as many as for the candidates.
        lesson: the share of a digit's target that is this answer.
        augmentation: how far the digits are changed.
        variations: how many are made of each of MNIST's digits and kept, for epochs to draw from; 0 makes
            them anew in each epoch.
        sources: share of the digits of every mini-batch that come from elsewhere than MNIST's own pages.
        trash_share: of every mini-batch.
        trash: how often each kind is among it, in any unit.
        trash_drawn: how many times as much trash is drawn as is learned from; each candidate takes what it
            answers with the largest activations.
        trash_kept: images made once of each kind that is costly to make, for epochs to draw from.
        calibrate: whether z of the outputs is scaled until the largest activation agrees with the share that
            is right, on validation.
        rejection: what the threshold may cost and is to bring.
        moments: at how many epochs the weights are kept for replay.
        validation: images taken from the end of the training set, to choose on.
        refit: whether, once all is chosen, the best candidate is trained again on the validation images too.
        seed: of everything random.
        dtype: of the weights in the artifact.
    """

    name: Name
    description: Line
    sizes: Annotated[tuple[Width, ...], Field(min_length=2, max_length=32)] = (784, 16, 16, 10)
    activations: tuple[Annotated[str, _row_of(ACTIVATIONS)], ...] = ("sigmoid",) * 3
    initialisation: Annotated[str, _row_of(INITIALISATIONS)] = "scaled"
    spread: Annotated[Number, Field(gt=0, le=1e9)] = 1
    reach: tuple[Annotated[Number, Field(ge=1)], ...] = ()
    preprocessing: Annotated[str, _row_of(PREPROCESSINGS)] = "mnist"
    cost: Annotated[str, _row_of(COSTS)] = "cross-entropy"
    optimiser: Annotated[str, _row_of(OPTIMISERS)] = "adam"
    learning_rate: Positive
    schedule: Annotated[str, _row_of(SCHEDULES)] = "constant"
    climb: Annotated[Number, Field(ge=0)] = 0
    mini_batch: Annotated[Whole, Field(ge=1)]
    epochs: Annotated[Whole, Field(ge=1, le=1_000_000)]
    averaging: Share = 0
    candidates: Annotated[Whole, Field(ge=1, le=1000)] = 1
    committee: Annotated[Whole, Field(ge=0, le=16)] = 0
    teachers: Literal["alike", "convolutional"] = "alike"
    committee_epochs: Annotated[Whole, Field(ge=0, le=1_000_000)] = 0
    lesson: Share = 0.5
    augmentation: Augmentation = Augmentation()
    variations: Annotated[Whole, Field(ge=0, le=1000)] = 0
    sources: dict[Annotated[str, _row_of(SOURCES)], Share] = Field(default_factory=dict)
    trash_share: Share = 0
    trash: dict[Annotated[str, _row_of(SEEN)], Positive] = Field(default_factory=dict)
    trash_drawn: Annotated[Whole, Field(ge=1, le=16)] = 1
    trash_kept: Annotated[Whole, Field(ge=1, le=1_000_000)] = 20_000
    calibrate: Flag = False
    rejection: Rejection = Rejection()
    moments: Annotated[Whole, Field(ge=0, le=100)] = 0
    validation: Annotated[Whole, Field(ge=1)] = 10_000
    refit: Flag = False
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    dtype: Literal["float32", "float16"] = "float32"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.sizes[0], self.sizes[-1]) != (784, 10):
            raise ValueError("sizes must begin with 784 pixels and end with 10 digits")
        if PREPROCESSINGS[self.preprocessing].n_in != self.sizes[0]:
            raise ValueError(f"preprocessing {self.preprocessing} is for other pictures")
        if len(self.activations) != len(self.sizes) - 1:
            raise ValueError(f"{len(self.sizes) - 1} layers need as many activations")
        if len(self.reach) >= len(self.activations):
            raise ValueError("reach is for the layers before the last, which hears everything")
        if self.cost == CROSS_ENTROPY.name and self.activations[-1] != SIGMOID.name:
            raise ValueError("the cross-entropy needs sigmoid outputs")
        if self.calibrate and self.activations[-1] != SIGMOID.name:
            raise ValueError("calibrate needs sigmoid outputs")
        if bool(self.trash) != bool(self.n_trash):
            raise ValueError("trash and trash_share need each other, and at least one image a mini-batch")
        if self.n_own < 1 or not all(self.n_others.values()):
            raise ValueError(
                "sources must leave at least one image a mini-batch to each of them and to MNIST"
            )
        return self

    @property
    def n_committee_epochs(self) -> int:
        """Count the passes over the training digits for the committee."""
        return self.committee_epochs or self.epochs

    @property
    def n_trash(self) -> int:
        """Count the images of a mini-batch that are no digits."""
        return round(self.mini_batch * self.trash_share)

    @property
    def n_digits(self) -> int:
        """Count the images of a mini-batch that are digits."""
        return self.mini_batch - self.n_trash

    @property
    def n_others(self) -> dict[str, int]:
        """Count the digits of a mini-batch that come from each other source."""
        return {name: round(self.n_digits * share) for name, share in self.sources.items()}

    @property
    def n_own(self) -> int:
        """Count the digits of a mini-batch that are MNIST's own."""
        return self.n_digits - sum(self.n_others.values())


def find(recipe: str) -> Recipe:
    """Return the recipe of that name, or the one in that .toml file.

    Raises:
        BadInputError: there is none, or the file is no recipe; the message names the first fault.
    """
    if recipe in RECIPES:
        return RECIPES[recipe]
    path = Path(recipe)
    if path.suffix != ".toml":
        raise BadInputError(
            f"no recipe is named {recipe!r}; there are {', '.join(RECIPES)}, or name a .toml file of your own"
        )
    return _read(path)


def _read(path: Path) -> Recipe:
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        fault = error.errors()[0]
        member = ".".join(map(str, fault["loc"])) or "recipe"
        raise BadInputError(f"{path}: {member}: {_words(fault)}") from error
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; name a .toml file that can be read") from error
    except ValueError as error:  # not UTF-8, not TOML
        raise BadInputError(f"{path}: cannot be read as a recipe ({error})") from error


def _words(fault: Mapping[str, object]) -> str:
    match fault["type"], fault["loc"]:
        case "extra_forbidden" | "unexpected_keyword_argument", (*tables, name):
            within = Recipe.__annotations__[str(tables[0])] if tables else Recipe
            nearest = get_close_matches(str(name), within.__annotations__, n=1, cutoff=0)[0]
            return f"no recipe has this; the nearest is {nearest}"
        case "string_pattern_mismatch", _:
            return "use at most 63 small letters, digits and dashes, and no dash at either end"
    return str(fault["msg"]).removeprefix("Value error, ")


VIDEO = Recipe(
    name="video",
    description="The network of the videos, trained as they tell it, on digits alone.",
    initialisation="normal",
    cost="quadratic",
    optimiser="descent",
    learning_rate=3.0,
    mini_batch=10,
    epochs=30,
)

PLAIN = Recipe(
    name="plain",
    description="The network of the videos, a sigmoid in every layer, trained as well as we can.",
    preprocessing="mnist-deskewed",
    spread=4,
    learning_rate=0.005,
    schedule="cosine",
    mini_batch=64,
    epochs=110,
    averaging=0.999,
    candidates=3,
    augmentation=Augmentation(rotation=8, scale=0.08, shift=0.5, elastic=0.5),
    sources={"uploads": 0.25, "forms": 0.03},
    trash_share=0.125,
    trash={
        "uniform": 1,
        "salt-and-pepper": 1,
        "constant": 1,
        "clouds": 1,
        "uploaded": 3,
        "framed": 0.3,
        "blobs": 2,
        "strokes": 3,
        "shuffled": 1,
        "inverted": 1,
    },
    trash_drawn=3,
    calibrate=True,
    rejection=Rejection(most_digits=0.04, most_trash=0.005),
    moments=20,
    refit=True,
)

WIDE = Recipe(
    name="wide",
    description="Three layers of ReLU that hear ever more of the page, and ten sigmoids, for accuracy.",
    sizes=(784, 1200, 600, 300, 10),
    activations=("relu", "relu", "relu", "sigmoid"),
    initialisation="prior",
    reach=(5, 8),
    preprocessing="mnist-deskewed",
    learning_rate=0.001,
    schedule="flat-then-linear",
    mini_batch=256,
    epochs=28,
    averaging=0.999,
    committee=3,
    lesson=0.8,
    augmentation=Augmentation(
        rotation=12, scale=0.12, shear=0.1, shift=0.5, elastic=1, sharpness=0.25, centred=True
    ),
    sources={"hands": 0.08, "forms": 0.08, "fonts": 0.03, "uploads": 0.11},
    trash_share=0.2,
    trash={
        "uniform": 1,
        "salt-and-pepper": 1,
        "constant": 1,
        "clouds": 1.5,
        "uploaded": 6,
        "framed": 3,
        "blobs": 4,
        "silhouettes": 3,
        "polygons": 3,
        "strokes": 6,
        "scribbles": 0.5,
        "shuffled": 1,
        "strips": 0.5,
        "halves": 0.3,
        "inverted": 1,
        "overlaid": 0.7,
        "side-by-side": 1,
        "turned": 0.8,
        "letters": 2.2,
    },
    trash_drawn=2,
    calibrate=True,
    rejection=Rejection(most_digits=0.005, most_trash=0.001),
    refit=True,
    dtype="float16",
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in (VIDEO, PLAIN, WIDE)})
