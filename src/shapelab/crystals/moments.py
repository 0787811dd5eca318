"""Volumes, centroids and covariances of the cells of a label image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from shapelab.labels.moments import cell_moments

__all__ = ["Moments", "label_moments", "periodic_moments"]


@dataclass(frozen=True)
class Moments:
    """First moments of each cell, in the order of `ids`."""

    ids: np.ndarray
    """Label of each cell."""
    volumes: np.ndarray
    """Physical volumes (areas in 2-D), shape (N,)."""
    centroids: np.ndarray
    """Shape (N, d), counted from the corner of the box (`shapelab.box`); those of a `DiagramFit` are those of its layer."""
    covariances: np.ndarray
    """Second central moments with the pixel's own extent, shape (N, d, d)."""

    @property
    def anisotropies(self) -> np.ndarray:
        """Matrices A of the ellipsoids (y - x)^T A (y - x) <= 1 with the same second moments: A = ((d + 2) C)^-1."""
        dim = self.centroids.shape[1]
        return np.linalg.inv((dim + 2) * self.covariances)

    @property
    def radii(self) -> np.ndarray:
        """Radii of the balls of the same volumes."""
        return ball_radii(self.volumes, self.centroids.shape[1])


def ball_radii(volumes: np.ndarray, dim: int) -> np.ndarray:
    """Return the radii of balls (discs in 2-D) of these volumes."""
    return (volumes / (np.pi if dim == 2 else 4 * np.pi / 3)) ** (1 / dim)


def label_moments(
    index: np.ndarray,
    ids: np.ndarray,
    spacing: tuple[float, ...],
    near: np.ndarray | None = None,
    period: np.ndarray | None = None,
) -> Moments:
    """Return the moments of every cell.

    Parameters
    ----------
    index
        Index of the cell of each pixel, -1 outside all cells.
    ids
        Label of each cell.
    spacing
        Size of a pixel along each axis.
    near, period
        For cells in a periodic box: a point close to each cell, shape (N, d), and the length of the box along each axis,
        0 where it is not periodic. Pixels count where they are closest to that point.
    """
    return Moments(ids, *cell_moments(index, len(ids), spacing, near, period))


def periodic_moments(index: np.ndarray, ids: np.ndarray, spacing: tuple[float, ...], period: np.ndarray) -> Moments:
    """Return the moments of cells that may reach over the sides of a periodic box; centroids lie in the box.

    Each cell is cut open opposite its circular mean, and again opposite the centroid that this gives.
    """
    inside = np.nonzero(index >= 0)
    cell, n = index[inside], len(ids)
    near = np.zeros((n, index.ndim))
    for axis, length in enumerate(period):
        if length > 0:
            turn = np.exp(2j * np.pi * (inside[axis] + 0.5) * spacing[axis] / length)
            mean = np.bincount(cell, turn.real, n) + 1j * np.bincount(cell, turn.imag, n)
            near[:, axis] = np.mod(np.angle(mean) / (2 * np.pi), 1.0) * length
    for _ in range(2):
        moments = label_moments(index, ids, spacing, near, period)
        near = moments.centroids
    centroids = np.where(period > 0, np.mod(near, np.where(period > 0, period, 1.0)), near)
    return replace(moments, centroids=centroids)
