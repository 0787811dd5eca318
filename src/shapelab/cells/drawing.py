"""Cells drawn on a finer grid than they are solved on: the exact diagram of the same potentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.cells.state import CellState
from shapelab.frame import LayerData, fine_grid

if TYPE_CHECKING:
    from shapelab.cells.parameters import CellParameters
    from shapelab.transport.costs import Cost
    from shapelab.transport.problem import Problem

__all__ = ["Drawing", "label_layer", "same_mask"]


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
        fine = None if mask is None else np.kron(mask, np.ones((fineness,) * p.ndim, bool))
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
