"""Elastic and plastic solids of cells: forces from how the neighbours of the start have moved (total Lagrangian).

Deformation gradients are least-squares fits over reference neighbours; neo-Hookean stress with a volumetric term, von Mises return
mapping, and a penalty on what an affine map does not explain (hourglass control). After the elastoplastic power particles of
Z. Qu et al., "Power plastics", ACM Trans. Graph. 42 (2023).
"""

from __future__ import annotations

import numpy as np

__all__ = ["deformation", "flow_plastically", "reference_graph", "solid_forces"]


def reference_graph(positions: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    """Return the directed pairs (E, 2) of cells nearer than 1.5 mean spacings, each cell with its four nearest at least."""
    from scipy.spatial import cKDTree

    n, d = positions.shape
    if n < 2:
        return np.zeros((0, 2), np.int64)
    tree = cKDTree(positions)
    spacing = float(volumes.mean() ** (1 / d))
    near = np.array(sorted(tree.query_pairs(1.5 * spacing)), np.int64).reshape(-1, 2)
    _, nearest = tree.query(positions, k=min(n, 5))
    fewest = np.stack([np.repeat(np.arange(n), np.shape(nearest)[1] - 1), np.asarray(nearest)[:, 1:].ravel()], axis=1)
    both = np.concatenate([near, near[:, ::-1], fewest, fewest[:, ::-1]])
    return np.unique(both, axis=0)


def deformation(positions: np.ndarray, reference: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the deformation gradients F (N, d, d) and the weights g (E, d) with ``F_i = sum_j (x_j - x_i) g_ij'``."""
    i, j = pairs.T
    d = reference.shape[1]
    apart = reference[j] - reference[i]
    moments = np.zeros((len(reference), d, d))
    np.add.at(moments, i, apart[:, :, None] * apart[:, None, :])
    scale = max(float(np.trace(moments, axis1=1, axis2=2).mean()), 1e-300)
    gradients = np.einsum("eab,eb->ea", np.linalg.inv(moments + 1e-9 * scale * np.eye(d))[i], apart)
    result = np.zeros((len(reference), d, d))
    np.add.at(result, i, (positions[j] - positions[i])[:, :, None] * gradients[:, None, :])
    return result, gradients


def flow_plastically(total: np.ndarray, plastic: np.ndarray, yield_strain: float) -> np.ndarray:
    """Return the plastic parts Fp (N, d, d) such that the elastic ``F Fp^-1`` is strained at most by `yield_strain` (von Mises).

    The norm of the deviatoric logarithmic strain is brought back to the yield strain; the volume does not take part.
    """
    d = total.shape[1]
    elastic = total @ np.linalg.inv(plastic)
    u, stretch, vt = np.linalg.svd(elastic)
    strain = np.log(np.maximum(stretch, 1e-6))
    shear = strain - strain.mean(axis=1, keepdims=True)
    size = np.linalg.norm(shear, axis=1, keepdims=True)
    kept = np.where(size > yield_strain, shear * (yield_strain / np.maximum(size, 1e-300)), shear)
    returned = u @ (np.exp(kept + strain.mean(axis=1, keepdims=True))[:, :, None] * vt)
    new = np.linalg.inv(returned) @ total
    new /= np.maximum(np.abs(np.linalg.det(new)), 1e-12)[:, None, None] ** (1 / d)
    return np.where((size > yield_strain)[:, :, None], new, plastic)


def solid_forces(
    positions: np.ndarray,
    reference: np.ndarray,
    pairs: np.ndarray,
    plastic: np.ndarray,
    volumes: np.ndarray,
    shear: float,
    bulk: float,
    hourglass: float,
) -> np.ndarray:
    """Return the elastic forces on the cells, (N, d); they add up to zero.

    ``f_i = sum_j (V_i P_i g_ij - V_j P_j g_ji)`` with the first Piola stress P of ``shear dev(b) + bulk (J - 1) J``.
    """
    d = positions.shape[1]
    i, j = pairs.T
    total, gradients = deformation(positions, reference, pairs)
    elastic = total @ np.linalg.inv(plastic)
    volume = np.maximum(np.linalg.det(total), 0.05)
    isochoric = elastic / np.maximum(np.abs(np.linalg.det(elastic)), 1e-6)[:, None, None] ** (1 / d)
    left = isochoric @ np.swapaxes(isochoric, 1, 2)
    spherical = np.eye(d) * (np.trace(left, axis1=1, axis2=2) / d)[:, None, None]
    stress = shear * (left - spherical) + np.eye(d) * (bulk * (volume - 1) * volume)[:, None, None]
    safe = np.where((np.abs(np.linalg.det(total)) < 0.05)[:, None, None], np.eye(d), total)
    piola = stress @ np.swapaxes(np.linalg.inv(safe), 1, 2)
    pull = np.einsum("eab,eb->ea", (volumes[:, None, None] * piola)[i], gradients)
    forces = np.zeros_like(positions)
    np.add.at(forces, i, pull)
    np.add.at(forces, j, -pull)
    apart = reference[j] - reference[i]
    affine = 0.5 * np.einsum("eab,eb->ea", total[i] + total[j], apart)
    stray = positions[j] - positions[i] - affine
    stiffness = hourglass * shear * 0.5 * (volumes[i] + volumes[j]) / np.sum(apart**2, axis=1)
    np.add.at(forces, i, stiffness[:, None] * stray)
    return forces
