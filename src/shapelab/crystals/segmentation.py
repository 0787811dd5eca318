"""Grains of an EBSD map: regions whose neighbouring pixels differ by less than a misorientation."""

from __future__ import annotations

import numpy as np

from shapelab.crystals.ebsd import EbsdMap
from shapelab.crystals.orientation import mean_orientations, misorientation
from shapelab.errors import InputError, ParameterError

__all__ = ["grain_orientations", "segment_grains"]


def segment_grains(scan: EbsdMap, threshold: float = 5.0, min_pixels: int = 10, fill: bool = True) -> np.ndarray:
    """Return the grains of an EBSD map as a label image, the pixels' rows and columns as in the map.

    Parameters
    ----------
    scan
        The map.
    threshold
        Pixels that differ by less [degrees] belong together; twins and subgrains separate at small values.
    min_pixels
        Smaller grains are removed.
    fill
        Give removed and unindexed pixels to the nearest grain; otherwise they get label 0.

    Raises
    ------
    ParameterError
        If the threshold is not positive.
    InputError
        If no grain is left.
    """
    if threshold <= 0:
        raise ParameterError(f"threshold = {threshold} is not allowed: it must be more than 0 degrees.")
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    indexed = scan.phase > 0
    number = np.arange(indexed.size).reshape(indexed.shape)
    rows, columns = [], []
    for axis in (0, 1):
        a, b = _neighbours(axis)
        same = indexed[a] & indexed[b] & (scan.phase[a] == scan.phase[b])
        angle = misorientation(scan.orientations[a][same], scan.orientations[b][same], scan.symmetry)
        close = angle < np.deg2rad(threshold)
        rows.append(number[a][same][close])
        columns.append(number[b][same][close])
    i, j = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(i), bool), (i, j)), shape=(indexed.size, indexed.size))
    region = connected_components(graph, directed=False)[1].reshape(indexed.shape)
    size = np.bincount(region[indexed], minlength=region.max() + 1)
    kept = indexed & (size[region] >= min_pixels)
    if not kept.any():
        raise InputError(f"No grain has {min_pixels} pixels or more: lower min_pixels or raise the threshold of {threshold:g} degrees.")
    labels = np.zeros(indexed.shape, np.int32)
    labels[kept] = np.unique(region[kept], return_inverse=True)[1] + 1
    return _filled(labels) if fill else labels


def grain_orientations(scan: EbsdMap, labels: np.ndarray) -> np.ndarray:
    """Return the mean orientation of each label 1, 2, 3… of `segment_grains`, shape (N, 4)."""
    if labels.shape != scan.phase.shape:
        raise InputError(f"The labels have shape {labels.shape} and the map {scan.phase.shape}: they must be equal.")
    inside = (labels > 0) & (scan.phase > 0)
    return mean_orientations(scan.orientations[inside], labels[inside] - 1, int(labels.max()), scan.symmetry)


def _neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    every = slice(None)
    if axis == 0:
        return (slice(None, -1), every), (slice(1, None), every)
    return (every, slice(None, -1)), (every, slice(1, None))


def _filled(labels: np.ndarray) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    filled: np.ndarray = labels[tuple(nearest)]
    return filled
