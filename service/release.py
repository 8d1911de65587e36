"""Which release of this package runs."""

from importlib.metadata import version

__all__ = ["DISTRIBUTION", "RELEASE", "VERSION"]

DISTRIBUTION = "digit-service"
"""What pip calls this package."""

VERSION = version(DISTRIBUTION)
"""Read once: to ask again opens a file, which a process may be unable to."""

RELEASE = f"{DISTRIBUTION} {VERSION}"
"""Both in words, as an artifact names its producer."""
