"""Multinomial logistic loss of a diagram on a label image, with its gradient and curvature, in one pass over tiles.

Loss = mean over labelled pixels of log(sum_i exp g_i(y)) - g_label(y): convex in the coefficients of the g_i
(D.P. Bourne, M. Buze, T. Gallouet, Q. Merigot, arXiv:2605.20816). Cells that stay `SLACK` below the best one
everywhere in a tile have probability below exp(-SLACK) there and are left out.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from shapelab.crystals.likelihood_kernels import add_loss, labels_per_tile, own_candidates
from shapelab.crystals.polynomials import Basis, basis, product_table
from shapelab.crystals.tiles import Grid, over_tiles, tile_lists
from shapelab.threads import PARTS, side_by_side

__all__ = ["SLACK", "Likelihood"]

SLACK = 12.0
"""Probabilities below exp(-SLACK) = 6e-6 are taken as zero."""


class Likelihood:
    """The loss of a label image, as a function of the coefficients.

    Parameters
    ----------
    labels
        Index of the cell of each pixel over (z, y, x), int32; -1 where the pixel does not count.
    grid
        The pixels.
    centres, radii
        Local coordinates of each cell, shapes (N, 3) and (N,).
    order, dim
        Degree of the polynomials and number of axes of the image.
    tempered
        Exponent a of the bounded loss: each pixel's -log p becomes (1 - p^a) / a. 0 is the convex loss; 1 is the
        expected number of wrong pixels. A pixel that no cell of this kind can reach then hardly pulls
        (Z. Zhang, M. Sabuncu, "Generalized cross entropy loss", NeurIPS 2018); `PULL` of the convex loss stays.
    owners
        Of a periodic box: `labels`, `centres` and `radii` are those of the cells' copies, and this is the cell of each copy.
    degrees
        Highest degree that may change; coefficients of higher ones stay.
    """

    def __init__(
        self,
        labels: np.ndarray,
        grid: Grid,
        centres: np.ndarray,
        radii: np.ndarray,
        order: int,
        dim: int,
        tempered: float = 0.0,
        owners: np.ndarray | None = None,
        degrees: int | None = None,
    ) -> None:
        self.labels = labels
        self.grid = grid
        self.centres = np.ascontiguousarray(centres, np.float64)
        self.inverse = 1.0 / np.asarray(radii, np.float64)
        self.terms: Basis = basis(order, dim)
        self.dim = dim
        self.pixels = int((labels >= 0).sum())
        self.mismatched = self.pixels
        """Labelled pixels that the last evaluation gave to another cell."""
        self.evaluations = 0
        self.tempered = tempered
        self._most = -1
        self._owners = owners
        self._free = self.terms.exponents.sum(1) <= (order if degrees is None else degrees)
        self.masses = np.zeros(len(self.inverse) if owners is None else int(owners.max()) + 1)
        """Expected number of pixels of each cell, at the last evaluation."""

    def refresh(self, coefficients: np.ndarray) -> None:
        """Find the candidates of every tile again: the coefficients have moved."""
        lists = tile_lists(self.grid, self._of_copies(coefficients), self.centres, 1.0 / self.inverse, self.terms, SLACK)
        size, _, tile, tiles = self.grid.arrays()
        n = len(lists.count)
        if self._most < 0:
            self._most = int(labels_per_tile(self.labels, size, tile, tiles, n))
        index = np.pad(lists.index, ((0, 0), (0, self._most)))
        own = np.full((n, int(tile.prod())), -1, np.int16)
        over_tiles(own_candidates, n, self.labels, size, tile, tiles, lists.count, index, own)
        self.count, self.index, self.own = lists.count, index, own
        self.busy = np.flatnonzero((self.count > 1) & (own >= 0).any(1))

    def __call__(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss and its gradient, shape (N, K)."""
        loss, gradient = self._pass(coefficients, self.terms.exponents, self.terms.order, False)
        return loss, np.where(self._free, gradient, 0.0)

    def curvature(self, coefficients: np.ndarray) -> np.ndarray:
        """Return each cell's own block of the Hessian, shape (N, K, K)."""
        double = basis(2 * self.terms.order, self.dim)
        _, moments = self._pass(coefficients, double.exponents, double.order, True)
        blocks = moments[:, product_table(self.terms.order, self.dim)]
        return blocks if self._free.all() else np.where(np.outer(self._free, self._free), blocks, 0.0)

    def _of_copies(self, coefficients: np.ndarray) -> np.ndarray:
        return coefficients if self._owners is None else coefficients[self._owners]

    def _of_cells(self, sums: np.ndarray) -> np.ndarray:
        """Return the sums over the copies of each cell."""
        if self._owners is None:
            return sums
        whole = np.zeros((len(self.masses), *sums.shape[1:]))
        np.add.at(whole, self._owners, sums)
        return whole

    def _pass(self, coefficients: np.ndarray, exps: np.ndarray, order: int, second: bool) -> tuple[float, np.ndarray]:
        chunks = PARTS
        coefficients = self._of_copies(coefficients)
        sums = np.zeros((chunks, len(coefficients), len(exps)))
        scalars = np.zeros((chunks, 2))
        masses = np.zeros((chunks, len(coefficients)))
        _, spacing, tile, tiles = self.grid.arrays()
        lists = (self.count, self.index, self.own, spacing, tile, tiles)
        cells = (np.ascontiguousarray(coefficients, np.float32), self.centres, self.inverse)
        powers = (self.terms.exponents, self.terms.order, exps, order, second, np.float32(self.tempered))
        parts = [(sums[i], scalars[i], masses[i], np.ascontiguousarray(self.busy[i::chunks])) for i in range(chunks)]
        side_by_side([partial(add_loss, *part, *lists, *cells, *powers) for part in parts])
        self.evaluations += 1
        self.masses = self._of_cells(masses.sum(0))
        loss, wrong = scalars.sum(0)
        self.mismatched = int(wrong)
        return float(loss) / self.pixels, self._of_cells(sums.sum(0)) / self.pixels
