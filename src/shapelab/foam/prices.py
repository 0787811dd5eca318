"""Prices that give every cell its volume: Newton's method on the pixels of the band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, diags_array
from scipy.sparse.linalg import splu

__all__ = ["Shared", "reach_volumes"]

_MOST_ROUNDS = 8
_TOLERANCE = 2e-4
"""Relative error of a volume that is good enough."""
_RATE, _LEAST_RATE = 0.05, 4.0
"""Part of its volume, and pixels, that a cell changes by in a step at the most: what jumps, tears."""
_RIDGE = 1e-3
_LARGEST_STEP = 1.5
"""Of a price, in slopes of a smoothed cell per pixel."""


@dataclass(frozen=True)
class Shared:
    """What a partition for given prices comes to."""

    volumes: np.ndarray
    """(K,) [pixels]."""
    stiffness: np.ndarray
    one: np.ndarray
    other: np.ndarray
    """(B,): how fast each pixel of the band goes over from cell `one` to `other` with the difference of their prices."""


def reach_volumes(
    share: Callable[[np.ndarray], Shared],
    prices: np.ndarray,
    targets: np.ndarray,
    volumes: np.ndarray,
    kept: np.ndarray,
    *,
    slope: float,
    limit: float,
) -> tuple[np.ndarray, Shared]:
    """Return the prices for which the cells have their volumes, and the partition.

    Parameters
    ----------
    share
        Prices -> the partition.
    prices
        (K,) of the last step.
    targets, volumes
        (K,) wanted, and before this step [pixels].
    kept
        (K,) bool: which cells have a target.
    slope
        Of a smoothed cell at an interface [1/pixel].
    limit
        Largest price that is allowed.
    """
    prices = prices.copy()
    shared = share(prices)
    rows = np.flatnonzero(kept)
    if not len(rows):
        return prices, shared
    wanted = np.clip(targets, volumes - np.maximum(_RATE * volumes, _LEAST_RATE), volumes * (1 + _RATE) + _RATE * _LEAST_RATE)
    for _ in range(_MOST_ROUNDS):  # once at least: prices of the last step are stale even where volumes are right
        missing = (wanted - shared.volumes)[rows]
        change = _solve(shared, rows, len(prices), missing)
        prices[rows] = np.clip(prices[rows] + np.clip(change, -_LARGEST_STEP * slope, _LARGEST_STEP * slope), -limit, limit)
        shared = share(prices)
        if np.abs((wanted - shared.volumes)[rows] / np.maximum(targets[rows], 1)).max() < _TOLERANCE:
            break
    return prices, shared


def _solve(shared: Shared, rows: np.ndarray, k: int, missing: np.ndarray) -> np.ndarray:
    """Solve the graph Laplacian of who takes pixels from whom, with a weak ridge."""
    used = shared.stiffness > 0
    i, j, h = shared.one[used], shared.other[used], shared.stiffness[used]
    place = np.full(k, -1)
    place[rows] = np.arange(len(rows))
    a, b, n = place[i], place[j], len(rows)
    diagonal = np.bincount(a[a >= 0], h[a >= 0], n) + np.bincount(b[b >= 0], h[b >= 0], n)
    both = (a >= 0) & (b >= 0)
    a, b, h = a[both], b[both], h[both]
    matrix = coo_matrix((np.concatenate([-h, -h]), (np.concatenate([a, b]), np.concatenate([b, a]))), (n, n)).tocsc()
    matrix = matrix + diags_array(diagonal + _RIDGE * np.median(diagonal) + 1e-9, format="csc")
    result: np.ndarray = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(missing)
    return result
