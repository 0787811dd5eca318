"""Where the cells of a label image touch: contact areas between labels, and the points where three or more meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.measure.labels import as_labels, crofton_directions

__all__ = ["label_contacts", "label_junctions"]


def label_contacts(labels: Any, spacing: Spacing = 1.0, *, periodic: bool | Sequence[bool] = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of labels that touch and the areas (2-D: lengths) of their contacts.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 is the background or medium and counts as a label.
    spacing
        Voxel size [physical unit].
    periodic
        Whether opposite faces of the image touch, for all axes or one by one.

    Returns
    -------
    pairs
        (E, 2) integers, the smaller label first, sorted.
    areas
        (E,) Crofton estimates of the contact areas [unit^(d-1)]: unbiased over orientations, unlike counts of faces.
        The sum over a label's contacts is its surface (perimeter), without the border of the image.
    """
    array = as_labels(labels)
    steps = as_spacing(spacing, array.ndim)
    wraps = np.broadcast_to(periodic, (array.ndim,))
    base = int(array.max()) + 1
    factor = 2.0 if array.ndim == 3 else math.pi / 2
    keys, areas = [], []
    for direction, share, length in zip(*crofton_directions(steps), strict=True):
        a, b = _shifted(array, direction, wraps)
        differ = a != b
        a, b = a[differ].astype(np.int64), b[differ].astype(np.int64)
        found, crossings = np.unique(np.minimum(a, b) * base + np.maximum(a, b), return_counts=True)
        keys.append(found)
        areas.append(factor * share * math.prod(steps) / length * crossings)
    pairs, index = np.unique(np.concatenate(keys), return_inverse=True)
    return np.stack([pairs // base, pairs % base], axis=1), np.bincount(index.ravel(), np.concatenate(areas), len(pairs))


def label_junctions(labels: Any, spacing: Spacing = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of pixels (2-D: of four, 3-D: of eight) where at least three labels meet, and how many do.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 counts as a label.
    spacing
        Voxel size [physical unit].

    Returns
    -------
    points
        (K, d) positions [unit], with the centre of pixel 0 at half a spacing.
    counts
        (K,) number of labels that meet.
    """
    array = as_labels(labels)
    steps = as_spacing(spacing, array.ndim)
    around = np.stack(
        [
            array[tuple(slice(k, n - 1 + k) for k, n in zip(corner, array.shape, strict=True))]
            for corner in product((0, 1), repeat=array.ndim)
        ]
    )
    around.sort(axis=0)
    counts = 1 + (np.diff(around, axis=0) != 0).sum(axis=0)
    where = np.nonzero(counts > 2)
    return (np.stack(where, axis=1) + 1.0) * np.asarray(steps), counts[where]


def _shifted(array: np.ndarray, direction: np.ndarray, wraps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the image and its neighbour along a direction, cut to where both exist."""
    a, b = array, array
    for axis, step in enumerate(int(d) for d in direction):
        if step == 0:
            continue
        if wraps[axis]:
            b = np.roll(b, -step, axis)
            continue
        n = array.shape[axis]
        a = a.take(range(max(0, -step), n - max(0, step)), axis)
        b = b.take(range(max(0, step), n - max(0, -step)), axis)
    return a, b
