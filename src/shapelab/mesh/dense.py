"""Any label image as a small array of cell numbers with one layer round it, which the nets are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from shapelab.errors import InputError
from shapelab.labels.check import as_labels
from shapelab.threads import over_ranges, ranges

__all__ = ["DenseLabels", "dense_labels", "fill", "layout", "refuse_short_periods"]

_MOST_CELLS = 2_000_000
_LEAST_PERIOD = 3


@dataclass(frozen=True)
class DenseLabels:
    """Cell numbers 0 (medium), 1, 2… of the bounding box of all cells, and a layer round it."""

    ids: np.ndarray
    """Label of each cell number, (K,) int64, or uint64 where a label needs it; ids[0] is 0, the medium, present or not."""
    counts: np.ndarray
    """Voxels of each cell number, (K,) int64."""
    padded: np.ndarray
    """(z, y, x) or (y, x) int32. A periodic axis has one more layer at its end, which repeats the first; others have one
    at each end: the medium inside the image; beyond its border the medium too or, for an open mesh, the border's own."""
    offset: np.ndarray
    """Position of cube 0 (between the first two layers) in voxels of the image, (d,)."""
    real: np.ndarray
    """First and last + 1 index along each axis of `padded` that is a voxel of the image, (d, 2) int64."""
    border: np.ndarray
    """Whether the layer at each end lies beyond the border of the image, (d, 2) bool."""
    period: np.ndarray
    """Voxels along each periodic axis, 0 along others, (d,) int64."""


def dense_labels(labels: Any, periodic: tuple[bool, ...], *, closed: bool) -> DenseLabels:
    """Return a label image as cell numbers.

    Parameters
    ----------
    labels
        Whole numbers, (z, y, x) or (y, x); 0 is the medium.
    periodic
        Whether the image repeats, along each axis.
    closed
        Whether the mesh has faces on the border of the image.

    Raises
    ------
    InputError
        If `labels` are no labels, there are too many of them, or a periodic axis is shorter than 3 voxels.
    """
    array = as_labels(labels)
    refuse_short_periods(array.shape, periodic)
    small, table, ids, counts = _numbered(array)
    if len(ids) > _MOST_CELLS:
        raise InputError(f"The image has {len(ids):,} different labels; up to {_MOST_CELLS:,} can be meshed. Is it a grey image?")
    return _padded(small, table, ids, counts, periodic, closed)


def refuse_short_periods(shape: tuple[int, ...], periodic: tuple[bool, ...]) -> None:
    """Refuse a periodic axis of so few voxels that one is beside itself."""
    for axis, (repeats, n) in enumerate(zip(periodic, shape, strict=True)):
        if repeats and n < _LEAST_PERIOD:
            raise InputError(f"A periodic axis needs at least {_LEAST_PERIOD} voxels; axis {'zyx'[axis - len(shape)]} has {n}.")


def _numbered(array: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return an int32 image, the cell number of each of its values, the cells' labels and their voxel counts."""
    if int(array.max()) < min(4 * array.size + 2**20, 2**31 - 1):
        small = np.ascontiguousarray(array, dtype=np.int32)
        present = np.zeros(int(array.max()) + 1, np.int64)
        _count(small.reshape(-1), present)
        ids = np.flatnonzero(present)
        if ids[0]:
            ids = np.concatenate([[0], ids])
        table = np.zeros(len(present), np.int32)
        table[ids] = np.arange(len(ids))
        return small, table, ids.astype(np.int64), present[ids]
    ids, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)  # few large numbers: sorting is the price
    if ids[0] != 0:
        ids, counts = np.concatenate([np.zeros(1, ids.dtype), ids]), np.concatenate([[0], counts])
        inverse = inverse + 1
    small = inverse.reshape(array.shape).astype(np.int32)
    kind = np.uint64 if int(ids[-1]) > np.iinfo(np.int64).max else np.int64
    return small, np.arange(len(ids), dtype=np.int32), ids.astype(kind), counts


def _padded(
    small: np.ndarray, table: np.ndarray, ids: np.ndarray, counts: np.ndarray, periodic: tuple[bool, ...], closed: bool
) -> DenseLabels:
    ndim = small.ndim
    extents = [_extent(small, axis) if counts[0] and not periodic[axis] else (0, n) for axis, n in enumerate(small.shape)]
    sources, offset, real, border, period = layout(small.shape, extents, periodic, closed=closed)
    padded = np.empty([len(source) for source in sources], np.int32)
    lifted = (slice(None),) * ndim if ndim == 3 else (None, slice(None), slice(None))
    planes = [np.zeros(1, np.int64)] * (3 - ndim) + sources
    over_ranges(fill, ranges(len(planes[0]), 8), small[lifted], table, *planes, padded[lifted])
    return DenseLabels(ids, counts, padded, offset, real, border, period)


def layout(
    shape: tuple[int, ...], extents: Sequence[tuple[int, int]], periodic: tuple[bool, ...], *, closed: bool
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return which index of the image each layer of the padded array shows, -1 for the medium, and the rest of `DenseLabels`.

    Parameters
    ----------
    shape
        Shape of the image.
    extents
        First and last + 1 index along each axis that holds a cell.
    periodic, closed
        As in `dense_labels`.

    Returns
    -------
    sources, offset, real, border, period
        `sources` has one array per axis; the others are as in `DenseLabels`.
    """
    ndim = len(shape)
    sources, real, border, offset = [], np.empty((ndim, 2), np.int64), np.zeros((ndim, 2), bool), np.empty(ndim)
    for axis, n in enumerate(shape):
        if periodic[axis]:
            sources.append(np.append(np.arange(n), 0))
            real[axis], offset[axis] = (0, n), 0.5
            continue
        low, high = extents[axis]
        border[axis] = low == 0, high == n
        ends = [-1, -1] if closed else [0 if low == 0 else -1, n - 1 if high == n else -1]
        sources.append(np.concatenate([ends[:1], np.arange(low, high), ends[1:]]))
        real[axis], offset[axis] = (1, high - low + 1), low - 0.5
    return [source.astype(np.int64) for source in sources], offset, real, border, np.where(periodic, shape, 0)


def _extent(small: np.ndarray, axis: int) -> tuple[int, int]:
    """First and last + 1 index along `axis` that holds a cell."""
    others = tuple(i for i in range(small.ndim) if i != axis)
    cells = np.flatnonzero(small.any(axis=others))
    return int(cells[0]), int(cells[-1]) + 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _count(values, counts):  # type: ignore[no-untyped-def]
    """Count how often each value occurs, run by run."""
    start = 0
    for i in range(1, len(values)):
        if values[i] != values[i - 1]:
            counts[values[i - 1]] += i - start
            start = i
    counts[values[-1]] += len(values) - start


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill(part, first, last, small, table, zs, ys, xs, padded):  # type: ignore[no-untyped-def]
    """Fill planes of a padded array with the cell numbers of the voxels at (zs, ys, xs), 0 where one of these is -1."""
    for z in range(first, last):
        for y in range(len(ys)):
            if zs[z] < 0 or ys[y] < 0:
                padded[z, y, :] = 0
                continue
            row = small[zs[z], ys[y]]
            for x in range(len(xs)):
                padded[z, y, x] = table[row[xs[x]]] if xs[x] >= 0 else 0
