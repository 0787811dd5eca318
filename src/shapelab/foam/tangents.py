"""Nodes spread evenly along their interfaces, without moving them: triangles stay well shaped while a mesh flows."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array

from shapelab.foam.simplices import Simplices

__all__ = ["Tangents"]

_SHARE = 0.3


class Tangents:
    """Which nodes a node is spread among: those on its interface, or on its line where three cells meet.

    Parameters
    ----------
    simplices
        The mesh.
    counts
        How many cells meet at each node, (n,).
    """

    def __init__(self, simplices: Simplices, counts: np.ndarray) -> None:
        self._simplices, n = simplices, len(counts)
        corners, d = simplices.corners, simplices.corners.shape[1]
        sides = [(0, 1)] if d == 2 else [(0, 1), (1, 2), (2, 0)]
        i = np.concatenate([corners[:, a] for a, _ in sides])
        j = np.concatenate([corners[:, b] for _, b in sides])
        shift = np.concatenate([simplices.shifts[:, b] - simplices.shifts[:, a] for a, b in sides])
        i, j, shift = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([shift, -shift])
        _, first, times = np.unique(i * n + j, return_index=True, return_counts=True)
        i, j, shift = i[first], j[first], shift[first]
        inner = counts[i] == 2
        line = (counts[i] == 3) & (times > 2) if d == 3 else np.zeros(len(i), bool)
        self._faces = _Neighbours(i[inner], j[inner], shift[inner], n)
        ends = np.bincount(i[line], minlength=n)
        line &= ends[i] == 2
        self._lines = _Neighbours(i[line], j[line], shift[line], n)

    def moves(self, x: np.ndarray) -> np.ndarray:
        """Return the displacement of each node, (n, d)."""
        d = x.shape[1]
        areas = self._simplices.normals(self._simplices.at(x))
        normals = np.stack([np.bincount(self._simplices.corners.ravel(), np.repeat(a, d), len(x)) for a in areas.T], axis=1)
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        unit = normals / np.where(length > 0, length, 1)
        inside = self._faces.away(x)
        result: np.ndarray = _SHARE * (inside - (inside * unit).sum(axis=1, keepdims=True) * unit)
        if len(self._lines.i):
            along = self._lines.along(x)
            result += _SHARE * (self._lines.away(x) * along).sum(axis=1, keepdims=True) * along
        return result


class _Neighbours:
    def __init__(self, i: np.ndarray, j: np.ndarray, shift: np.ndarray, n: int) -> None:
        self.i, self._j, self._shift = i, j, shift
        number = np.bincount(i, minlength=n)
        self._share = 1 / np.maximum(number, 1)
        self._sum = csr_array(coo_array((np.ones(len(i)), (i, np.arange(len(i)))), (n, max(len(i), 1)))) if len(i) else None
        sign = np.ones(len(i))
        sign[np.unique(i, return_index=True)[1]] = -1
        self._difference = csr_array(coo_array((sign, (i, np.arange(len(i)))), (n, max(len(i), 1)))) if len(i) else None

    def away(self, x: np.ndarray) -> np.ndarray:
        """Return the way from each node to the middle of its neighbours."""
        if self._sum is None:
            return np.zeros_like(x)
        result: np.ndarray = (self._sum @ (x[self._j] + self._shift - x[self.i])) * self._share[:, None]
        return result

    def along(self, x: np.ndarray) -> np.ndarray:
        """Return the unit vector from one of two neighbours to the other."""
        assert self._difference is not None
        chord = self._difference @ (x[self._j] + self._shift - x[self.i])
        length = np.linalg.norm(chord, axis=1, keepdims=True)
        result: np.ndarray = chord / np.where(length > 0, length, 1)
        return result
