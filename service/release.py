"""Which release of this package runs."""

from importlib.metadata import version

__all__ = ["VERSION"]

VERSION = version("digit-service")
"""Read once: to ask again opens a file, which a process may be unable to."""
