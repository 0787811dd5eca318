"""Wasserstein distance between mixtures of Gaussians.

Delon and Desolneux, SIAM J. Imaging Sci. 13, 936 (2020): transport between the components, at the cost of the exact
2-Wasserstein distance between Gaussians (Bures), |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.mixture import GaussianMixture
from shapelab.errors import InputError

__all__ = ["gaussian_distances", "mixture_distance"]


@checked()
def gaussian_distances(a: GaussianMixture, b: GaussianMixture) -> np.ndarray:
    """Return the squared 2-Wasserstein distances (n, m) between the components of two mixtures [unit^2]."""
    roots = _square_roots(a.covariances)
    between = np.einsum("nij,mjk,nkl->nmil", roots, b.covariances, roots)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(between), 0.0)).sum(axis=-1)
    traces = np.trace(a.covariances, axis1=1, axis2=2)[:, None] + np.trace(b.covariances, axis1=1, axis2=2)[None]
    means = ((a.means[:, None] - b.means[None]) ** 2).sum(axis=-1)
    return np.asarray(np.maximum(means + traces - 2 * cross, 0.0))


@checked()
def mixture_distance(a: GaussianMixture, b: GaussianMixture) -> tuple[float, np.ndarray]:
    """Return the distance between two mixtures [unit] and the plan (n, m): how much of which component goes to which.

    Exact, by linear programming: suited to a few hundred components on either side.

    Raises
    ------
    InputError
        If the mixtures have different numbers of axes or more than 10^6 pairs of components.
    """
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    if a.means.shape[1] != b.means.shape[1]:
        raise InputError(f"The mixtures have {a.means.shape[1]} and {b.means.shape[1]} axes: both need the same.")
    n, m = len(a.weights), len(b.weights)
    if n * m > 10**6:
        raise InputError(f"The mixtures have {n} and {m} components, too many pairs for the exact distance: compare at most 1000 by 1000.")
    cost = gaussian_distances(a, b)
    rows, columns = kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))
    totals = np.concatenate([a.weights / a.weights.sum(), b.weights / b.weights.sum()])
    solution: Any = linprog(cost.ravel(), A_eq=vstack([rows, columns]).tocsr(), b_eq=totals, method="highs")  # type: ignore[call-overload]
    if not solution.success:
        raise InputError(f"The transport between the mixtures could not be solved: {solution.message}")
    plan = solution.x.reshape(n, m)
    return math.sqrt(max(float((plan * cost).sum()), 0.0)), plan


def _square_roots(matrices: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrices)
    return np.asarray(np.einsum("nij,nj,nkj->nik", vectors, np.sqrt(np.maximum(values, 0.0)), vectors))
