"""Rohrer's four-pixel network, built by hand and learned, on all of its sixteen images."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from service.artifacts import Metadata, golden_samples, rounded
from service.artifacts.format import Moment, PreprocessingChoice, Reject, Training
from service.network import Network
from service.release import RELEASE, VERSION
from service.training.evaluate import evaluate
from service.training.experiments import camera, camera_picture
from service.training.experiments.bench import Bench, Experiment, Numbers, Outcome
from service.training.experiments.camera import IMAGES, KINDS, TARGETS, Learned, Stage

__all__ = ["EXPERIMENT", "Settings", "describe"]

OF_A_KIND = slice(0, 2 * len(KINDS))
OF_NONE = slice(2 * len(KINDS), None)
BY_HAND, WITH_BIAS, LEARNED = "By hand, weights 1, −1 and 0", "By hand, and one bias", "Learned"
THRESHOLD = 0.5  # half-way between the two targets


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is learned.

    Attributes:
        starts: random starts that are tried, of each sort.
        steps: each on all sixteen images.
        learning_rate: of Adam.
    """

    starts: int = 30
    steps: int = 2000
    learning_rate: float = 0.01


def conduct(bench: Bench, settings: Settings) -> Outcome:
    """Build it, learn it, and ask all sixteen images of each."""
    plain = [_learned(camera.ordinary(bench.rng(start)), settings) for start in range(settings.starts)]
    awake = [_learned(camera.awake(bench.rng(start)), settings) for start in range(settings.starts)]
    best = min(awake, key=lambda learned: learned.stages[-1].cost)
    networks = {
        BY_HAND: camera.by_hand(),
        WITH_BIAS: camera.by_hand_with_bias(),
        LEARNED: rounded(best.network, "float32"),
    }
    answers = {title: network.forward(IMAGES) for title, network in networks.items()}
    numbers = {
        "starts": settings.starts,
        "ordinary_starts_that_learn_all": _all_right(plain),
        "awake_starts_that_learn_all": _all_right(awake),
        "steps": settings.steps,
        "images": IMAGES.astype(int).tolist(),
        "right": {title: camera.right(network) for title, network in networks.items()},
        "outputs": {title: outputs.tolist() for title, outputs in answers.items()},
        "learned_cost": best.stages[-1].cost,
        "learned_off": float(np.abs(answers[LEARNED] - TARGETS).max()),
        "third_column_of_a_kind": _of_a_kind(best.network),
    }
    bench.report(
        f"{numbers['awake_starts_that_learn_all']} of {settings.starts} starts that are awake learn all "
        f"sixteen images, {numbers['ordinary_starts_that_learn_all']} of {settings.starts} ordinary ones"
    )
    figure = camera_picture.draw(networks[BY_HAND], best.network, answers)
    return Outcome(numbers, figure, (best.network, describe(best, settings, bench.seed)))


def _learned(start: Network, settings: Settings) -> Learned:
    return camera.learn(start, settings.steps, settings.learning_rate)


def _all_right(learned: Iterable[Learned]) -> int:
    return sum(each.stages[-1].right == len(IMAGES) for each in learned)


def _of_a_kind(network: Network) -> int:
    """Count the neurons of the third hidden column that one image alone excites most, and that of a kind."""
    patterns = IMAGES[OF_A_KIND].tolist()
    return sum(
        images.tolist()[0] in patterns and len(images) == 1 for images in camera.favourites(network)[2]
    )


def describe(learned: Learned, settings: Settings, seed: int) -> Metadata:
    """Tell what is to be known of a learned network in its artifact."""
    network = rounded(learned.network, "float32")
    outputs = network.forward(IMAGES.astype(np.float32))
    labels = np.repeat(np.arange(len(KINDS), dtype=np.uint8), 2)
    return Metadata(
        name="four-pixel",
        version="1",
        description="Names what a camera of four pixels sees: solid, vertical, diagonal, horizontal or none.",
        sizes=network.sizes,
        activations=tuple(activation.name for activation in camera.ACTIVATIONS),
        labels=tuple(KINDS),
        preprocessing=PreprocessingChoice(name="four-pixel"),
        training=Training(
            data="the sixteen black-and-white images of four pixels",
            data_sha256={},
            n_images=len(IMAGES),
            seed=seed,
            recipe={"optimiser": "adam", "initialisation": "awake"} | asdict(settings),
            cost="quadratic",
            epochs=settings.steps,
            code_version=VERSION,
        ),
        evaluation=evaluate(
            outputs[OF_A_KIND],
            labels,
            {"images of no kind": outputs[OF_NONE]},
            THRESHOLD,
            name="the eight images of a kind",
        ),
        reject=Reject(threshold=THRESHOLD, chosen="half-way between the targets 0 and 1"),
        curve=tuple(_moment(stage) for stage in learned.stages),
        golden=golden_samples(network, IMAGES),
        licence="MIT",
        producer=RELEASE,
    )


def _moment(stage: Stage) -> Moment:
    return Moment(epoch=stage.step, cost=stage.cost, validation_accuracy=stage.right / len(IMAGES))


def tell(numbers: Numbers) -> str:
    """Say where the construction holds, and how learning goes."""
    right, outputs = numbers["right"], numbers["outputs"]
    others = np.array(outputs[BY_HAND][OF_NONE])
    starts, ordinary = numbers["starts"], numbers["ordinary_starts_that_learn_all"]
    return f"""\
Each neuron is drawn as the images of the sixteen that excite it most: white, black, or hatched where the
pixel makes no difference; an output neuron has two, a pattern and its negative. Blue lines are positive
weights, vermilion ones negative.

Built by hand from weights of 1, −1 and 0 (and one scale at the outputs, so that a clear answer is 1), the
network is exactly right for the {right[BY_HAND]} images that are one of the four kinds, and only for
them. The other {len(others)}, with one or three white pixels, are half of every pattern: all four outputs
say {others.mean():.2f} where they should say 0, as the construction cannot tell half a pattern from none.
One number is missing: with a bias of −{camera.HALF:.2f} in the third layer, so that half a pattern stays
below zero, it is right for {right[WITH_BIAS]} of {len(TARGETS)}.

Learning finds such a solution by itself, but not from everywhere. Of {starts} ordinary random starts
{ordinary} learn all sixteen images in {numbers["steps"]:,} steps: seven of eight targets are 0, the first
steps push the outputs below zero, and a ReLU that is silent for every image has no slope to come back by.
Started with outputs that are awake (positive weights, a bias of ¼),
{numbers["awake_starts_that_learn_all"]} of {starts} do. The best of them, drawn on the right, is at most
{numbers["learned_off"]:.0e} off in any output. Its first two hidden columns mix pixels that no person
would put together, and hardly a weight is zero; but of the eight neurons in its third hidden column
{numbers["third_column_of_a_kind"]} like one pure pattern best, as those built by hand do. Another one that
learned so ships as the model `four-pixel`."""


EXPERIMENT = Experiment(
    "four-pixel",
    "Can a network built by hand name what four pixels show, and does it learn to by itself?",
    conduct,
    Settings(),
    tell,
)
