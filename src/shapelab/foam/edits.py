"""The user's hand: add, remove, divide and change cells, paint, set tensions. Whatever cannot be is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from shapelab.convert.given_labels import MOST_TYPES
from shapelab.errors import EditError
from shapelab.foam.division import divide
from shapelab.foam.life import add_ball, move_ball, paint
from shapelab.foam.state import FoamState

__all__ = ["EDITS", "apply_edit"]

_LEAVES_IN = 50
"""Steps in which a cell that is removed shrinks away."""
_PULLED = 300
"""Steps for which a hand pulls at a cell."""
_LEAST = 4.0
"""Pixels of the smallest cell."""


def apply_edit(state: FoamState, action: str, arguments: Mapping[str, Any]) -> None:
    """Change `state` by one of `EDITS`.

    Raises
    ------
    EditError
        If the edit is unknown or impossible.
    """
    if action not in _EDITS:
        raise EditError(f"A foam has no edit {action!r}; choose from {', '.join(EDITS)}.")
    try:
        signature(_EDITS[action]).bind(state, **arguments)
    except TypeError as error:
        raise EditError(f"{action} did not receive what it needs: {error}.") from None
    _EDITS[action](state, **arguments)


def add_cell(state: FoamState, position: Any, volume: float | None = None, type: int = 0) -> None:
    """Add a cell at a position in pixels, with a volume in world units (by default that of the mean cell)."""
    centre = _place(state, position)
    wanted = float(np.nanmean(state.births[1:])) if volume is None else _volume(state, volume)
    kind = _type(state, type)
    same = np.flatnonzero(state.types[1:] == kind)
    row = add_ball(state, int(same[0]) + 1 if len(same) else 1, centre, wanted, kind)
    if state.medium and np.nansum(state.targets) > len(state.codes):
        raise EditError("There is not enough space for one more cell: remove cells, or make them smaller.")
    del row


def move_cell(state: FoamState, cell: int, position: Any) -> None:
    """Put the cell with this id at a position in pixels, at once; the cells there make room within some steps."""
    move_ball(state, _row(state, cell), _place(state, position))


def pull_cell(state: FoamState, cell: int, position: Any) -> None:
    """Pull the cell with this id towards a position in pixels, through the others, until it is there or 300 steps are over."""
    row = _row(state, cell)
    state.pulls[row] = [*_place(state, position), _PULLED]


def remove_cell(state: FoamState, cell: int) -> None:
    """Let the cell with this id shrink away within 50 steps, so that its neighbours close the gap."""
    row = _row(state, cell)
    state.leaving[row] = max(state.targets[row] / _LEAVES_IN, 1e-6)


def divide_cell(state: FoamState, cell: int, axis: Any = None) -> None:
    """Divide the cell with this id by a plane through its centre, across `axis` (by default its long axis)."""
    p, row = state.given, _row(state, cell)
    if state.targets[row] < 2 * _LEAST:
        raise EditError(f"The cell {cell} is too small to divide: it has {state.targets[row]:.3g} pixels.")
    if axis is not None:
        axis = np.asarray(axis, float).ravel()
        if axis.shape != (p.ndim,) or not np.isfinite(axis).all() or not axis.any():
            raise EditError(f"axis needs {p.ndim} finite numbers {('z', 'y', 'x')[-p.ndim :]}, not all 0.")
    divide(state, row, axis)


def set_volume(state: FoamState, cell: int, volume: float) -> None:
    """Let the cell with this id want another volume, in world units; it gets there by 5 % in a step."""
    row, wanted = _row(state, cell), _volume(state, volume)
    if np.nansum(state.targets) - state.targets[row] + wanted > len(state.codes):
        raise EditError("There is not enough space: all cells together would be larger than the box.")
    state.targets[row], state.leaving[row] = wanted, 0


def set_type(state: FoamState, cell: int, type: int) -> None:
    """Move the cell with this id to another type (from 0)."""
    row = _row(state, cell)
    state.types[row] = _type(state, type)


def set_tension(state: FoamState, first: int, second: int, tension: float) -> None:
    """Change the tension between two cells, by their ids (0 is the medium); the foam must have tensions of its own."""
    if not state.own_table:
        raise EditError("This foam takes its tensions from the types of its cells: change the parameters first, second, between… instead.")
    a, b = (0 if int(cell) == 0 else _row(state, cell) for cell in (first, second))
    if a == b:
        raise EditError("A tension needs two different cells.")
    if not (np.isfinite(tension) and tension > 0):
        raise EditError(f"tension = {tension} is not allowed: it must be above 0.")
    i, j = state.kinds[a], state.kinds[b]
    state.table[i, j] = state.table[j, i] = tension


def paint_cell(state: FoamState, cell: int, mask: Any) -> None:
    """Give the marked pixels to the cell with this id, or to the medium with 0; volumes follow."""
    p = state.given
    marked = np.asarray(mask) != 0
    if marked.shape != tuple(p.shape):
        raise EditError(f"The mask has shape {marked.shape} but the grid {tuple(p.shape)}: they must be equal.")
    paint(state, 0 if int(cell) == 0 else _row(state, cell), marked)


_EDITS: dict[str, Callable[..., None]] = {
    f.__name__: f for f in (add_cell, move_cell, pull_cell, remove_cell, divide_cell, set_volume, set_type, set_tension, paint_cell)
}
EDITS = tuple(_EDITS)
"""Names of the edits."""


def _row(state: FoamState, cell: int) -> int:
    row = state.row(int(cell))
    if row is None:
        ids = state.ids[1:]
        known = f"there are {len(ids)} cells with ids from {ids.min()} to {ids.max()}" if len(ids) else "there are no cells"
        raise EditError(f"There is no cell {cell}; {known}.")
    return row


def _place(state: FoamState, position: Any) -> np.ndarray:
    """Return a position within the box, (3,), in pixels."""
    p = state.given
    pixels = np.asarray(position, float).ravel()
    if pixels.shape != (p.ndim,) or not np.isfinite(pixels).all():
        raise EditError(f"A position needs {p.ndim} finite numbers {('z', 'y', 'x')[-p.ndim :]}; received {position!r}.")
    if p.periodic:
        pixels = pixels % np.array(p.shape)
    if (pixels < -0.5).any() or (pixels > np.array(p.shape) - 0.5).any():
        shown = ", ".join(f"{value:.4g}" for value in pixels)
        raise EditError(f"The position ({shown}) lies outside the box of {tuple(p.shape)} pixels.")
    result = np.zeros(3)
    result[3 - p.ndim :] = pixels
    return result


def _volume(state: FoamState, volume: float) -> float:
    p = state.given
    if not (np.isfinite(volume) and volume > 0):
        raise EditError(f"volume = {volume} is not allowed: a cell needs a positive volume.")
    wanted = float(volume) / p.pixel_volume
    if wanted < _LEAST:
        raise EditError(f"volume = {volume:.4g} {p.unit}^{p.ndim} is less than four pixels: use a larger volume or a finer grid.")
    return wanted


def _type(state: FoamState, type: int) -> int:
    if int(type) != type or not 0 <= type < MOST_TYPES:
        raise EditError(f"type = {type} is not allowed: types are whole numbers from 0 to {MOST_TYPES - 1}.")
    return int(type)
