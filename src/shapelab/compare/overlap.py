"""How far two masks or two label images on the same grid cover each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.labels.check import as_labels
from shapelab.limits import at_least
from shapelab.short_repr import short_repr

__all__ = [
    "LabelMatch",
    "adjusted_rand",
    "boundary_f1",
    "boundary_voxels",
    "dice",
    "iou",
    "match_labels",
    "overlap_table",
    "variation_of_information",
]


@short_repr
class LabelMatch(NamedTuple):
    """Which label of one image is which of another."""

    pairs: np.ndarray
    """(n, 2), int64, or uint64 where ids need it: label of the first image, label of the second; each label at most once."""
    overlap: np.ndarray
    """int64 (n,): voxels that the two share."""
    mismatch: float
    """Share of the voxels, those that are background in both left out, whose labels do not belong together."""


@checked()
def dice(a: Pixels, b: Pixels) -> float:
    """Return 2 |A and B| / (|A| + |B|) of two masks of the same shape; 1 if both are empty (Dice, Ecology 26, 297 (1945))."""
    a, b = _same_shape(a, b)
    total = np.count_nonzero(a) + np.count_nonzero(b)
    return float(2 * np.count_nonzero((a != 0) & (b != 0)) / total) if total else 1.0


@checked()
def iou(a: Pixels, b: Pixels) -> float:
    """Return |A and B| / |A or B| of two masks of the same shape; 1 if both are empty (Jaccard index)."""
    value = dice(a, b)
    return value / (2 - value)


@checked()
def match_labels(a: Pixels, b: Pixels) -> LabelMatch:
    """Return the one-to-one matching of labels with the largest total overlap, and what it leaves unmatched.

    Parameters
    ----------
    a, b
        Integer label images of the same shape; 0 is the background, which only matches background.

    Notes
    -----
    An assignment problem, solved exactly on the sparse table of overlaps (Kuhn, Nav. Res. Logist. Q. 2, 83 (1955)).
    """
    from scipy.sparse import coo_array, diags_array, hstack
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows, columns, counts = overlap_table(a, b)
    cells = (rows > 0) & (columns > 0)
    total = int(counts.sum())
    ids_a, i = np.unique(rows[cells], return_inverse=True)
    ids_b, j = np.unique(columns[cells], return_inverse=True)
    if ids_a.size == 0:
        return LabelMatch(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64), 1.0 if total else 0.0)
    table = coo_array((counts[cells].astype(float), (i, j)), shape=(ids_a.size, ids_b.size)).tocsr()
    # a label without a partner takes a column of its own, worth so little that all of them together outweigh no voxel
    alone = diags_array(np.full(ids_a.size, 0.5 / (ids_a.size + 1))).tocsr()
    left, right = min_weight_full_bipartite_matching(hstack([table, alone]).tocsr(), maximize=True)
    left, right = left[right < ids_b.size], right[right < ids_b.size]
    overlap = np.asarray(table[left, right]).ravel().astype(np.int64)
    wide = max(ids_a.max(), ids_b.max()) > np.iinfo(np.int64).max
    pairs = np.stack([ids[side].astype(np.uint64 if wide else np.int64) for ids, side in ((ids_a, left), (ids_b, right))], axis=1)
    return LabelMatch(pairs, overlap, 1.0 - float(overlap.sum()) / total)


@checked()
def adjusted_rand(a: Pixels, b: Pixels) -> float:
    """Return the adjusted Rand index of two label images: 1 if equal up to names, 0 on average for random ones.

    Voxels that are background in both are left out; the background counts as one label elsewhere.
    Source: Hubert and Arabie, J. Classif. 2, 193 (1985).
    """
    rows, columns, counts = overlap_table(a, b)
    together = _pairs(counts).sum()
    in_a, in_b = _pairs(_sums(rows, counts)).sum(), _pairs(_sums(columns, counts)).sum()
    expected = in_a * in_b / max(_pairs(counts.sum(keepdims=True)).sum(), 1.0)
    highest = 0.5 * (in_a + in_b)
    return 1.0 if highest == expected else float((together - expected) / (highest - expected))


@checked()
def variation_of_information(a: Pixels, b: Pixels) -> tuple[float, float]:
    """Return H(a|b), what `a` splits of `b`, and H(b|a), what `a` merges of `b` [bits]; both 0 if equal up to names.

    Their sum is the variation of information (Meila, J. Multivar. Anal. 98, 873 (2007)). Voxels that are background in
    both are left out.
    """
    rows, columns, counts = overlap_table(a, b)
    joint, in_a, in_b = (_entropy(n) for n in (counts, _sums(rows, counts), _sums(columns, counts)))
    return max(joint - in_b, 0.0), max(joint - in_a, 0.0)


@checked(tolerance=at_least(0))
def boundary_f1(a: Pixels, b: Pixels, spacing: Spacing = 1.0, tolerance: float | None = None) -> float:
    """Return the harmonic mean of the shares of either boundary that lie within `tolerance` of the other.

    Parameters
    ----------
    a, b
        Masks or label images of the same shape.
    spacing
        Voxel size [physical unit].
    tolerance
        Largest distance that still counts as the same place [physical unit], by default twice the largest voxel size.
        Source: Csurka et al., BMVC (2013).
    """
    from scipy.ndimage import distance_transform_edt

    a, b = _same_shape(a, b)
    steps = as_spacing(spacing, a.ndim)
    tolerance = 2 * max(steps) if tolerance is None else tolerance
    edges = boundary_voxels(a), boundary_voxels(b)
    if not (edges[0].any() and edges[1].any()):
        return 1.0 if edges[0].any() == edges[1].any() else 0.0
    shares = [float(np.mean(distance_transform_edt(~other, sampling=steps)[edge] <= tolerance)) for edge, other in (edges, edges[::-1])]
    return 2 * shares[0] * shares[1] / sum(shares) if sum(shares) else 0.0


def boundary_voxels(labels: np.ndarray) -> np.ndarray:
    """Return the voxels that are not background and share a face with another label or the background."""
    edge = np.zeros(labels.shape, dtype=bool)
    for axis in range(labels.ndim):
        values, marks = np.moveaxis(labels, axis, 0), np.moveaxis(edge, axis, 0)
        differ = values[1:] != values[:-1]
        marks[1:] |= differ
        marks[:-1] |= differ
    return np.asarray(edge & (labels != 0))


def overlap_table(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of labels (of a, of b) that occur at the same voxel, (0, 0) left out, and how often (n,)."""
    a, b = _same_shape(a, b)
    ids_a, i = np.unique(a, return_inverse=True)
    ids_b, j = np.unique(b, return_inverse=True)
    pairs, counts = np.unique(i.ravel().astype(np.int64) * ids_b.size + j.ravel(), return_counts=True)
    rows, columns = ids_a[pairs // ids_b.size], ids_b[pairs % ids_b.size]
    keep = (rows != 0) | (columns != 0)
    return rows[keep], columns[keep], counts[keep]


def _same_shape(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise InputError(
            f"The two images have different shapes, {a.shape} and {b.shape}: give their voxel sizes to `compare`, which resamples them."
        )
    return as_labels(a, empty=True), as_labels(b, empty=True)


def _sums(keys: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.bincount(np.unique(keys, return_inverse=True)[1], weights=counts)


def _pairs(counts: np.ndarray) -> np.ndarray:
    n = counts.astype(float)
    return np.asarray(n * (n - 1) / 2)


def _entropy(counts: np.ndarray) -> float:
    if counts.size == 0:
        return 0.0
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())
