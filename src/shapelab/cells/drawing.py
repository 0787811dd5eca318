"""Cells drawn on a finer grid than they are solved on: the exact diagram of the same potentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.cells.state import CellState
from shapelab.frame import LayerData, fine_grid, frozen

if TYPE_CHECKING:
    from shapelab.cells.parameters import CellParameters
    from shapelab.transport.costs import Cost
    from shapelab.transport.problem import Problem

__all__ = ["Drawing", "fine_room", "label_layer", "same_mask"]

_SMOOTHING = 1.0
"""Width of the Gaussian that takes the steps out of a wall's outline [pixels solved]."""


class Drawing:
    """Draws the cells of states that share one grid, walls and fineness; what belongs to the grid is kept from frame to frame.

    Parameters
    ----------
    p
        The grid that is solved on.
    mask
        True where there is no wall; None for the whole box.
    periodic
        Whether opposite faces of the box are glued.
    fineness
        Pixels drawn per pixel solved, along each axis.
    device
        Where (resolved).
    """

    def __init__(self, p: CellParameters, mask: np.ndarray | None, periodic: bool, fineness: int, device: str = "cpu") -> None:
        from shapelab.transport import Domain

        shape = tuple(n * fineness for n in p.shape)
        fine = None if mask is None else fine_room(mask, fineness)
        self.walls = None if fine is None else frozen((~fine).astype(np.uint8))
        """Image of the walls (1) on the drawn grid; None if there are none."""
        self.domain = Domain(shape, tuple(h / fineness for h in p.spacing), (periodic,) * p.ndim, fine)
        self.device = device
        self._last: Problem | None = None

    def labels(self, state: CellState, cost: Cost) -> np.ndarray:
        """Return the image of row numbers: 0 is medium or wall, i + 1 the cell in row i."""
        from shapelab.transport.passes import label_image
        from shapelab.transport.problem import Problem

        problem = Problem(self.domain, self.domain.wrap(state.positions), state.volumes, cost, self.device)
        if self._last is not None:
            problem.adopt(self._last)
        self._last = problem
        return label_image(problem, state.potentials)


def fine_room(mask: np.ndarray, fineness: int) -> np.ndarray:
    """Return a mask on a grid `fineness` times as fine, without the steps of its pixels along slanting and round outlines.

    No pixel changes sides at its centre. Corners, and parts as thin as a pixel or two, keep the outline of their pixels.

    Parameters
    ----------
    mask
        True where there is no wall.
    fineness
        Pixels drawn per pixel, along each axis.
    """
    if fineness == 1:
        return mask
    from scipy.ndimage import binary_dilation, gaussian_filter, generate_binary_structure, zoom

    pixels = np.where(mask, np.float32(0.5), np.float32(-0.5))
    smooth = gaussian_filter(pixels, _SMOOTHING, mode="nearest")
    lost = binary_dilation((smooth > 0) != mask, generate_binary_structure(mask.ndim, mask.ndim))
    fine: np.ndarray = zoom(np.where(lost, pixels, smooth), fineness, order=1, mode="nearest", grid_mode=True) > 0
    return fine


def same_mask(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Tell whether two masks are equal; None is the whole box."""
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


def label_layer(state: CellState, rows: np.ndarray, place: dict[str, Any], fineness: int = 1) -> LayerData:
    """Return the labels "cells", with the ids of the cells, from an image of row numbers; `place` is that of the solver's grid."""
    ids = np.concatenate([[0], state.ids])
    dtype = next(dtype for dtype in (np.uint16, np.uint32, np.uint64) if state.next_id <= np.iinfo(dtype).max + 1)
    image = ids.astype(dtype)[rows]
    image.setflags(write=False)
    return LayerData("cells", image, "labels", fine_grid(place, fineness))
