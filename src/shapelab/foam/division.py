"""Cells divide by a plane that halves them exactly: the new wall is as smooth as the others from the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.foam.pixels import Pixels
from shapelab.foam.resolution import RAMP
from shapelab.foam.spreading import MOST
from shapelab.foam.state import FoamState

__all__ = ["divide", "divide_grown"]

_LEAST_DIVIDED = 32
"""Pixels of a cell that can divide."""
_HALVINGS = 40


def divide_grown(state: FoamState) -> None:
    """Divide the cells that have grown enough, each across its long axis."""
    limit = 0.999 * state.given.divide_at * state.births
    for row in np.flatnonzero((state.targets >= limit) & (state.leaving == 0)).tolist():
        if row and state.targets[row] >= _LEAST_DIVIDED:
            divide(state, row)


def divide(state: FoamState, row: int, axis: Any = None) -> None:
    """Divide a cell by a plane into equal halves, across `axis` (d,), by default its long axis; both want the same."""
    p, pixels = state.given, state.pixels
    d = p.ndim
    share = pixels.share(row).ravel()
    places = np.flatnonzero(share)
    offsets = np.stack(np.unravel_index(places, tuple(pixels.shape.tolist())), axis=1) - state.centres[row]
    offsets -= np.where(pixels.periodic, pixels.shape * np.round(offsets / pixels.shape), 0)
    spacing = np.array(p.voxel_size)
    offsets = offsets[:, 3 - d :] * spacing
    weights = share[places].astype(float)
    if axis is None:
        axis = np.linalg.eigh((offsets * weights[:, None]).T @ offsets)[1][:, -1]
    unit = np.asarray(axis, float) / np.linalg.norm(axis)
    far = offsets @ unit / (RAMP * np.linalg.norm(unit * spacing))
    new = state.add(row)
    state.pixels = _walled(pixels, places, row, new, _halved(far, weights, _full(pixels, places)))
    state.targets[[row, new]] = state.targets[row] / 2
    state.paces[[row, new]] = state.rng.uniform(0.7, 1.3, 2)
    state.centres = state.extent().centres
    state.counts["births"] = state.counts.get("births", 0.0) + 1


def _full(pixels: Pixels, places: np.ndarray) -> np.ndarray:
    """Return which of these pixels have no room for one more cell."""
    codes = pixels.codes[places]
    result = np.zeros(len(places), bool)
    result[codes < 0] = pixels.cells[-1 - codes[codes < 0], MOST - 1] >= 0
    return result


def _halved(far: np.ndarray, weights: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Return the part of each pixel that lies beyond the plane that halves all of them; `far` is in half widths of a wall."""

    def beyond(plane: float) -> np.ndarray:
        t = np.clip(far - plane, -1, 1)
        return np.where(full, t > 0, 0.5 * (1 + t + np.sin(np.pi * t) / np.pi))

    low, high = far.min() - 1, far.max() + 1
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        more = (weights * beyond(middle)).sum() > 0.5 * weights.sum()
        low, high = (middle, high) if more else (low, middle)
    return beyond(low)


def _walled(pixels: Pixels, places: np.ndarray, row: int, new: int, part: np.ndarray) -> Pixels:
    """Give a part of the cell `row`'s share of each of these pixels to the cell `new`."""
    codes, cells, fractions = pixels.codes.copy(), pixels.cells.copy(), pixels.fractions.copy()
    whole = (codes[places] >= 0) & (part > 0) & (part < 1)
    number = int(whole.sum())
    codes[places[whole]] = -1 - len(cells) - np.arange(number)
    cells = np.concatenate([cells, np.tile(np.array([row] + [-1] * (MOST - 1), np.int32), (number, 1))])
    fractions = np.concatenate([fractions, np.tile(np.array([1] + [0] * (MOST - 1), np.float32), (number, 1))])
    pure = (codes[places] >= 0) & (part >= 1)
    codes[places[pure]] = new
    mixed = codes[places] < 0
    rows, part = -1 - codes[places[mixed]], part[mixed].astype(np.float32)
    at = (cells[rows] == row).argmax(axis=1)
    cells[rows[part >= 1], at[part >= 1]] = new
    rows, at, part = (array[(part > 0) & (part < 1)] for array in (rows, at, part))
    free = (cells[rows] < 0).argmax(axis=1)
    own = fractions[rows, at]
    cells[rows, free], fractions[rows, free] = new, own * part
    fractions[rows, at] = own - own * part
    order = np.argsort(-fractions[rows], axis=1, kind="stable")
    cells[rows] = np.take_along_axis(cells[rows], order, 1)
    fractions[rows] = np.take_along_axis(fractions[rows], order, 1)
    return Pixels(pixels.shape, pixels.periodic, codes, cells, fractions)
