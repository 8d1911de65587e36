"""Where each pixel of MNIST's frame lies, counted from the middle: what the moments of ink are taken by."""

import numpy as np

from service.imaging.frame import SIDE

__all__ = ["AXIS", "LEAST", "ONES", "X", "Y"]

AXIS = np.arange(SIDE) - (SIDE - 1) / 2  # of rows or of columns
Y, X = (grid.reshape(-1) for grid in np.meshgrid(AXIS, AXIS, indexing="ij"))  # of every pixel, (784,)
ONES = np.ones(SIDE * SIDE)  # what sums up ink
LEAST = 1e-9  # square pixels, a variance: less is what float64 makes of ink that lies in a single row
