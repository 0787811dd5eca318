"""Cells grow, are painted and added, shrink away and are removed."""

from __future__ import annotations

import numpy as np

from shapelab.foam.fragments import given_away
from shapelab.foam.frames import LOST
from shapelab.foam.pixels import Pixels
from shapelab.foam.prices import LEAST_RATE, RATE
from shapelab.foam.state import FoamState

__all__ = ["add_ball", "fill_box", "grow", "leave", "move_ball", "paint", "remove_gone"]

_GONE = 0.1
"""Volume below which a cell is no more [pixels]."""
_LAST = 8.0
"""Volume below which a cell that leaves wants none [pixels]."""
_PACE = 0.9
"""Fastest shrinking of cells that leave, as a part of how fast a volume can change."""
_FULLEST = 0.98
"""Part of the box beyond which cells do not grow."""


def grow(state: FoamState) -> None:
    """Let the cells want more, up to the volume at which they divide, while there is room."""
    p = state.given
    if state.medium and np.nansum(state.targets) > _FULLEST * len(state.codes):
        return
    most = p.divide_at * state.births
    wanted = np.minimum(state.targets + p.growth * state.paces * state.births, most)
    state.targets = np.where(state.leaving > 0, state.targets, np.maximum(wanted, state.targets))


def leave(state: FoamState) -> None:
    """Let cells that are being removed want less."""
    going = state.leaving > 0
    if going.any():
        most = _PACE * np.maximum(RATE * state.targets, LEAST_RATE)  # a target that runs ahead would be missed
        less = state.targets - np.minimum(state.leaving, most)
        state.targets = np.where(going, np.where(less < _LAST, 0.0, less), state.targets)


def fill_box(state: FoamState) -> None:
    """Without a medium the cells fill the box: scale what they want to that."""
    if not state.medium and len(state):
        fixed = state.leaving[1:] > 0
        wanted = state.targets[1:]
        rest = wanted[~fixed].sum()
        if rest > 0:
            state.targets[1:] = np.where(fixed, wanted, wanted * (len(state.codes) - wanted[fixed].sum()) / rest)


def remove_gone(state: FoamState, volumes: np.ndarray) -> None:
    """Remove cells that have no volume left; their last pixels go to their neighbours."""
    gone = volumes < _GONE
    gone[0] = False
    if gone.any():
        lost = gone & (state.leaving == 0) & (state.targets > _LAST) & state.given.exact_volumes
        state.counts[LOST] = state.counts.get(LOST, 0.0) + int(lost.sum())
        remove(state, gone)
        state.counts["deaths"] = state.counts.get("deaths", 0.0) + int(gone.sum())


def _without(pixels: Pixels, gone: np.ndarray) -> Pixels:
    """Return the pixels with the shares of some cells, marked (K,) bool, given to their neighbours."""
    cells, fractions = pixels.cells.copy(), pixels.fractions.copy()
    out = (cells >= 0) & gone[np.maximum(cells, 0)]
    fractions[out] = 0
    order = np.argsort(-fractions, axis=1, kind="stable")
    cells, fractions = np.take_along_axis(cells, order, 1), np.take_along_axis(fractions, order, 1)
    cells[fractions == 0] = -1
    total = fractions.sum(axis=1, keepdims=True)
    empty = total[:, 0] == 0
    fractions = np.where(total > 0, fractions / np.where(total > 0, total, 1), 0).astype(np.float32)
    codes = pixels.codes
    mixed = codes < 0
    stray = ~mixed & gone[np.maximum(codes, 0)]
    stray[mixed] = empty[-1 - codes[mixed]]
    cells[empty, 0] = 0
    return given_away(Pixels(pixels.shape, pixels.periodic, codes, cells, fractions), stray)


def remove(state: FoamState, gone: np.ndarray) -> None:
    """Remove cells, marked (K,) bool, at once."""
    keep, pixels = ~gone, _without(state.pixels, gone)
    rows = np.cumsum(keep) - 1
    codes = pixels.codes.copy()
    codes[codes >= 0] = rows[codes[codes >= 0]]
    cells = np.where(pixels.cells >= 0, rows[np.maximum(pixels.cells, 0)], -1).astype(np.int32)
    state.pixels = Pixels(pixels.shape, pixels.periodic, codes, cells, pixels.fractions)
    state.keep(np.flatnonzero(keep))


def paint(state: FoamState, row: int, mask: np.ndarray) -> None:
    """Give the marked pixels, an image of booleans, to a cell or the medium; all cells then want the volume that they have."""
    pixels = state.pixels
    before = state.extent().volumes
    codes = pixels.codes.copy()
    codes[mask.ravel()] = row
    state.pixels = Pixels(pixels.shape, pixels.periodic, codes, pixels.cells, pixels.fractions)
    change = state.extent().volumes - before
    change[0] = 0
    state.targets = np.maximum(state.targets + change, 0)
    state.medium = state.medium or row == 0


def add_ball(state: FoamState, parent: int, centre: np.ndarray, volume: float, kind: int) -> int:
    """Add a cell as a ball around a pixel, (3,), that takes its volume from what is there; return its row."""
    new = state.add(parent)
    state.pixels = _with_ball(state, new, centre, volume)
    state.types[new], state.targets[new], state.births[new] = kind, volume, volume
    state.prices[new], state.leaving[new], state.drifts[new], state.centres[new] = 0, 0, 0, centre
    state.paces[new] = state.rng.uniform(0.7, 1.3)
    return new


def move_ball(state: FoamState, row: int, centre: np.ndarray) -> None:
    """Put a cell elsewhere, as a ball around a pixel, (3,); its neighbours close the gap, and the others make room."""
    state.pixels = _without(state.pixels, np.arange(len(state.ids)) == row)
    state.pixels = _with_ball(state, row, centre, state.targets[row])
    state.prices[row], state.pulls[row], state.centres[row] = 0, 0, centre


def _with_ball(state: FoamState, row: int, centre: np.ndarray, volume: float) -> Pixels:
    """Return the pixels of which the nearest to `centre` belong to a cell."""
    p, pixels = state.given, state.pixels
    grid = np.ogrid[tuple(slice(0, int(n)) for n in pixels.shape)]
    steps = (1.0,) * (3 - p.ndim) + tuple(p.voxel_size)
    apart = np.zeros(tuple(pixels.shape.tolist()))
    for c, axis in enumerate(grid):
        offset = axis - centre[c]
        if pixels.periodic[c]:
            offset = offset - pixels.shape[c] * np.round(offset / pixels.shape[c])
        apart = apart + (offset * steps[c]) ** 2
    nearest = np.argsort(apart, axis=None, kind="stable")[: max(1, round(volume))]
    codes = pixels.codes.copy()
    codes[nearest] = row
    return Pixels(pixels.shape, pixels.periodic, codes, pixels.cells, pixels.fractions)
