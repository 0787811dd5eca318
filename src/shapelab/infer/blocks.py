"""Diagonal of the inverse of a large sparse matrix, from the small blocks round each unknown."""

from __future__ import annotations

import numba
import numpy as np
from scipy.sparse import csr_array

from shapelab.threads import over_ranges, ranges

__all__ = ["diagonal_of_inverse"]

_MOST = 160
"""Largest block."""


def diagonal_of_inverse(system: csr_array) -> np.ndarray:
    """Return the diagonal of the inverse of a positive definite matrix with unit diagonal, nearly.

    For each unknown those that share no equation with it are taken as known.
    """
    system.sort_indices()
    result = np.empty(system.shape[0])
    over_ranges(_diagonal, ranges(len(result), 64), system.indptr, system.indices, system.data, _MOST, result)
    return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _diagonal(part, first, last, starts, columns, values, most, result):  # type: ignore[no-untyped-def]
    block = np.empty((most, most))
    place = np.full(len(starts) - 1, -1, np.int32)
    members = np.empty(most, np.int64)
    for i in range(first, last):
        n = 0
        for q in range(starts[i], starts[i + 1]):
            if columns[q] != i and n < most - 1:
                members[n] = columns[q]
                n += 1
        members[n] = i  # the last pivot of a Cholesky factor is the inverse of the last entry of the inverse
        n += 1
        for a in range(n):
            place[members[a]] = a
        for a in range(n):
            for b in range(a + 1):
                block[a, b] = 0.0
            for q in range(starts[members[a]], starts[members[a] + 1]):
                b = place[columns[q]]
                if 0 <= b <= a:
                    block[a, b] = values[q]
        for a in range(n):
            place[members[a]] = -1
        for a in range(n):
            for b in range(a + 1):
                s = block[a, b]
                for c in range(b):
                    s -= block[a, c] * block[b, c]
                block[a, b] = s / block[b, b] if b < a else np.sqrt(max(s, 1e-12))
        result[i] = 1 / block[n - 1, n - 1] ** 2
