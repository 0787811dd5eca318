"""Pairs of touching cells and what they share: hash tables that the parts of a pass fill, and the linear solves on its graph (compiled)."""

from __future__ import annotations

import numpy as np

from shapelab.transport.compiled import Number, inlined, kernel

__all__ = ["PairTables", "add_pair", "conjugate_gradients"]


@inlined
def add_pair(keys: np.ndarray, values: np.ndarray, i: int, j: int, n: int, first: Number, second: Number) -> int:
    """Add two numbers to the pair {i, j} of 0..n; return 1 if the pair is new (the caller keeps the table less than half full)."""
    low, high = min(i, j), max(i, j)
    key = np.int64(low) * np.int64(n + 1) + np.int64(high)
    mask = keys.shape[0] - 1
    slot = ((key * np.int64(0x9E3779B97F4A7C1)) >> np.int64(20)) & mask
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    new = keys[slot] < 0
    keys[slot] = key
    values[slot, 0] += first
    values[slot, 1] += second
    return 1 if new else 0


@kernel
def _merge(keys: np.ndarray, values: np.ndarray, n: int, used: int, out_keys: np.ndarray, out_values: np.ndarray) -> int:
    fresh = 0
    for slot in range(keys.shape[0]):
        if keys[slot] >= 0:
            i, j = keys[slot] // (n + 1), keys[slot] % (n + 1)
            fresh += add_pair(out_keys, out_values, i, j, n, values[slot, 0], values[slot, 1])
    return used + fresh


@kernel
def _compress(keys: np.ndarray, values: np.ndarray, n: int, out_pairs: np.ndarray, out_values: np.ndarray) -> int:
    m = 0
    for slot in range(keys.shape[0]):
        if keys[slot] >= 0:
            out_pairs[m, 0], out_pairs[m, 1] = keys[slot] // (n + 1), keys[slot] % (n + 1)
            out_values[m, 0], out_values[m, 1] = values[slot, 0], values[slot, 1]
            m += 1
    return m


@kernel
def conjugate_gradients(
    pairs: np.ndarray, weights: np.ndarray, extra: np.ndarray, rhs: np.ndarray, x: np.ndarray, n: int, tolerance: Number, steps: int
) -> int:
    """Solve ``(Laplacian of the weighted pairs + diag(extra)) x = rhs``, with a Jacobi preconditioner; return the steps taken.

    Pairs with n touch the medium, where x = 0.
    """
    diagonal, product = np.empty(n), np.empty(n)
    direction, residual, scaled = np.zeros(n + 1), rhs.copy(), np.empty(n)
    for i in range(n):
        diagonal[i] = extra[i]
    for e in range(pairs.shape[0]):
        i, j = pairs[e, 0], pairs[e, 1]
        diagonal[i] += weights[e]
        if j < n:
            diagonal[j] += weights[e]
    rz = 0.0
    for i in range(n):
        x[i] = 0.0
        direction[i] = residual[i] / max(diagonal[i], 1e-300)
        rz += direction[i] * residual[i]
    target = tolerance * tolerance * rz
    for step in range(steps):
        for i in range(n):
            product[i] = diagonal[i] * direction[i]
        for e in range(pairs.shape[0]):
            i, j = pairs[e, 0], pairs[e, 1]
            product[i] -= weights[e] * direction[j]
            if j < n:
                product[j] -= weights[e] * direction[i]
        curvature = 0.0
        for i in range(n):
            curvature += direction[i] * product[i]
        alpha, previous = rz / max(curvature, 1e-300), rz
        rz = 0.0
        for i in range(n):
            x[i] += alpha * direction[i]
            residual[i] -= alpha * product[i]
            scaled[i] = residual[i] / max(diagonal[i], 1e-300)
            rz += scaled[i] * residual[i]
        if rz <= target:
            return step + 1
        for i in range(n):
            direction[i] = scaled[i] + rz / previous * direction[i]
    return steps


class PairTables:
    """One hash table per part of a pass, of pairs {i, j} of 0..n (n is the medium), each pair with two sums.

    Attributes
    ----------
    keys, values
        ``(parts, slots)`` int64 and ``(parts, slots, 2)`` float64, for `add_pair`.
    """

    def __init__(self, n: int, parts: int) -> None:
        slots = 1 << max(8, int(32 * (n + 1) / parts).bit_length())
        self.n = n
        self.keys = np.full((parts, slots), -1, np.int64)
        self.values = np.zeros((parts, slots, 2))

    @property
    def room(self) -> int:
        """Number of pairs that a table may hold: half of its slots."""
        return self.keys.shape[1] // 2

    def clear(self) -> None:
        """Forget all pairs."""
        self.keys.fill(-1)
        self.values.fill(0)

    def grow(self) -> None:
        """Make room for twice as many pairs, and forget those there are."""
        self.make_room(self.keys.shape[1] + 1)

    def make_room(self, slots: int) -> None:
        """Have at least so many slots; where there were fewer, the pairs are forgotten."""
        parts, now = self.keys.shape
        if slots > now:
            slots = 1 << (slots - 1).bit_length()
            self.keys = np.full((parts, slots), -1, np.int64)
            self.values = np.zeros((parts, slots, 2))

    def edges(self, used: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(pairs (E, 2) int32, sums (E, 2))`` of all parts, in the order of (i, j); `used` counts the pairs of each part."""
        keys, values, total = self.keys[0], self.values[0], used[0]
        if len(used) > 1:
            slots = 1 << max(6, int(2 * sum(used)).bit_length())
            keys, values, total = np.full(slots, -1, np.int64), np.zeros((slots, 2)), 0
            for slot in range(len(used)):
                total = _merge(self.keys[slot], self.values[slot], self.n, total, keys, values)
        pairs, sums = np.empty((total, 2), np.int32), np.empty((total, 2))
        _compress(keys, values, self.n, pairs, sums)
        order = np.argsort(pairs[:, 0].astype(np.int64) * (self.n + 1) + pairs[:, 1])  # not that of the table, which may have grown
        return pairs[order], sums[order]
