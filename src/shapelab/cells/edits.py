"""The user's hand: move, add and remove cells, change them, paint walls. Whatever cannot be is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from shapelab.cells.frames import to_positions
from shapelab.cells.motions.propulsion import random_axes
from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.errors import EditError

__all__ = ["EDITS", "apply_edit"]


def apply_edit(state: CellState, room: Room, action: str, arguments: Mapping[str, Any]) -> None:
    """Change `state` by one of `EDITS`.

    Raises
    ------
    EditError
        If the edit is unknown or impossible.
    """
    if action not in _EDITS:
        raise EditError(f"Cells have no edit {action!r}; choose from {', '.join(EDITS)}.")
    try:
        signature(_EDITS[action]).bind(state, room, **arguments)
    except TypeError as error:
        raise EditError(f"{action} did not receive what it needs: {error}.") from None
    _EDITS[action](state, room, **arguments)


def move_seed(state: CellState, room: Room, cell: int, position: Any) -> None:
    """Move the seed of the cell with this id to a position in pixels, as in the layer "seeds"."""
    row = _row(state, cell)
    state.positions[row] = _position(state, room, position)
    state.potentials[row] = np.nan


def add_cell(state: CellState, room: Room, position: Any, volume: float | None = None, type: int = 0) -> None:
    """Add a cell at a position in pixels, with a volume in world units (by default that of the mean cell)."""
    p = _parameters(state)
    where = _position(state, room, position)
    volume = _volume(state, volume)
    _require_space(state, room, volume)
    (row,) = state.add(where[None], np.array([volume]))
    state.types[row] = _type(type)
    state.axes[row] = random_axes(state.rng, 1, p.ndim)[0]
    for values in state.traits.values():  # what is not known of a new cell is what the cells have on average
        if values.ndim == 1 and values.dtype.kind == "f" and row:
            values[row] = values[:row].mean()


def remove_cell(state: CellState, room: Room, cell: int) -> None:
    """Remove the cell with this id; the medium takes its place."""
    del room
    keep = np.ones(len(state), bool)
    keep[_row(state, cell)] = False
    state.keep(keep)


def set_volume(state: CellState, room: Room, cell: int, volume: float) -> None:
    """Give the cell with this id a new target volume, in world units."""
    row = _row(state, cell)
    wanted = _volume(state, volume)
    _require_space(state, room, wanted - state.volumes[row])
    state.volumes[row] = wanted


def set_type(state: CellState, room: Room, cell: int, type: int) -> None:
    """Move the cell with this id to another population (from 0)."""
    del room
    state.types[_row(state, cell)] = _type(type)


def paint_wall(state: CellState, room: Room, mask: Any, wall: bool = True) -> None:
    """Make the marked pixels wall, or free again with ``wall=False``."""
    marked = _mask(state, mask)
    old = state.fields.get("mask", np.ones(room.shape, bool))
    _set_walls(state, ~old | marked if wall else ~old & ~marked)


def set_walls(state: CellState, room: Room, walls: Any) -> None:
    """Take the image `walls` (not 0: wall) in place of all the walls there are."""
    del room
    _set_walls(state, _mask(state, walls))


_EDITS: dict[str, Callable[..., None]] = {
    f.__name__: f for f in (move_seed, add_cell, remove_cell, set_volume, set_type, paint_wall, set_walls)
}
EDITS = tuple(_EDITS)
"""Names of the edits."""


def _parameters(state: CellState) -> CellParameters:
    assert isinstance(state.parameters, CellParameters)
    return state.parameters


def _row(state: CellState, cell: int) -> int:
    row = state.row(int(cell))
    if row is None:
        raise EditError(f"There is no cell {cell}; {_there_are(state)}.")
    return row


def _there_are(state: CellState) -> str:
    return f"there are {len(state)} cells with ids from {state.ids.min()} to {state.ids.max()}" if len(state) else "there are no cells"


def _position(state: CellState, room: Room, position: Any) -> np.ndarray:
    p = _parameters(state)
    pixels = np.asarray(position, float).ravel()
    if pixels.shape != (p.ndim,) or not np.isfinite(pixels).all():
        raise EditError(f"A position needs {p.ndim} finite numbers {('z', 'y', 'x')[-p.ndim :]}; received {position!r}.")
    where = to_positions(pixels, p)
    if room.periodic.all():
        where %= room.size
    shown = ", ".join(f"{value:.4g}" for value in pixels)
    if (where < 0).any() or (where > room.size).any():
        raise EditError(f"The position ({shown}) lies outside the box of {tuple(room.shape.tolist())} pixels.")
    if not room.contains(where):
        raise EditError(f"The position ({shown}) lies in a wall: a cell cannot be there.")
    return room.keep_inside(where[None])[0]


def _volume(state: CellState, volume: float | None) -> float:
    p = _parameters(state)
    if volume is None:
        return float(state.volumes.mean()) if len(state) else p.filling * p.box_volume / max(p.n_cells, 10)
    if not (np.isfinite(volume) and volume > 0):
        raise EditError(f"volume = {volume} is not allowed: a cell needs a positive volume.")
    wanted = float(volume) / p.length**p.ndim
    if wanted < 4 * np.prod(p.spacing):
        raise EditError(f"volume = {volume:.4g} {p.unit}^{p.ndim} is less than four pixels: use a larger volume or a finer grid.")
    return wanted


def _require_space(state: CellState, room: Room, more: float) -> None:
    p = _parameters(state)
    share = 1.0 if room.mask is None else float(room.mask.mean())
    space, taken = share * p.box_volume, float(state.volumes.sum())
    if taken + more > space * (1 + 1e-9):
        scale = p.length**p.ndim
        raise EditError(
            f"There is not enough space: the cells fill {taken * scale:.4g} of {space * scale:.4g} {p.unit}^{p.ndim}, "
            f"and {more * scale:.4g} more do not fit."
        )


def _type(type: int) -> int:
    if int(type) != type or not 0 <= type < 100:
        raise EditError(f"type = {type} is not allowed: populations are whole numbers from 0 to 99.")
    return int(type)


def _mask(state: CellState, mask: Any) -> np.ndarray:
    """Return a mask on the solver's grid; one on the pixels that are drawn, as the layer "walls" is, is marked where at least half is."""
    p = _parameters(state)
    array = np.asarray(mask) != 0
    if p.fineness > 1 and array.shape == tuple(n * p.fineness for n in p.shape):
        pairs = [part for n in p.shape for part in (n, p.fineness)]
        array = array.reshape(pairs).mean(axis=tuple(range(1, 2 * p.ndim, 2))) >= 0.5
    if array.shape != tuple(p.shape):
        raise EditError(f"The walls have shape {array.shape} but the grid {tuple(p.shape)}: they must be equal.")
    return array


def _set_walls(state: CellState, walls: np.ndarray) -> None:
    p = _parameters(state)
    free = ~walls
    space, needed = float(free.mean()) * p.box_volume, float(state.volumes.sum())
    if needed > space:
        scale = p.length**p.ndim
        raise EditError(
            f"These walls leave {space * scale:.4g} {p.unit}^{p.ndim} but the cells need {needed * scale:.4g}: paint less, or remove cells."
        )
    if free.all():
        state.fields.pop("mask", None)
    else:
        state.fields["mask"] = free
    room = Room(p, state.fields.get("mask"), (False,) * p.ndim)
    state.positions = room.keep_inside(state.positions)
