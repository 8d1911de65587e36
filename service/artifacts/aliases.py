"""aliases.toml: further names for models, as in `stable = "wide@1"`."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from service.artifacts import disk
from service.artifacts.format import Name
from service.errors import BadArtifactError

__all__ = ["ALIASES_FILE", "read_aliases"]

ALIASES_FILE = "aliases.toml"
MAX_BYTES = 64 * 1024
ALIASES = TypeAdapter(dict[Name, str])


def read_aliases(folder: Path) -> Mapping[str, str]:
    """Return what each alias stands for, "name" or "name@version"; nothing where there is no such file.

    Raises:
        BadArtifactError: the file is no TOML, or says anything else; whether the models exist is not asked.
    """
    path = folder / ALIASES_FILE
    if not os.path.lexists(path):
        return {}
    with disk.named(path):
        return _parse(disk.read(path, MAX_BYTES, inside=folder))


def _parse(text: bytes) -> Mapping[str, str]:
    try:
        return ALIASES.validate_python(tomllib.loads(text.decode()))
    except ValidationError as error:
        alias = str(error.errors()[0]["loc"][0])
        raise BadArtifactError(
            f'{alias[:70]!a} is no alias of a model; write lines like stable = "wide@1"'
        ) from error
    except (ValueError, RecursionError) as error:  # neither UTF-8 nor TOML
        raise BadArtifactError(f'is not TOML ({error}); write lines like stable = "wide@1"') from error
