"""The packages that only some uses need, imported where they are used."""

from importlib import import_module
from types import ModuleType

from service.errors import ServiceError

__all__ = ["needs"]


def needs(module: str, *, extra: str, what: str) -> ModuleType:
    """Import a module of one of this package's extras.

    Args:
        module: as it is imported.
        extra: that brings it.
        what: cannot be done without it, as the message says it.

    Raises:
        ServiceError: it is not installed; the message says how.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ServiceError(
            f"{what} needs {module}, which is not installed; pip install 'digit-service[{extra}]'"
        ) from error
