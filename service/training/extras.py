"""The packages that training alone needs, imported where they are used."""

from types import ModuleType

from service import extras

__all__ = ["needs"]


def needs(module: str) -> ModuleType:
    """Import a module of the `train` extra.

    Raises:
        ServiceError: it is not installed; the message says how.
    """
    return extras.needs(module, extra="train", what="training")
