"""The packages that training alone needs, imported where they are used."""

from importlib import import_module
from types import ModuleType

from service.errors import ServiceError

__all__ = ["needs"]


def needs(module: str) -> ModuleType:
    """Import a module of the `train` extra.

    Raises:
        ServiceError: it is not installed; the message says how.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ServiceError(
            f"training needs {module}, which is not installed; pip install 'digit-service[train]'"
        ) from error
