"""Order of a crowd of cells: do they head the same way, lie parallel, sit on a hexagonal lattice."""

from __future__ import annotations

import numpy as np

__all__ = ["hexatic_order", "hexatic_orders", "nematic_order", "polar_order"]


def polar_order(axes: np.ndarray) -> float:
    """Return ``|mean n|`` of unit vectors (n, d): 0 without order, 1 if all cells head the same way."""
    return float(np.linalg.norm(axes.mean(axis=0)))


def nematic_order(axes: np.ndarray) -> float:
    """Return the order of undirected axes (n, d): in 2-D ``|mean exp(2 i angle)|``, in 3-D the top eigenvalue of ``3/2 <n n'> - 1/2``."""
    d = axes.shape[1]
    tensor = (d * np.einsum("ia,ib->ab", axes, axes) / len(axes) - np.eye(d)) / (d - 1)
    return float(np.linalg.eigvalsh(tensor)[-1])


def hexatic_order(positions: np.ndarray, box: np.ndarray | None) -> float:
    """Return the mean of `hexatic_orders`, 0 for fewer than seven cells."""
    return float(hexatic_orders(positions, box).mean()) if len(positions) > 6 else 0.0


def hexatic_orders(positions: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """Return of each cell ``|mean exp(6 i angle)|`` over the six nearest others, 1 on a hexagonal lattice.

    Parameters
    ----------
    positions
        (n, 2), of seven cells or more.
    box
        Period along each axis, 0 along one that is not periodic; None where none is.
    """
    from scipy.spatial import cKDTree

    period = np.zeros(2) if box is None else np.asarray(box, float)
    around = np.where(period > 0, period, 1.0)
    points = np.where(period > 0, positions % around, positions)
    _, nearest = cKDTree(points, boxsize=period if period.any() else None).query(points, k=7)
    z = points[np.asarray(nearest)[:, 1:]] - points[:, None]
    z -= np.where(period > 0, period * np.rint(z / around), 0.0)
    angle = np.arctan2(z[..., 0], z[..., 1])
    return np.asarray(np.abs(np.exp(6j * angle).mean(axis=1)))
