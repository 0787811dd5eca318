"""Prices that give every cell its volume: Newton's method on the pixels of the band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, diags_array
from scipy.sparse.linalg import splu

__all__ = ["LEAST_RATE", "RATE", "Shared", "reach_volumes"]

_MOST_ROUNDS = 12
_TOLERANCE = 2e-4
"""Relative error of a volume that is good enough."""
RATE, LEAST_RATE = 0.05, 4.0
"""Largest change of a cell in one step, as a part of its volume and in pixels: what jumps, tears."""
_RIDGE = 1e-3
_SWING, _LEAST_DAMPING = 0.3, 0.05
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
        Slope of a smoothed cell at an interface [1/pixel].
    limit
        Largest price that is allowed.
    """
    prices = prices.copy()
    shared = share(prices)
    rows = np.flatnonzero(kept)
    if not len(rows):
        return prices, shared
    wanted = np.clip(targets, volumes - np.maximum(RATE * volumes, LEAST_RATE), volumes * (1 + RATE) + RATE * LEAST_RATE)
    missing, damping = (wanted - shared.volumes)[rows], np.ones(len(rows))
    for _ in range(_MOST_ROUNDS):  # once at least: prices of the last step are stale even where volumes are right
        change = damping * np.clip(_solve(shared, rows, len(prices), missing), -_LARGEST_STEP * slope, _LARGEST_STEP * slope)
        prices[rows] = np.clip(prices[rows] + change, -limit, limit)
        shared = share(prices)
        before, missing = missing, (wanted - shared.volumes)[rows]
        if np.abs(missing / np.maximum(targets[rows], 1)).max() < _TOLERANCE:
            break
        damping = _damped(damping, before, missing)
    return prices, shared


def _damped(damping: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return how much of its change each price takes from now on: less where volumes swing from too large to too small.

    Near a junction a cell gains more with its price than the two largest cells of each pixel tell, and Newton's method would swing
    for ever; the secant says by how much.
    """
    swings = (before * after < 0) & (np.abs(after) > _SWING * np.abs(before))
    share = np.abs(before) / np.maximum(np.abs(before) + np.abs(after), 1e-300)
    result: np.ndarray = np.where(swings, np.maximum(damping * share, _LEAST_DAMPING), damping)
    return result


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
