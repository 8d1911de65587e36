"""Bare Flask that has imported NumPy and Pillow."""

import numpy as np
from bare import flask
from PIL import Image, PngImagePlugin

__all__ = ["Image", "PngImagePlugin", "flask", "np"]
