"""Who owns each pixel: the exact argmin over cells and medium, and what the solver needs to know along the interfaces.

A pixel whose best cell is i and second best j, with gap m >= 0 between the two, lies within half a pixel of their interface
when m < w/2, with w = sum_a h_a |d_a (c_i - c_j)|. It then counts as 1/2 + m/w of i and 1/2 - m/w of j: volumes depend smoothly
on the potentials, and 1/w is the pixel's share of d|L_i|/df_j (the pixel form of the Hessian of Kitagawa, Merigot and
Thibert, J. Eur. Math. Soc. 21 (2019)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapelab.threads import ranges
from shapelab.transport.blocks import Blocks, Grid
from shapelab.transport.candidates import Lists
from shapelab.transport.competition import (
    BEST,
    COLUMNS,
    COST,
    INSIDE,
    NEXT,
    OWNER,
    PIXELS,
    ROOM,
    RUNNER,
    block_corner,
    compete,
    describe_candidates,
    locate_pixels,
    mark_inside,
    ramps,
)
from shapelab.transport.compiled import Number, kernel, quick
from shapelab.transport.pairs import PairTables, add_pair
from shapelab.transport.point_cost import HUGE, Cells

__all__ = ["Assignment", "Pixels", "assign_blocks"]

LEAST = 64
"""Blocks in the shortest part of a pass: waking a thread takes as long as some dozens."""
LOCAL = 48
"""Pairs are added up block by block where a block has at most this many candidates."""


class Pixels(NamedTuple):
    """What is known of every pixel, flat; N stands for the medium and N + 1 for a wall."""

    label: np.ndarray
    second: np.ndarray
    best: np.ndarray
    """Smallest ``c_i - f_i``."""
    next: np.ndarray
    """Second smallest ``c_j - f_j`` (huge where no other cell can win)."""
    share: np.ndarray
    """float32: part of the pixel that is the label's, 1/2 to 1; the rest is the second's."""


@quick
def _count(buffer: np.ndarray, hard: np.ndarray, soft: np.ndarray, ids: np.ndarray, count: int, size: int) -> None:
    """Add the pixels that each candidate owns to its volumes."""
    for m in range(count):
        owned, place = 0.0, float(m)
        for k in range(size):
            owned += buffer[INSIDE + k] if buffer[OWNER + k] == place else 0.0
        hard[ids[m]] += owned
        soft[ids[m]] += owned


@quick
def _highest(buffer: np.ndarray, size: int) -> Number:
    top = -HUGE
    for k in range(size):
        top = max(top, buffer[BEST + k] if buffer[INSIDE + k] > 0 else -HUGE)
    return top


@kernel
def _store(
    pixels: Pixels, buffer: np.ndarray, share: np.ndarray, ids: np.ndarray, count: int, k0: int, k1: int, k2: int, grid: Grid, n: int
) -> None:
    """Write what is known of a block's pixels into the images."""
    labels, seconds, bests, nexts, shares = pixels.label, pixels.second, pixels.best, pixels.next, pixels.share
    (n0, n1, n2), (s0, s1, s2) = grid.dims, grid.block
    alone = ids[0]
    for a0 in range(k0, min(k0 + s0, n0)):
        for a1 in range(k1, min(k1 + s1, n1)):
            k = ((a0 - k0) * s1 + a1 - k1) * s2
            p = (a0 * n1 + a1) * n2 + k2
            for r in range(min(s2, n2 - k2)):
                if count == 1:
                    labels[p + r], seconds[p + r] = alone, n
                else:
                    labels[p + r], seconds[p + r] = ids[int(buffer[OWNER + k + r])], ids[int(buffer[RUNNER + k + r])]
                bests[p + r], nexts[p + r], shares[p + r] = buffer[BEST + k + r], buffer[NEXT + k + r], share[k + r]


@kernel
def assign_blocks(
    slot: int,
    first: int,
    last: int,
    cells: Cells,
    f: np.ndarray,
    grid: Grid,
    lists: Lists,
    centres: np.ndarray,
    half: np.ndarray,
    pixels: Pixels,
    highest: np.ndarray,
    sums: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
) -> int:
    """Assign blocks first..last; sums go to the row of the part. Return its number of pairs (half the slots: no room left)."""
    hard, soft = sums[slot, 0], sums[slot, 1]
    room, n, size = keys.shape[0] // 2, f.shape[0], grid.offsets.shape[1]
    buffer, share, shared = np.empty(ROOM), np.empty(PIXELS, np.float32), np.zeros((LOCAL, LOCAL))
    most = lists.cells.shape[1] + 2
    where, ids, rows = np.empty(PIXELS, np.int64), np.empty(most, np.int64), np.empty((most, COLUMNS))
    table, codes, geometry, offsets, dims = cells.table, cells.codes, grid.geometry, grid.offsets, grid.dims
    top, pairs = -HUGE, 0
    for b in range(first, last):
        count = lists.counts[b]
        k0, k1, k2 = block_corner(b, grid)
        locate_pixels(where, k0, k1, k2, grid)
        whole = mark_inside(buffer, k0, k1, k2, where, grid)
        for m in range(count):
            ids[m] = lists.cells[b, m]
        ids[count], ids[count + 1] = n, n + 1
        compete(buffer, cells, f, ids, count, centres[b], half[b], grid, where)
        _count(buffer, hard, soft, ids, count, size)
        share[:] = 1.0
        if count > 1:
            tabulated = describe_candidates(rows, cells, f, ids, count, centres[b], half[b], geometry)
            ramps(buffer, rows, tabulated, table, codes, ids, where, offsets, geometry, dims)
        for k in range(size if count > 1 else 0):
            gap, width = buffer[NEXT + k] - buffer[BEST + k], buffer[COST + k]
            if gap < 0.5 * width:
                m, q = int(buffer[OWNER + k]), int(buffer[RUNNER + k])
                share[k] = 0.5 + gap / width
                soft[ids[m]] += share[k] - 1.0
                soft[ids[q]] += 1.0 - share[k]
                if count <= LOCAL:
                    shared[min(m, q), max(m, q)] += 1.0 / width
                elif pairs < room:
                    pairs += add_pair(keys, values, ids[m], ids[q], n, 1.0 / width, 0.0)
        for m in range(count if count <= LOCAL else 0):
            for q in range(m + 1, count):
                if shared[m, q] > 0 and pairs < room:
                    pairs += add_pair(keys, values, ids[m], ids[q], n, shared[m, q], 0.0)
                shared[m, q] = 0.0
        if not whole:
            for k in range(size):
                if buffer[INSIDE + k] == 0:
                    buffer[OWNER + k], buffer[RUNNER + k], buffer[BEST + k], buffer[NEXT + k], share[k] = (
                        count + 1,
                        count + 1,
                        0.0,
                        2.0 * HUGE,
                        0.0,
                    )
        top = max(top, _highest(buffer, size))
        _store(pixels, buffer, share, ids, count if whole else count + 2, k0, k1, k2, grid, n)
    highest[slot] = top
    return pairs


class Assignment:
    """The diagram of one set of potentials on one grid, and the sums that a solver needs.

    Attributes
    ----------
    hard, soft
        Volume of every cell, and of the medium, in pixels: whole pixels, and with fractions across interfaces.
    pairs, weights
        Touching pairs ``(E, 2)`` and the pixel Hessian ``d|L_i|/df_j = -weight``, in pixels per cost unit.
    highest
        Largest of the pixels' best values.
    """

    def __init__(self, blocks: Blocks, n: int) -> None:
        self.blocks, self.n = blocks, n
        size = int(np.prod(blocks.grid.dims))
        label, second = np.empty(size, np.int32), np.empty(size, np.int32)
        self._pixels = Pixels(label, second, np.empty(size), np.empty(size), np.empty(size, np.float32))
        self._parts = ranges(blocks.n_blocks, LEAST)
        parts = len(self._parts)
        self._tables = PairTables(n, parts)
        self._sums = np.zeros((parts, 2, n + 2))
        self.hard = self.soft = np.zeros(n + 1)
        self.pairs, self.weights = np.empty((0, 2), np.int32), np.empty(0)
        self.highest = 0.0

    @property
    def pixels(self) -> Pixels:
        """What is known of every pixel."""
        return self._pixels

    def labels(self) -> np.ndarray:
        """Return the label of every pixel; N is the medium and N + 1 a wall."""
        return self.pixels.label

    def sums(self, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return what `shapelab.transport.moments` adds up over cells and pairs, where it is known already."""
        return None

    def forces(self) -> np.ndarray | None:
        """Return the forces along the boundaries ``(N, 3)``, where they are added up elsewhere than in `shapelab.transport.forces`."""
        return None

    def lower(self, top: float) -> None:
        """Subtract a number from the values of all pixels, whose potentials have been raised by it."""
        self.pixels.best[:] -= top
        self.pixels.next[:] -= top
        self.highest -= top

    def evaluate(self, cells: Cells, f: np.ndarray, medium: bool) -> None:
        """Assign every pixel under the potentials `f`."""
        blocks = self.blocks
        f = f.astype(float)
        lists = blocks.candidates(cells, f, medium)
        self.assign(cells, f, medium, lists)

    def assign(self, cells: Cells, f: np.ndarray, medium: bool, lists: Lists) -> None:
        """Assign every pixel to the best cell of its block's list."""
        blocks, finest, highest = self.blocks, self.blocks.levels[-1], np.empty(len(self._parts))
        arguments = (cells, f, blocks.grid, lists, finest.centres, finest.half, self.pixels, highest)
        self.pairs, sums = self._tables.collect(assign_blocks, self._parts, self._sums, *arguments)
        self.hard, self.soft = self._sums[:, :, : self.n + 1].sum(axis=0)
        self.highest = float(highest.max())
        self.weights = np.ascontiguousarray(sums[:, 0])
