"""The cells on the grid: whole pixels by their cell, mixed pixels by up to four cells and their fractions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.foam.spreading import MOST, survey
from shapelab.threads import over_ranges, ranges

__all__ = ["Extent", "Pixels", "row_ranges"]

_LEAST_ROWS = 8


def row_ranges(shape: np.ndarray) -> list[tuple[int, int]]:
    """Return the slabs of the grid that are worked on side by side, in rows of pixels."""
    return ranges(int(shape[0] * shape[1]), _LEAST_ROWS)


@dataclass
class Extent:
    """How far the cells reach, K of them with the medium; axes (z, y, x), in pixels."""

    volumes: np.ndarray
    """(K,) sums of fractions."""
    centres: np.ndarray
    """(K, 3), not wrapped: of the pixels nearest to the former centres."""
    low: np.ndarray
    high: np.ndarray
    """(K, 3) int64: first and last pixel; first above last for cells that are not there."""


@dataclass
class Pixels:
    """Who fills each pixel. Nobody writes to the arrays: a step makes new ones."""

    shape: np.ndarray
    """(3,) int64, the first 1 in a plane."""
    periodic: np.ndarray
    """(3,) bool."""
    codes: np.ndarray
    """(N,) int32: the row of the cell that fills the pixel, or minus one minus a row of `cells`."""
    cells: np.ndarray
    """(B, 4) int32: cells of mixed pixels, the largest fraction first, -1 behind them."""
    fractions: np.ndarray
    """(B, 4) float32, each row sums to 1."""

    @classmethod
    def of_rows(cls, rows: np.ndarray, periodic: bool) -> Pixels:
        """Return whole pixels from an image of row numbers, (z, y, x) or (y, x)."""
        shape = np.array((1,) * (3 - rows.ndim) + rows.shape, np.int64)
        joined = np.array([periodic and rows.ndim == 3, periodic, periodic])
        codes = np.array(rows, np.int32).ravel()
        return cls(shape, joined, codes, np.zeros((0, MOST), np.int32), np.zeros((0, MOST), np.float32))

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of the image, without the axis that a plane has not."""
        return tuple(self.shape.tolist()) if self.shape[0] > 1 else tuple(self.shape[1:].tolist())

    def rows(self) -> np.ndarray:
        """Return the image of the row of the largest cell of each pixel."""
        image = self.codes.copy()
        mixed = image < 0
        image[mixed] = self.cells[-1 - image[mixed], 0]
        return image.reshape(self.grid)

    def share(self, row: int) -> np.ndarray:
        """Return the image of the fraction of one cell."""
        image: np.ndarray = (self.codes == row).astype(np.float32)
        mixed = self.codes < 0
        parts = np.where(self.cells == row, self.fractions, 0).sum(axis=1)
        image[mixed] = parts[-1 - self.codes[mixed]]
        return image.reshape(self.grid)

    def extent(self, near: np.ndarray) -> Extent:
        """Return volumes, centres and boxes of the cells; periodic ones around `near`, (K, 3)."""
        bounds, k = row_ranges(self.shape), len(near)
        volumes, sums = np.zeros((len(bounds), k)), np.zeros((len(bounds), k, 3))
        low = np.full((len(bounds), k, 3), 2**40, np.int64)
        high = -low
        over_ranges(survey, bounds, self.shape, self.periodic, self.codes, self.cells, self.fractions, near, volumes, sums, low, high)
        total = volumes.sum(axis=0)
        there = total > 0
        centres = near.copy()
        centres[there] = sums.sum(axis=0)[there] / total[there, None]
        return Extent(total, centres, low.min(axis=0), high.max(axis=0))
