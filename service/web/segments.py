"""What a variable part of a path may hold."""

from werkzeug.routing import BaseConverter

__all__ = ["Segment"]


class Segment(BaseConverter):
    """Is everything up to the next slash or colon: `plain:predict` is never taken for a model's name."""

    regex = "[^/:]+"
