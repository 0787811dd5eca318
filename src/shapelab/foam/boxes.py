"""The boxes that smoothed cells reach."""

from __future__ import annotations

import numpy as np

from shapelab.foam.pixels import Extent, Pixels
from shapelab.foam.resolution import Resolution
from shapelab.foam.spreading import spread_cells
from shapelab.threads import over_ranges, ranges

__all__ = ["Boxes"]


class Boxes:
    """First pixel and size of the box of each cell, (K, 3), and where its numbers begin; that of the medium is empty."""

    def __init__(self, pixels: Pixels, extent: Extent, resolution: Resolution) -> None:
        there = extent.low[:, 0] <= extent.high[:, 0]
        there[0] = False
        self._low, self._high = extent.low, extent.high
        starts = np.where(there[:, None], extent.low - resolution.reach, 0)
        ends = np.where(there[:, None], extent.high + resolution.reach + 1, 0)
        closed = ~pixels.periodic
        starts[:, closed] = np.maximum(starts[:, closed], 0)
        ends[:, closed] = np.minimum(ends[:, closed], pixels.shape[closed])
        whole = ends - starts >= pixels.shape  # a cell that meets itself round the box covers the axis once
        starts = np.where(whole, 0, starts)
        sizes = np.where(whole, pixels.shape, ends - starts)
        self.place = starts, sizes, np.concatenate([[0], np.cumsum(sizes.prod(axis=1))])
        self._order = np.flatnonzero(there)

    def smoothed(self, pixels: Pixels, resolution: Resolution) -> tuple[np.ndarray, np.ndarray]:
        """Return the smoothed cells, box by box, and the sum of each cell times the smoothed cell."""
        starts, sizes, offsets = self.place
        out, inner = np.empty(int(offsets[-1]), np.float32), np.zeros(len(sizes))
        over_ranges(
            spread_cells,
            ranges(len(self._order)),
            *(self._order, pixels.shape, pixels.periodic, pixels.codes, pixels.cells, pixels.fractions),
            *(resolution.taps, resolution.reach, self._low, self._high, starts, sizes, offsets, out, inner),
        )
        return out, inner
