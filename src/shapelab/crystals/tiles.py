"""Candidate cells of each tile of a grid: every cell that comes within a slack of the best one somewhere in the tile.

The bounds come from the Taylor expansion of differences of polynomials about the tile's centre, so the lists are
complete, not a guess from neighbourhood. Boxes are halved from the whole grid down to the tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit

from shapelab.crystals.polynomials import Basis
from shapelab.device import thread_count
from shapelab.threads import ranges, side_by_side

__all__ = ["ROW", "Grid", "TileLists", "over_tiles", "tile_lists"]

LEAST = 64
"""Tiles in the shortest part of a pass: waking a thread takes as long as a few dozen short ones."""
SHORT_LISTS = 2**18
"""Room for this many candidates is made at first, and for 64 per box; lists are made again in full length if one is too short."""

ROW = 16
"""Pixels of a tile along x: a constant, so that loops over a row become vector instructions."""


BLOCK = 16
"""Cells whose polynomials are expanded at once."""


@dataclass(frozen=True)
class Grid:
    """A grid of pixels over (z, y, x), cut into tiles; a 2-D image has one plane."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    tile: tuple[int, int, int]

    @classmethod
    def of(cls, shape: tuple[int, ...], spacing: tuple[float, ...]) -> Grid:
        """Return the grid of a 2-D or 3-D image."""
        if len(shape) == 2:
            return cls((1, shape[0], shape[1]), (1.0, spacing[0], spacing[1]), (1, 8, ROW))
        return cls((shape[0], shape[1], shape[2]), (spacing[0], spacing[1], spacing[2]), (4, 4, ROW))

    @property
    def tiles(self) -> tuple[int, int, int]:
        """Number of tiles along each axis."""
        z, y, x = (-(-n // t) for n, t in zip(self.shape, self.tile, strict=True))
        return z, y, x

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return shape, spacing, tile and number of tiles as arrays for the kernels."""
        return (
            np.array(self.shape, np.int64),
            np.array(self.spacing, np.float64),
            np.array(self.tile, np.int64),
            np.array(self.tiles, np.int64),
        )


@dataclass(frozen=True)
class TileLists:
    """Candidates of tile t: ``index[t, :count[t]]``."""

    count: np.ndarray
    index: np.ndarray


def tile_lists(grid: Grid, coefficients: np.ndarray, centres: np.ndarray, radii: np.ndarray, terms: Basis, slack: float) -> TileLists:
    """Return the candidates of every tile.

    Parameters
    ----------
    grid
        The pixels.
    coefficients, centres, radii
        Polynomials in the local coordinate (y - centre) / radius: shapes (N, K), (N, 3), (N,), float64.
    terms
        Their monomials.
    slack
        Cells that stay further than this below the best cell in the whole tile are left out.
    """
    size, spacing, tile, _ = grid.arrays()
    polynomials = (coefficients, centres, 1.0 / radii, terms.source, terms.target, terms.factor, terms.power, terms.exponents)
    lists = TileLists(np.array([len(centres)]), np.arange(len(centres), dtype=np.int32)[None])
    ratio = size  # one box, the whole grid, is above the coarsest level
    halving = np.array([2 if grid.shape[0] > 1 else 1, 2, 2])
    for level in range(int(np.log2(max(grid.tiles))), -1, -1):
        lists = _level(lists, ratio, size, spacing, tile * halving**level, (*polynomials, terms.order, slack))
        ratio = halving
    return lists


def _level(parents: TileLists, ratio: np.ndarray, size: np.ndarray, spacing: np.ndarray, box: np.ndarray, polynomials: tuple) -> TileLists:
    """Return the candidates of boxes of `box` pixels."""
    boxes = -(-size // box)
    capacity = min(parents.index.shape[1], max(64, SHORT_LISTS // int(boxes.prod())))
    while True:
        count = np.zeros(int(boxes.prod()), np.int64)
        index = np.empty((len(count), capacity), np.int32)
        over_tiles(_narrow, len(count), count, index, parents.index, parents.count, ratio, size, spacing, box, boxes, *polynomials)
        if count.max() <= capacity:
            return TileLists(count, index)
        capacity = int(count.max())


@njit(cache=True, nogil=True, error_model="numpy")
def _expand(out, first, members, n, middle, half, c, centre, inverse, table, exps, order, offset, reach, own, shifted):  # type: ignore[no-untyped-def]
    """Write BLOCK members' polynomials, from `first` on, in the coordinates of the box middle +- half, which are -1 to 1 in it.

    Loops over a block of members are vector instructions; beyond the last member it is repeated, and nothing is written.
    """
    source, target, factor, power = table
    for j in range(BLOCK):
        i = members[min(first + j, n - 1)]
        for axis in range(3):
            offset[axis, 1, j] = (middle[axis] - centre[i, axis]) * inverse[i]
            reach[axis, 1, j] = half[axis] * inverse[i]
        for k in range(len(exps)):
            own[k, j] = c[i, k]
    for axis in range(3):
        for e in range(2, order + 1):
            for j in range(BLOCK):
                offset[axis, e, j] = offset[axis, e - 1, j] * offset[axis, 1, j]
                reach[axis, e, j] = reach[axis, e - 1, j] * reach[axis, 1, j]
    shifted[:] = 0.0
    for k in range(len(source)):
        to, a, z, y, x = shifted[target[k]], own[source[k]], offset[0, power[k, 0]], offset[1, power[k, 1]], offset[2, power[k, 2]]
        for j in range(BLOCK):
            to[j] += factor[k] * a[j] * z[j] * y[j] * x[j]
    for k in range(len(exps)):
        z, y, x = reach[0, exps[k, 0]], reach[1, exps[k, 1]], reach[2, exps[k, 2]]
        for j in range(min(BLOCK, n - first)):
            out[k, first + j] = shifted[k, j] * z[j] * y[j] * x[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _rise(upper, values, n, exps):  # type: ignore[no-untyped-def]
    """Set `upper` to a bound of what each of n polynomials, as `_expand` writes them, exceeds the best one at the middle by."""
    star = 0
    for m in range(n):
        star = m if values[0, m] > values[0, star] else star
    for m in range(n):
        upper[m] = values[0, m] - values[0, star]
    for k in range(1, len(exps)):
        row, least = values[k], values[k, star]
        if exps[k, 0] % 2 == 0 and exps[k, 1] % 2 == 0 and exps[k, 2] % 2 == 0:
            for m in range(n):
                upper[m] += max(row[m] - least, 0.0)
        else:
            for m in range(n):
                upper[m] += abs(row[m] - least)


@njit(cache=True, nogil=True, error_model="numpy")
def _narrow(start, stop, count, index, parents, parent_count, ratio, size, spacing, tile, tiles, *polynomials):  # type: ignore[no-untyped-def]
    """Fill the candidates of boxes start to stop, of `tile` pixels each, from those of boxes `ratio` times larger along each axis.

    Kept are members that may come within `slack` of the one that is best in the middle. What does not fit is counted, not written.
    """
    c, centre, inverse, source, target, factor, power, exps, order, slack = polynomials
    above = (tiles + ratio - 1) // ratio
    middle, half = np.empty(3), np.empty(3)
    upper, values = np.empty(parents.shape[1]), np.empty((len(exps), parents.shape[1]))
    offset, reach = np.ones((3, order + 1, BLOCK)), np.ones((3, order + 1, BLOCK))
    own, shifted = np.empty((len(exps), BLOCK)), np.empty((len(exps), BLOCK))
    for t in range(start, stop):
        place = (t // (tiles[1] * tiles[2]), t // tiles[2] % tiles[1], t % tiles[2])
        for axis in range(3):
            low = place[axis] * tile[axis]
            high = min(low + tile[axis], size[axis])
            middle[axis] = 0.5 * (low + high) * spacing[axis]
            half[axis] = 0.5 * (high - low - 1) * spacing[axis]
        parent = (place[0] // ratio[0] * above[1] + place[1] // ratio[1]) * above[2] + place[2] // ratio[2]
        n = parent_count[parent]
        members = parents[parent]
        table = (source, target, factor, power)
        for m in range(0, n, BLOCK):
            _expand(values, m, members, n, middle, half, c, centre, inverse, table, exps, order, offset, reach, own, shifted)
        _rise(upper, values, n, exps)
        kept = 0
        for m in range(n):
            if upper[m] >= -slack:
                if kept < index.shape[1]:
                    index[t, kept] = members[m]
                kept += 1
        count[t] = kept


def over_tiles(kernel: Callable[..., None], n: int, *arguments: Any) -> None:
    """Call ``kernel(first, last, *arguments)`` for parts of the tiles 0 to n, side by side; each writes apart from the others."""
    side_by_side([partial(kernel, *bound, *arguments) for bound in ranges(n, LEAST, 4 * thread_count())])
