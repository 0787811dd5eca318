"""Pairs of touching cells and what they share: hash tables that the parts of a pass fill, and the linear solves on its graph (compiled)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from shapelab.threads import over_ranges
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
def _add_all(listed: np.ndarray, sums: np.ndarray, n: int, keys: np.ndarray, values: np.ndarray) -> int:
    """Add the pairs of a list to a table; return how many are new."""
    fresh = 0
    for m in range(listed.shape[0]):
        fresh += add_pair(keys, values, listed[m] // (n + 1), listed[m] % (n + 1), n, sums[m, 0], sums[m, 1])
    return fresh


@kernel
def _drain(keys: np.ndarray, values: np.ndarray, listed: np.ndarray, sums: np.ndarray) -> None:
    """Move the pairs of a table into a list, in the order in which they stand there."""
    m = 0
    for slot in range(keys.shape[0]):
        if keys[slot] >= 0:
            listed[m], sums[m, 0], sums[m, 1] = keys[slot], values[slot, 0], values[slot, 1]
            keys[slot], values[slot, 0], values[slot, 1] = -1, 0.0, 0.0
            m += 1


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
    """Hash tables of pairs {i, j} of 0..n (n is the medium) with two sums each: the parts of a pass take turns with them.

    There are never more tables than threads at work, and each part adds up its own pairs, so that the sums do not depend on either.
    """

    def __init__(self, n: int, parts: int) -> None:
        self.n = n
        self._slots = 1 << max(8, int(32 * (n + 1) / parts).bit_length())
        self._idle: deque[tuple[np.ndarray, np.ndarray]] = deque()

    def make_room(self, slots: int) -> None:
        """Have at least so many slots in every table from now on."""
        if slots > self._slots:
            self._slots = 1 << (slots - 1).bit_length()

    def collect(
        self, count: Callable[..., int], bounds: list[tuple[int, int]], sums: np.ndarray, *arguments: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(pairs (E, 2) int32, sums (E, 2))`` of all parts, in the order of (i, j).

        Parameters
        ----------
        count
            ``count(part, first, last, *arguments, sums, keys, values)`` adds pairs by `add_pair`, as long as they fill less than half
            of the table, and returns their number (half the slots: there was no room for more).
        bounds
            Range of each part.
        sums
            ``(parts, …)``: other sums, which begin at 0.
        """
        lists = over_ranges(self._part, bounds, count, sums, arguments)
        keys, values = self._joined(lists) if len(lists) > 1 else lists[0]
        order = np.argsort(keys)  # not that of the table, which may have grown
        keys = keys[order]
        return np.stack([keys // (self.n + 1), keys % (self.n + 1)], axis=1).astype(np.int32), values[order]

    def _part(
        self, part: int, first: int, last: int, count: Callable[..., int], sums: np.ndarray, arguments: tuple[Any, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs of one part as numbers ``i (n + 1) + j``, and their sums."""
        while True:
            try:
                keys, values = self._idle.pop()
            except IndexError:
                keys, values = _table(self._slots)
            if len(keys) < self._slots:
                continue
            sums[part] = 0
            used = count(part, first, last, *arguments, sums, keys, values)
            if used < len(keys) // 2:
                break
            self.make_room(len(keys) + 1)
        found = _listed((keys, values), used)
        self._idle.append((keys, values))
        return found

    def _joined(self, lists: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums over lists of pairs, part after part; the lists are gone afterwards, for they may be long."""
        table, total = _table(1 << (2 * max(len(keys) for keys, _ in lists)).bit_length()), 0
        while lists:
            keys, values = lists.pop(0)
            if 4 * (total + len(keys)) > 3 * len(table[0]):
                slots, known = 2 * len(table[0]), _listed(table, total)
                del table
                table = _table(slots)
                _add_all(*known, self.n, *table)
            total += _add_all(keys, values, self.n, *table)
        return _listed(table, total)


def _table(slots: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(slots, -1, np.int64), np.zeros((slots, 2))


def _listed(table: tuple[np.ndarray, np.ndarray], used: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of a table, which is empty afterwards."""
    keys, values = np.empty(used, np.int64), np.empty((used, 2))
    _drain(*table, keys, values)
    return keys, values
