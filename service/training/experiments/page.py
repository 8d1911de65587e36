"""The page that tells all experiments, rendered from their numbers: none of them is typed by hand."""

import json
from pathlib import Path

from service.errors import BadDataError, BadInputError
from service.training.experiments.bench import Experiment
from service.training.experiments.markdown import reflow
from service.training.experiments.table import EXPERIMENTS
from service.whole import whole

__all__ = ["publish", "render"]

HEAD = """\
<!-- Written by `make experiments` from pictures/*.json; change service/training/experiments instead. -->

# The videos' experiments

What the videos show, ask or claim about small networks, repeated with this project's code. Each
experiment is one command that writes a picture and, beside it, the numbers in JSON; every number on this
page comes from there. `make experiments` repeats them all and writes this page anew (needs the `train`
extra and MNIST; some minutes on one core). The same seed gives the same numbers on the same machine, but
for times. """


def render(folder: Path, pictures: str) -> str:
    """Tell every experiment by the numbers in a folder.

    Args:
        folder: holds <name>.json of each experiment.
        pictures: what leads from the page to <name>.png.

    Raises:
        BadDataError: the numbers of an experiment are missing or of another version.
    """
    sections = (_section(experiment, folder, pictures) for experiment in EXPERIMENTS.values())
    return "\n\n".join([reflow(HEAD), *sections]) + "\n"


def _section(experiment: Experiment, folder: Path, pictures: str) -> str:
    path = folder / f"{experiment.name}.json"
    try:
        told = experiment.tell(json.loads(path.read_text(encoding="utf-8"))["numbers"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadDataError(
            f"{path}: cannot be told ({error}); run `digits experiment {experiment.name}`"
        ) from error
    return f"""\
## {experiment.name}: {experiment.sentence[0].lower()}{experiment.sentence[1:]}

`digits experiment {experiment.name} --out runs/experiments`

![{experiment.sentence}]({pictures}/{experiment.name}.png)

{reflow(told)}"""


def publish(folder: Path, page: Path) -> None:
    """Write the page, and beside it in pictures/ the pictures and the numbers that it rests on.

    Raises:
        BadDataError: the numbers of an experiment are missing.
        BadInputError: the page or a picture cannot be written.
    """
    told = render(folder, "pictures")
    try:
        (page.parent / "pictures").mkdir(parents=True, exist_ok=True)
        for name in EXPERIMENTS:
            for kind in ("png", "json"):
                _copy(folder / f"{name}.{kind}", page.parent / "pictures" / f"{name}.{kind}")
        with whole(page) as file:
            file.write(told.encode())
    except OSError as error:
        raise BadInputError(f"{page}: cannot be written ({error}); name another file") from error


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    with whole(target) as file:
        file.write(content)
