"""Smallest and largest tabulated cost over every block of every level (compiled)."""

from __future__ import annotations

import numpy as np

from shapelab.threads import over_ranges, ranges
from shapelab.transport.compiled import quick

__all__ = ["bounds_of_blocks", "bounds_of_parents"]


@quick
def _scan(
    slot: int, first: int, last: int, table: np.ndarray, dims: tuple, side: tuple, counts: tuple, low: np.ndarray, high: np.ndarray
) -> None:
    """Fill the bounds of the rows first..last from their pixels."""
    n0, n1, n2 = dims
    s0, s1, s2 = side
    for row in range(first, last):
        for b in range(low.shape[1]):
            k0, k1, k2 = b // (counts[1] * counts[2]) * s0, b // counts[2] % counts[1] * s1, b % counts[2] * s2
            least = most = table[row, (k0 * n1 + k1) * n2 + k2]
            for a0 in range(k0, min(k0 + s0, n0)):
                for a1 in range(k1, min(k1 + s1, n1)):
                    p = (a0 * n1 + a1) * n2
                    for a2 in range(k2, min(k2 + s2, n2)):
                        least, most = min(least, table[row, p + a2]), max(most, table[row, p + a2])
            low[row, b], high[row, b] = least, most


def bounds_of_blocks(table: np.ndarray, dims: tuple[int, ...], side: tuple[int, ...], counts: tuple[int, ...]) -> np.ndarray:
    """Return the smallest and largest value ``(2, rows, blocks)`` of a table ``(rows, pixels)`` over blocks with this side."""
    bounds = np.empty((2, len(table), int(np.prod(counts))))
    over_ranges(_scan, ranges(len(table), 1), table, dims, side, counts, bounds[0], bounds[1])
    return bounds


def bounds_of_parents(bounds: np.ndarray, parents: np.ndarray, count: int) -> np.ndarray:
    """Return the bounds of `count` larger blocks from those of the blocks in them."""
    order = np.argsort(parents, kind="stable")
    starts = np.searchsorted(parents[order], np.arange(count))
    low, high = bounds[:, :, order]
    return np.stack([np.minimum.reduceat(low, starts, axis=1), np.maximum.reduceat(high, starts, axis=1)])
