"""What a label image adds up to, label by label: voxels, positions and their products as whole numbers, and where each label lies.

Whole numbers have no rounding: the sums are the same to the last bit, in whatever pieces the image is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from shapelab.device import thread_count
from shapelab.errors import InputError
from shapelab.labels.planes import LabelPlanes
from shapelab.threads import over_ranges, ranges

__all__ = ["LabelSums", "sum_labels"]

Tell = Callable[[int], None]
"""Called with the number of planes that were read."""

_TABLE = 2**26
"""Labels below are looked up in a table, larger ones by sorting."""
_TURN = 2**30
"""Cosines as whole numbers."""
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Axes of the products, in the order of the columns behind the number of voxels and the three positions."""


@dataclass(frozen=True, eq=False)
class LabelSums:
    """Sums over the voxels of each label."""

    ids: np.ndarray
    """Labels that occur, rising, 0 among them if it occurs, (K,)."""
    counts: np.ndarray
    """Voxels of each, (K,) int64."""
    low: np.ndarray
    """First index along each axis, (K, d) int64."""
    high: np.ndarray
    """Last index along each axis, (K, d) int64."""
    means: np.ndarray
    """Mean index along each axis, counted round a periodic one, (K, d)."""
    covariances: np.ndarray
    """Of the indices, (K, d, d)."""


def sum_labels(planes: LabelPlanes, periodic: Sequence[bool] | None = None, tell: Tell | None = None) -> LabelSums:
    """Return the sums of every label.

    Parameters
    ----------
    planes
        The label image.
    periodic
        Along which axes it repeats: there, voxels count where they are closest to the middle of their label, as on a circle.
    tell
        Called after each piece that was read.
    """
    ndim = len(planes.shape)
    around = np.array((False,) * (3 - ndim) + tuple(periodic or (False,) * ndim))
    box = np.where(around, planes.solid_shape, 0)
    found = _Found(_exact(planes.solid_shape))
    tables = [_turns(n) for n in planes.solid_shape]
    for first, last in planes.blocks():
        ids, index, table = _numbered(planes.read(first, last))
        parts = ranges(last - first, 1, thread_count())
        sums = np.zeros((len(parts), len(ids), 10 + 6 * around.any()), np.int64)
        ends = np.full((len(parts), len(ids), 6), np.iinfo(np.int64).max)
        over_ranges(_sum_runs, parts, index, table, first, *tables, sums, ends)
        found.add(ids, sums.sum(0), ends.min(0))
        if tell is not None:
            tell(last - first)
    sums = found.sums
    if around.any():
        near = _near(sums, box)
        again = _Found(_exact(planes.solid_shape))
        for first, last in planes.blocks():
            ids, index, table = _numbered(planes.read(first, last))
            parts = ranges(last - first, 1, thread_count())
            sums = np.zeros((len(parts), len(ids), 10), np.int64)
            over_ranges(_sum_around, parts, index, table, first, near[np.searchsorted(found.ids, ids)], box, sums)
            again.add(ids, sums.sum(0), np.zeros((len(ids), 6), np.int64))
            if tell is not None:
                tell(last - first)
        sums = again.sums
    means, covariances = _moments(sums)
    keep = slice(3 - ndim, 3)
    counts = sums[:, 0].astype(np.int64)
    low, high = found.ends[:, :3], -found.ends[:, 3:]
    return LabelSums(found.ids, counts, low[:, keep], high[:, keep], means[:, keep], covariances[:, keep, keep])


class _Found:
    """The labels met so far, rising, and their sums."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self.ids: np.ndarray = np.zeros(0, np.int64)
        self.sums = np.zeros((0, 0), kind)
        self.ends = np.zeros((0, 6), np.int64)

    def add(self, ids: np.ndarray, sums: np.ndarray, ends: np.ndarray) -> None:
        """Add the sums of one piece."""
        kind = np.uint64 if np.uint64 in (ids.dtype, self.ids.dtype) else np.int64
        every = np.union1d(self.ids.astype(kind), ids.astype(kind))
        if len(every) != len(self.ids):
            total = np.zeros((len(every), sums.shape[1]), self._kind)
            limits = np.full((len(every), 6), np.iinfo(np.int64).max)
            old = np.searchsorted(every, self.ids.astype(kind))
            if len(old):
                total[old], limits[old] = self.sums, self.ends
            self.ids, self.sums, self.ends = every, total, limits
        rows = np.searchsorted(every, ids.astype(kind))
        self.sums[rows] += sums.astype(self._kind)
        self.ends[rows] = np.minimum(self.ends[rows], ends)


def _exact(shape: tuple[int, ...]) -> Any:
    """Return the type in which no sum over an image of this shape overflows."""
    largest = float(np.prod(shape, dtype=float)) * max(float(2 * max(shape)) ** 2, float(_TURN))
    return np.int64 if largest < 2.0**63 else object


def _numbered(part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the labels of some planes, an int32 image, and the row of `ids` of each of its values."""
    top = int(part.max())
    if top < _TABLE:
        index = np.ascontiguousarray(part, np.int32)
        present = np.zeros(top + 1, np.bool_)
        _mark(index.reshape(-1), present)
        ids = np.flatnonzero(present)
        table = np.zeros(top + 1, np.int32)
        table[ids] = np.arange(len(ids))
        return ids, index, table
    ids, inverse = np.unique(part, return_inverse=True)
    if len(ids) >= 2**31:
        raise InputError(f"There are {len(ids):,} different labels in {len(part)} planes: this is no label image.")
    kind = np.uint64 if top > np.iinfo(np.int64).max else np.int64
    return ids.astype(kind), inverse.reshape(part.shape).astype(np.int32), np.arange(len(ids), dtype=np.int32)


def _turns(n: int) -> np.ndarray:
    """Return cosine and sine of each place on a circle of `n` voxels as whole numbers, summed up from the first, (2, n + 1)."""
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    values = np.rint(_TURN * np.array([np.cos(angle), np.sin(angle)])).astype(np.int64)
    return np.concatenate([np.zeros((2, 1), np.int64), np.cumsum(values, axis=1)], axis=1)


def _near(sums: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the middle of every label on each periodic axis as on a circle, counted from the side of the box [voxels]."""
    along, across = sums[:, 10::2].astype(float), sums[:, 11::2].astype(float)
    return np.asarray(box * np.arctan2(across, along) / (2 * np.pi))


def _moments(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and covariances of whole numbers, rounded once."""
    n = sums[:, 0]
    origin = sums[:, 1:4] // n[:, None]  # positions from near each label's own mean, so that squares stay small
    first = sums[:, 1:4] - origin * n[:, None]
    inner = first.astype(float) / n.astype(float)[:, None]
    covariances = np.empty((len(n), 3, 3))
    for column, (i, j) in enumerate(_PAIRS, start=4):
        a, b = origin[:, i], origin[:, j]
        product = sums[:, column] - a * sums[:, 1 + j] - b * sums[:, 1 + i] + a * b * n
        spread = product.astype(float) / n.astype(float) - inner[:, i] * inner[:, j]
        covariances[:, i, j] = covariances[:, j, i] = spread
    return origin.astype(float) + inner, covariances


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mark(values, present):  # type: ignore[no-untyped-def]
    last = np.int32(-1)
    for v in values:
        if v != last:
            present[v] = True
            last = v


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sum_runs(part, first, last, index, table, shift, turn_z, turn_y, turn_x, sums, ends):  # type: ignore[no-untyped-def]
    """Add up runs of equal voxels along x: n, z, y, x, zz, zy, zx, yy, yx, xx, then cosines and sines of z, y, x."""
    _, ny, nx = index.shape
    circles = sums.shape[2] > 10
    total, limit = sums[part], ends[part]
    for k in range(first, last):
        z = np.int64(k + shift)
        for y in range(ny):
            row = index[k, y]
            x = 0
            while x < nx:
                v = row[x]
                end = x + 1
                while end < nx and row[end] == v:
                    end += 1
                i = table[v]
                n = np.int64(end - x)
                sx = n * (x + end - 1) // 2
                a, b = np.int64(x - 1), np.int64(end - 1)
                sxx = b * (b + 1) * (2 * b + 1) // 6 - a * (a + 1) * (2 * a + 1) // 6
                t, e = total[i], limit[i]
                t[0] += n
                t[1] += n * z
                t[2] += n * y
                t[3] += sx
                t[4] += n * z * z
                t[5] += n * z * y
                t[6] += z * sx
                t[7] += n * y * y
                t[8] += y * sx
                t[9] += sxx
                if circles:
                    t[10] += n * (turn_z[0, z + 1] - turn_z[0, z])
                    t[11] += n * (turn_z[1, z + 1] - turn_z[1, z])
                    t[12] += n * (turn_y[0, y + 1] - turn_y[0, y])
                    t[13] += n * (turn_y[1, y + 1] - turn_y[1, y])
                    t[14] += turn_x[0, end] - turn_x[0, x]
                    t[15] += turn_x[1, end] - turn_x[1, x]
                e[0], e[1], e[2] = min(e[0], z), min(e[1], y), min(e[2], x)
                e[3], e[4], e[5] = min(e[3], -z), min(e[4], -y), min(e[5], -(end - 1))
                x = end


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sum_around(part, first, last, index, table, shift, near, box, sums):  # type: ignore[no-untyped-def]
    """Add up the same with every voxel where it is closest to the middle of its label."""
    _, ny, nx = index.shape
    total = sums[part]
    p = np.empty(3, np.int64)
    for k in range(first, last):
        for y in range(ny):
            for x in range(nx):
                i = table[index[k, y, x]]
                p[0], p[1], p[2] = k + shift, y, x
                for j in range(3):
                    if box[j] > 0:
                        p[j] -= box[j] * np.int64(np.round((p[j] + 0.5 - near[i, j]) / box[j]))
                t = total[i]
                t[0] += 1
                t[1] += p[0]
                t[2] += p[1]
                t[3] += p[2]
                t[4] += p[0] * p[0]
                t[5] += p[0] * p[1]
                t[6] += p[0] * p[2]
                t[7] += p[1] * p[1]
                t[8] += p[1] * p[2]
                t[9] += p[2] * p[2]
