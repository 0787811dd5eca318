"""Volumes, centroids and covariances of the cells of a label image: the one sum behind tables, mixtures, diagrams and cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["cell_moments"]


def cell_moments(
    index: np.ndarray,
    n: int,
    spacing: Sequence[float],
    near: np.ndarray | None = None,
    period: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the moments of every cell, NaN for those without a pixel.

    Parameters
    ----------
    index
        Number of the cell of each pixel, from 0; -1 outside all cells.
    n
        Number of cells, N.
    spacing
        Size of a pixel along each axis.
    near, period
        For cells in a periodic box: a point close to each cell, shape (N, d), and the length of the box along each axis,
        0 where it is not periodic. Pixels count where they are closest to that point.

    Returns
    -------
    volumes
        (N,) [unit^d].
    centroids
        (N, d) [unit], counted from the corner of the box (see `shapelab.box`).
    covariances
        (N, d, d) [unit^2] of the cells, not of their pixels' centres: a pixel's own extent counts (spacing^2/12).
    """
    inside = np.nonzero(index >= 0)
    cell = index[inside]
    count = np.bincount(cell, minlength=n)
    shares = np.where(count > 0, count, np.nan)
    position = [(axis + 0.5) * h for axis, h in zip(inside, spacing, strict=True)]
    if near is not None and period is not None:
        for i, length in enumerate(period):
            if length > 0:
                position[i] -= length * np.round((position[i] - near[cell, i]) / length)
    centroids = np.stack([np.bincount(cell, p, n) / shares for p in position], axis=1)
    local = [p - centroids[cell, i] for i, p in enumerate(position)]
    dim = index.ndim
    covariances = np.empty((n, dim, dim))
    for i in range(dim):
        for j in range(i + 1):
            covariances[:, i, j] = covariances[:, j, i] = np.bincount(cell, local[i] * local[j], n) / shares
        covariances[:, i, i] += spacing[i] ** 2 / 12
    return count * float(np.prod(spacing)), centroids, covariances
