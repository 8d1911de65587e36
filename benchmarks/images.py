"""How well pictures of any kind are read: accuracy by kind, what each step earns, and a contact sheet.

    python -m benchmarks.images --data FOLDER --out FOLDER

Pictures are made from MNIST's test digits, always the same ones. The folder then holds images.md (the tables)
and images.png (what was sent, and beside it what the network read). It takes a quarter of an hour of one core
and says where it is.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import click
import numpy as np
from PIL import Image, ImageDraw

from benchmarks import pictures
from benchmarks.pictures import Uploads
from service.artifacts import load
from service.classifier import Classifier
from service.imaging import Picture, frame, ink, normalize, paper
from service.training import mnist, photographs
from service.training import uploads as noise
from service.training.experiments.markdown import table
from service.verdict import accepted

ARTIFACTS = Path(__file__).parents[1] / "model_artifacts"
MODELS = ("wide", "plain", "video")
SHEET = 6  # pictures of each kind on the contact sheet
SIDE = 56  # pixels of each of them there
COLUMNS = 2  # of kinds, beside each other
COLOURS = 32  # greys on the contact sheet


class Step(NamedTuple):
    """A step of imaging, and what stands in its place when it is left out.

    Attributes:
        module: where it is looked up.
        instead: by the names there, what does nothing, or the simplest thing.
    """

    module: ModuleType
    instead: Mapping[str, Any]


steps = import_module("service.imaging.normalize")  # its function of the same name hides the module

STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "enlargement undone": Step(steps, {"undo_enlargement": lambda scene, _size: scene}),
        "dither blurred": Step(steps, {"without_dither": lambda scene: scene}),
        "table painted over": Step(steps, {"without_table": lambda scene: scene}),
        "ruling filled": Step(steps, {"without_ruling": lambda scene: scene}),
        "uneven light: a surface": Step(paper, {"EVEN_SURFACE": 2.0}),
        "uneven light: a plane but for the ink": Step(paper, {"OTHER": -1.0}),
        "uneven light: either of them": Step(paper, {"EVEN_SURFACE": 2.0, "OTHER": -1.0}),
        "uneven light: wider than a pen": Step(paper, {"EVEN_SURFACE": 0.0}),
        "two tones where ink is cut": Step(paper, {"TWO_TONES": 2.0}),
        "all of the paper's removal": Step(paper, {"EVEN": 0.0}),
        "threshold of ink": Step(ink, {"THRESHOLD": 0.02}),
        "surroundings left out": Step(ink, {"subject": lambda _cells: None}),
        "light left out of few pixels": Step(ink, {"without_light": lambda cells: cells}),
        "soft shades are paper": Step(ink, {"_steepest": lambda _cells, _kept: 1.0}),
        "hairlines read from around": Step(ink, {"HAIR": 0.0}),
        "thin pens thickened": Step(frame, {"PEN": 0.0}),
        "centre of mass": Step(
            frame, {"_centre_of_mass": lambda p: ((p.shape[0] - 1) / 2, (p.shape[1] - 1) / 2)}
        ),
    }
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables and write them with the contact sheet."""
    parser = ArgumentParser(description="Measure how well pictures of any kind are read.")
    parser.add_argument("--data", type=Path, help="folder of the four MNIST files")
    parser.add_argument("--out", type=Path, default=Path("runs/images"), help="folder to write into")
    parser.add_argument("--n", type=int, default=1000, help="pictures of each kind")
    parser.add_argument(
        "--ablate", type=int, default=100, help="pictures of each kind without each step; 0 for none"
    )
    options = parser.parse_args(arguments)
    test = mnist.read(options.data).test
    classifiers = {
        name: Classifier.of(load(ARTIFACTS / name / "1.npz"))
        for name in MODELS
        if (ARTIFACTS / name / "1.npz").exists()
    }
    kinds = {kind: _drawn(kind, test, options.n) for kind in photographs.KINDS}
    contact_sheet(kinds).save(_made(options.out) / "images.png", optimize=True)
    text = by_kind(kinds, classifiers) + besides(test, classifiers)
    if options.ablate:
        few = {kind: uploads[: options.ablate] for kind, uploads in kinds.items()}
        text += ablation(few, pictures.blank(test, options.ablate), classifiers)
    (options.out / "images.md").write_text(text, encoding="utf-8")
    click.echo(text)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _drawn(kind: str, test: mnist.Digits, n: int) -> Uploads:
    click.echo(f"drawing {n}: {kind}", err=True)
    return pictures.of_kind(kind, test, n)


def by_kind(kinds: Mapping[str, Uploads], classifiers: Mapping[str, Classifier]) -> str:
    """Tabulate the share of pictures whose argmax is their label, for every kind and model."""
    shares = {kind: _shares(uploads, classifiers) for kind, uploads in kinds.items()}
    rows = [(kind, *map(_per_cent, found)) for kind, found in shares.items()]
    found = np.array(list(shares.values()))
    rows += [
        ("**mean**", *map(_per_cent, found.mean(axis=0))),
        ("**worst**", *map(_per_cent, found.min(axis=0))),
    ]
    return table(("kind", *classifiers), rows) + "\n\n"


def besides(test: mnist.Digits, classifiers: Mapping[str, Classifier]) -> str:
    """Tabulate exact images, another data set enlarged, and pictures that hold no digit or two."""
    rows = [
        (f"{name}, {len(uploads.pictures)} pictures", *map(_per_cent, _shares(uploads, classifiers)))
        for name, uploads in (
            ("MNIST's test images as they are", pictures.exact(test)),
            (
                "scikit-learn's digits, pixels repeated 1 to 16 times",
                pictures.other_digits(Image.Resampling.NEAREST),
            ),
            (
                "scikit-learn's digits, enlarged smoothly 1 to 16 times",
                pictures.other_digits(Image.Resampling.BICUBIC),
            ),
        )
    ]
    paper = pictures.blank(test)
    rows.append(("paper of every kind, told to be blank", *[_per_cent(_blank(paper))] * len(classifiers)))
    for name, uploads in (
        ("paper of every kind", paper),
        ("two digits side by side", pictures.pairs(test)),
        ("two digits that touch", pictures.touching(test)),
        ("noise, uniform or black and white", pictures.noise(noise.uniform_or_two_tone)),
        ("noise, normally distributed", pictures.noise(noise.gaussian)),
    ):
        normalized = [normalize(picture) for picture in uploads]
        told = np.array([found.several or found.blank for found in normalized])
        images = np.array([found.pixels for found in normalized])
        rejected = [told | ~accepted(c.activations(images), c.reject_below) for c in classifiers.values()]
        rows += [
            (f"{name}, told to be several or blank", *[_per_cent(told.mean())] * len(classifiers)),
            (f"{name}, rejected", *[_per_cent(found.mean()) for found in rejected]),
        ]
    return table(("besides", *classifiers), rows) + "\n\n"


def ablation(
    kinds: Mapping[str, Uploads], paper: list[Picture], classifiers: Mapping[str, Classifier]
) -> str:
    """Tabulate what is lost without each step: on the mean of all kinds, where most, and on bare paper."""
    whole, told = _each(kinds, classifiers), _blank(paper)
    rows = []
    for name, step in STEPS.items():
        click.echo(f"leaving out: {name}", err=True)
        with _without(step):
            lost, untold = whole - _each(kinds, classifiers), told - _blank(paper)
        kind, model = np.unravel_index(lost.argmax(), lost.shape)
        most = f"{list(kinds)[kind]}, {list(classifiers)[model]}: {_points(lost.max())}"
        rows.append((name, *map(_points, lost.mean(axis=0)), most, _points(untold)))
    means = [f"mean, {name}" for name in classifiers]
    return table(("points lost without", *means, "most", "blank pages told"), rows) + "\n\n"


@contextmanager
def _without(step: Step) -> Iterator[None]:
    kept = {name: getattr(step.module, name) for name in step.instead}
    for name, simplest in step.instead.items():
        setattr(step.module, name, simplest)
    try:
        yield
    finally:
        for name, thing in kept.items():
            setattr(step.module, name, thing)


def _each(kinds: Mapping[str, Uploads], classifiers: Mapping[str, Classifier]) -> np.ndarray:
    """Say what share of every kind is read rightly by every model, and not told to be blank or several."""
    return np.array([_shares(uploads, classifiers, told_is_lost=True) for uploads in kinds.values()])


def _blank(paper: list[Picture]) -> float:
    return float(np.mean([normalize(picture).blank for picture in paper]))


def _shares(
    uploads: Uploads, classifiers: Mapping[str, Classifier], *, told_is_lost: bool = False
) -> list[float]:
    normalized = [normalize(picture) for picture in uploads.pictures]
    images = np.array([found.pixels for found in normalized])
    lost = np.array([told_is_lost and (found.blank or found.several) for found in normalized])
    return [
        float(((classifier.activations(images).argmax(axis=1) == uploads.labels) & ~lost).mean())
        for classifier in classifiers.values()
    ]


def contact_sheet(kinds: Mapping[str, Uploads]) -> Image.Image:
    """Draw some pictures of every kind, and to the right of each what the network read."""
    wide, high, margin = 2 * SIDE + 6, SIDE + 6, 130
    rows = -(-len(kinds) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * (margin + SHEET * wide), rows * high), 160)
    canvas = ImageDraw.Draw(sheet)
    for place, (kind, uploads) in enumerate(kinds.items()):
        begin, top = place // rows * (margin + SHEET * wide), place % rows * high + 3
        canvas.text((begin + 6, top + SIDE // 2 - 6), kind, fill=0)
        for column, picture in enumerate(uploads.pictures[:SHEET]):
            left = begin + margin + column * wide
            sheet.paste(_thumbnail(picture.grey), (left, top))
            sheet.paste(_thumbnail(normalize(picture).pixels.reshape(28, 28)), (left + SIDE, top))
    return sheet.quantize(COLOURS)


def _thumbnail(grey: np.ndarray) -> Image.Image:
    image = Image.fromarray((grey.clip(0, 1) * 255).astype(np.uint8))
    scale = SIDE / max(image.size)
    size = tuple(max(round(length * scale), 1) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST)


def _per_cent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")


def _points(lost: float) -> str:
    return f"{100 * lost:.2f}"


if __name__ == "__main__":
    main()
