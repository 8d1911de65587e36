"""Pictures of few pixels that somebody enlarged: brought back to the pixels that they had."""

import numpy as np
from numpy.typing import NDArray

from service.imaging.cells import Scene, cells_of
from service.imaging.surface import unexplained
from service.network import FloatArray

__all__ = ["undo_enlargement"]

MOST = 28  # pixels a side: MNIST's own
HALF = 0.5  # pixel: so far the edge of a block lies from where it should, for being rounded
WIDE = 6  # pixels, at least, of a block whose edges are blended with the next
EVERY = 24  # pixels to the next column that is looked at first
SMOOTH = 27  # pixels a side of what was enlarged smoothly
GENTLE = 18  # times the range, from one side to the other, is as steep as a smooth picture gets
HELD = 0.8  # times the range, from one pixel to the next: what fewer pixels hold is no steeper
FEW_CELLS = 20  # along the longer side
INK = 0.37  # of the range: so far ink lies from the surface that light makes, and shadows do not
LEAST_INK = 0.13  # of the way from black to white: the same


def undo_enlargement(scene: Scene, size: tuple[int, int]) -> Scene:
    """Bring a picture back to at most 28 pixels a side, where nothing is lost by it: else return it as it is.

    Enlarged by repeating pixels, it consists of blocks, and the middle of each is the pixel it was; enlarged
    smoothly, it has no detail that a smaller picture could not hold.

    Args:
        scene: the picture.
        size: (width, height) that it had before it was reduced by averaging, which blends neighbours.
    """
    grey = scene.grey
    if max(grey.shape) <= MOST:
        return scene
    blocks = _blocks(grey, size)
    if blocks is not None:
        return Scene(blocks)
    factor = -(-max(grey.shape) // SMOOTH)
    if _is_smooth(scene, -(-max(grey.shape) // factor)):
        return Scene(cells_of(grey, factor))
    return scene


def _blocks(grey: FloatArray, size: tuple[int, int]) -> FloatArray | None:
    """Take one pixel of each block of equal ones; None where the picture does not consist of such squares."""
    factor = -(-max(size) // max(grey.shape))
    edges = _edges(grey)
    if edges is None:
        return None
    lengths = np.array([size[1], size[0]]) / factor  # of the columns and of the rows, in pixels of grey
    numbers = np.arange(2, MOST + 1)[:, np.newaxis] * lengths / lengths.max()  # of blocks, (n, 2)
    numbers = np.maximum(np.rint(numbers), 1)
    sides = lengths / numbers
    stray = np.maximum(
        *(
            _stray(places, side, sharp=factor == 1)
            for places, side in zip(edges, sides.T[:, :, np.newaxis], strict=True)
        )
    )
    fitting = (stray < 1) & (sides.min(axis=1) >= WIDE) if factor > 1 else stray <= HALF
    if not fitting.any():
        return None
    best = fitting.argmax()
    rows, columns = (
        ((np.arange(number) + 0.5) * side).astype(int)
        for number, side in zip(numbers[best], sides[best], strict=True)
    )
    pixels: FloatArray = grey[rows][:, columns]
    return pixels


def _edges(grey: FloatArray) -> list[NDArray[np.intp]] | None:
    """Find the rows, and the columns, that differ from the one before; None where none do, or too many."""
    edges = []
    for view in (grey, grey.T):
        if len(_changes(view[:, ::EVERY])) > 2 * MOST:  # most pictures are told apart by a few columns
            return None
        places = _changes(view)
        if not 0 < len(places) <= 2 * MOST:
            return None
        edges.append(places)
    return edges


def _stray(places: NDArray[np.intp], side: FloatArray, *, sharp: bool) -> FloatArray:
    """Say how far changes lie at most from the edges of blocks; infinitely if two of them share a sharp one.

    Args:
        places: of the changes, (m,), ascending.
        side: of the blocks, one for each trial, (n, 1), in pixels.
        sharp: whether an edge is one change, and not blended over two.
    """
    edges = np.rint(places / side)
    stray: FloatArray = np.abs(places - edges * side).max(axis=1)
    if sharp:
        stray[(edges[:, 1:] == edges[:, :-1]).any(axis=1)] = np.inf
    return stray


def _changes(view: FloatArray) -> NDArray[np.intp]:
    """Find the rows that differ from the one above."""
    return np.flatnonzero((view[1:] != view[:-1]).any(axis=1)) + 1


def _is_smooth(scene: Scene, side: int) -> bool:
    """Say whether so many pixels a side hold all there is in a picture, and that is more than light."""
    cells, span = scene.cells, scene.span
    steepest = min(GENTLE, HELD * side) * span
    for view in (cells, cells.T):
        if np.abs(view[1:] - view[:-1]).max(initial=0) * max(cells.shape) > steepest:
            return False
    few = cells_of(cells, -(-max(cells.shape) // FEW_CELLS))
    return bool(unexplained(few) > max(INK * span, LEAST_INK))
