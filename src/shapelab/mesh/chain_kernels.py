"""Each polyline's part of the equations that smooth a planar net, solved down to the nodes that polylines share.

Inside a polyline a node's equation holds the three nodes before and behind it. So all but its ends (of a loop: but its first three
nodes) are eliminated by a banded Cholesky factor, polyline by polyline; what is left ties the ends to each other.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["eliminate", "put_back"]

_SHARED = 3
_THIRD = np.array([-1.0, 3.0, -3.0, 1.0])
_SECOND = np.array([1.0, -2.0, 1.0])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def eliminate(part, first, last, nodes, starts, axis, cubes, period, locks, reach, solved, ends, blocks, rights):  # type: ignore[no-untyped-def]
    """Eliminate the inner nodes of polylines first … last - 1 along one axis.

    `solved`, (l, 4), gets for each entry of `nodes` how it follows the shared nodes of its polyline, and where it lies if these
    are at 0; `ends`, (p, 3), the shared nodes, -1 behind them; `blocks`, (p, 3, 3), and `rights`, (p, 3), what is left of them.
    """
    for c in range(first, last):
        low, n = starts[c], starts[c + 1] - starts[c]
        loop = nodes[low] == nodes[low + n - 1]
        m = n - 1 if loop else n
        inner, stop = (min(_SHARED, m), m) if loop else (1, m - 1)
        ends[c] = -1
        for i in range(inner):
            ends[c, i] = nodes[low + i]
        if not loop:
            ends[c, 1] = nodes[low + m - 1]
        band, tied, right = np.zeros((m, 4)), np.zeros((m, _SHARED)), np.zeros(m)
        band[:, 0] = 1.0
        block, at_ends = blocks[c], rights[c]
        block[:], at_ends[:] = 0.0, 0.0
        _add_bends(nodes, low, n, m, loop, inner, axis, cubes, period, locks, reach, band, tied, right, block, at_ends)
        _factorise(band, inner, stop)
        for i in range(inner, stop):
            for a in range(_SHARED):
                solved[low + i, a] = tied[i, a]
            solved[low + i, _SHARED] = right[i]
        _solve(band, inner, stop, solved[low : low + m])
        for i in range(inner, stop):
            for a in range(_SHARED):
                if tied[i, a] != 0.0:
                    at_ends[a] -= tied[i, a] * solved[low + i, _SHARED]
                    for b in range(_SHARED):
                        block[a, b] -= tied[i, a] * solved[low + i, b]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_bends(  # type: ignore[no-untyped-def]
    nodes, low, n, m, loop, inner, axis, cubes, period, locks, reach, band, tied, right, block, at_ends
):
    """Add the square of each difference of third order (of three nodes: second) along a polyline to its equations."""
    order = 3 if n >= 4 else 2
    weights = reach**3 * _THIRD if order == 3 else reach * _SECOND
    count = m if loop and m > order and order == 3 else n - order
    slots = np.full(m, -1, np.int64)
    for i in range(inner):
        slots[i] = i
    if not loop:
        slots[m - 1] = 1
    for start in range(count):
        bend = 0.0
        for k in range(order + 1):
            step = float(cubes[nodes[low + (start + k) % m], axis] - cubes[nodes[low + start % m], axis])
            if period[axis] > 0:
                step -= period[axis] * np.round(step / period[axis])
            bend += weights[k] * step
        for j in range(order + 1):
            a = (start + j) % m
            if (locks[nodes[low + a]] >> axis) & 1:
                continue
            if slots[a] >= 0:
                at_ends[slots[a]] -= weights[j] * bend
            else:
                right[a] -= weights[j] * bend
            for k in range(order + 1):
                b = (start + k) % m
                if (locks[nodes[low + b]] >> axis) & 1:
                    continue
                value = weights[j] * weights[k]
                if slots[a] >= 0 and slots[b] >= 0:
                    block[slots[a], slots[b]] += value
                elif slots[b] >= 0:
                    tied[a, slots[b]] += value
                elif slots[a] < 0 and b <= a:
                    band[a, a - b] += value


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _factorise(band, first, last):  # type: ignore[no-untyped-def]
    """Turn the lower band of a positive definite matrix into that of its Cholesky factor."""
    for i in range(first, last):
        for k in range(min(3, i - first), -1, -1):
            s = band[i, k]
            for t in range(k + 1, min(3, i - first) + 1):
                s -= band[i, t] * band[i - k, t - k]
            band[i, k] = s / band[i - k, 0] if k else np.sqrt(s)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _solve(band, first, last, values):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        for k in range(1, min(3, i - first) + 1):
            for a in range(values.shape[1]):
                values[i, a] -= band[i, k] * values[i - k, a]
        for a in range(values.shape[1]):
            values[i, a] /= band[i, 0]
    for i in range(last - 1, first - 1, -1):
        for k in range(1, min(3, last - 1 - i) + 1):
            for a in range(values.shape[1]):
                values[i, a] -= band[i + k, k] * values[i + k, a]
        for a in range(values.shape[1]):
            values[i, a] /= band[i, 0]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def put_back(part, first, last, nodes, starts, solved, ends, values):  # type: ignore[no-untyped-def]
    """Fill in the inner nodes of polylines where the `values` of the shared ones are known."""
    for c in range(first, last):
        low, n = starts[c], starts[c + 1] - starts[c]
        loop = nodes[low] == nodes[low + n - 1]
        inner, stop = (min(_SHARED, n - 1), n - 1) if loop else (1, n - 1)
        for i in range(inner, stop):
            s = solved[low + i, _SHARED]
            for a in range(_SHARED):
                if ends[c, a] >= 0:
                    s -= solved[low + i, a] * values[ends[c, a]]
            values[nodes[low + i]] = s
