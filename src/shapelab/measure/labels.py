"""Geometry of every label of a label image, in one table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_labels", "label_areas", "label_neighbours", "measure_labels"]


def as_labels(data: Any) -> np.ndarray:
    """Return `data` as an integer label image, 2-D or 3-D, none negative."""
    array = np.asarray(data)
    if array.ndim not in (2, 3):
        raise InputError(f"A label image must be 2-D or 3-D; received an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise InputError("The label image contains values that are not finite (NaN or infinity): replace them first.")
        raise InputError("Labels must be whole numbers and these are floats: convert them with labels.astype(int), or threshold the image.")
    if array.dtype.kind not in "bui":
        raise InputError(f"A label image must hold whole numbers; received dtype {array.dtype}.")
    if not array.any():
        raise InputError("The label image is empty: every voxel is 0, the background.")
    if array.min() < 0:
        raise InputError(f"Labels must not be negative (0 is the background); the smallest here is {array.min()}.")
    return array


def measure_labels(labels: Any, spacing: Spacing = 1.0) -> pd.DataFrame:
    """Return one row per label: volume, centroid, axes, area, sphericity, neighbours.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 is the background.
    spacing
        Voxel size [physical unit].

    Returns
    -------
    DataFrame
        Indexed by label. Columns: `volume` (3-D) or `area` (2-D); `centroid_z` … [unit, voxel 0 centred at 0];
        `semi_axis_1` >= … of the ellipsoid with the same second moments [unit]; `area` and `sphericity`
        pi^(1/3) (6 V)^(2/3)/A (3-D) or `perimeter` and `circularity` 4 pi A/P^2 (2-D); `neighbours`, the number of
        labels that share a face; `touches_border`. Areas and perimeters are Crofton estimates (`label_areas`).
    """
    import pandas as pd

    array = as_labels(labels)
    steps = as_spacing(spacing, array.ndim)
    ids, index = np.unique(array, return_inverse=True)
    index = index.reshape(array.shape)
    counts = np.bincount(index.ravel())
    size = counts * math.prod(steps)
    columns: dict[str, np.ndarray] = {"volume" if array.ndim == 3 else "area": size}
    centroid, covariance = _moments(index, counts, steps)
    axes = "zyx"[-array.ndim :]
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate(axes)}
    semi = np.sqrt((array.ndim + 2) * np.linalg.eigvalsh(covariance)[:, ::-1])
    columns |= {f"semi_axis_{i + 1}": semi[:, i] for i in range(array.ndim)}
    surface = label_areas(index, steps)
    if array.ndim == 3:
        columns |= {"area": surface, "sphericity": np.pi ** (1 / 3) * (6 * size) ** (2 / 3) / surface}
    else:
        columns |= {"perimeter": surface, "circularity": 4 * np.pi * size / surface**2}
    columns["neighbours"] = np.bincount(label_neighbours(index, background=int(ids[0]) == 0).ravel(), minlength=ids.size)
    columns["touches_border"] = np.isin(np.arange(ids.size), _border(index))
    table = pd.DataFrame(columns, index=pd.Index(ids, name="label"))
    return table.loc[ids > 0]


def label_neighbours(labels: np.ndarray, *, background: bool = True) -> np.ndarray:
    """Return the pairs (n, 2), smaller first, of labels that share a face; 0 does not count if it is the background."""
    pairs = []
    for axis in range(labels.ndim):
        a = np.moveaxis(labels, axis, 0)
        low, high = np.minimum(a[1:], a[:-1]), np.maximum(a[1:], a[:-1])
        keep = (low != high) & (low > 0) if background else low != high
        pairs.append(np.stack([low[keep], high[keep]], axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


def label_areas(labels: np.ndarray, spacing: Spacing = 1.0) -> np.ndarray:
    """Return the surface area (3-D) or perimeter (2-D) of the labels 0 … max by the Cauchy-Crofton formula.

    Counts the crossings of all lines through voxels in 13 (3-D) or 4 (2-D) directions, weighted by the directions'
    shares of the sphere; also right for voxels that are not cubes (Lehmann and Legland, Insight J. (2012)). Unlike
    counting faces it does not overestimate slanted surfaces: a ball is right within 1 %, a flat face along the axes up
    to 7 % low (20 % where voxels are four times longer than wide). Faces on the border of the image count too.
    """
    steps = as_spacing(spacing, labels.ndim)
    padded = np.pad(np.asarray(labels, dtype=np.int64) + 1, 1)
    directions, shares, lengths = crofton_directions(steps)
    factor = 2.0 if labels.ndim == 3 else math.pi / 2
    total = np.zeros(int(padded.max()) + 1)
    for direction, share, length in zip(directions, shares, lengths, strict=True):
        a = padded[tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(direction, padded.shape, strict=True))]
        b = padded[tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip(direction, padded.shape, strict=True))]
        differ = a != b
        crossings = np.bincount(a[differ], minlength=total.size) + np.bincount(b[differ], minlength=total.size)
        total += factor * share * math.prod(steps) / length * crossings
    return total[1:]


def crofton_directions(steps: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return half of the directions to the nearest voxels, their shares of the sphere or circle, and their lengths."""
    from scipy.spatial import SphericalVoronoi

    ndim = len(steps)
    grid = np.stack(np.meshgrid(*([[-1, 0, 1]] * ndim), indexing="ij"), axis=-1).reshape(-1, ndim)
    grid = grid[np.any(grid != 0, axis=1)]
    vectors = grid * np.array(steps)
    lengths = np.linalg.norm(vectors, axis=1)
    if ndim == 3:
        shares = SphericalVoronoi(vectors / lengths[:, None]).calculate_areas() / (4 * math.pi)
    else:
        angles = np.arctan2(vectors[:, 0], vectors[:, 1])
        order = np.argsort(angles)
        gaps = np.diff(np.append(angles[order], angles[order[0]] + 2 * math.pi))
        shares = np.empty(len(grid))
        shares[order] = (gaps + np.roll(gaps, 1)) / (4 * math.pi)
    half = len(grid) // 2  # the second half are the opposites of the first
    return grid[half:], 2 * shares[half:], lengths[half:]


def _moments(index: np.ndarray, counts: np.ndarray, steps: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Centroids (n, d) and covariances (n, d, d) with the voxels' own extent (step^2/12)."""
    flat, ndim = index.ravel(), index.ndim
    grids = np.meshgrid(*(np.arange(n, dtype=np.float64) * step for n, step in zip(index.shape, steps, strict=True)), indexing="ij")
    centroid = np.stack([np.bincount(flat, weights=g.ravel()) / counts for g in grids], axis=1)
    centred = [g.ravel() - centroid[flat, i] for i, g in enumerate(grids)]
    covariance = np.empty((counts.size, ndim, ndim))
    for i in range(ndim):
        for j in range(i, ndim):
            covariance[:, i, j] = covariance[:, j, i] = np.bincount(flat, weights=centred[i] * centred[j]) / counts
        covariance[:, i, i] += steps[i] ** 2 / 12
    return centroid, covariance


def _border(index: np.ndarray) -> np.ndarray:
    faces = [np.moveaxis(index, axis, 0)[[0, -1]].ravel() for axis in range(index.ndim)]
    return np.unique(np.concatenate(faces))
