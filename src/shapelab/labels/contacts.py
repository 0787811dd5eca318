"""What touches what in a label image, and along how much: the Cauchy-Crofton formula.

Lines through the voxels in the 4 (2-D) or 13 (3-D) nearest directions are counted where they cross from one label to
another, weighted by the directions' shares of the circle or sphere; also right for voxels that are not cubes (Lehmann and
Legland, Insight J. (2012)). Unlike counting faces this does not overestimate slanted surfaces: a ball is right within
1 %, a flat face along the axes up to 7 % low (20 % where voxels are four times longer than wide).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

__all__ = ["contact_pairs", "contacts_of_few", "face_pairs"]

_DENSE = 1 << 22
"""Up to so many possible pairs, crossings are counted in an array of all pairs, else by sorting."""


def contact_pairs(image: np.ndarray, spacing: Sequence[float], *, periodic: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of values that touch and the areas (2-D: lengths) of their contacts.

    Parameters
    ----------
    image
        Whole numbers from 0, (z, y, x) or (y, x); every value counts alike. Number the values without gaps first.
    spacing
        Voxel size along each axis.
    periodic
        Whether opposite faces of the image touch; else nothing lies beyond its border.

    Returns
    -------
    pairs
        (E, 2) int64, the smaller value first, sorted.
    areas
        (E,) [unit^(d-1)].
    """
    padded = np.pad(image, 1, mode="wrap") if periodic else image
    base = int(image.max(initial=0)) + 1
    if base <= np.iinfo(np.int16).max:
        padded = padded.astype(np.int16)  # compared in half the time
    counted = []
    for direction in _directions(_key(spacing))[0]:
        a, b = _neighbours(padded, direction.tolist(), periodic)
        differ = a != b
        counted.append(_crossed(a[differ], b[differ], base))
    return _areas(counted, base, spacing)


def contacts_of_few(hoods: np.ndarray, few: np.ndarray, spacing: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the contacts of some values alone, as `contact_pairs` finds them.

    Parameters
    ----------
    hoods
        Values in and round every voxel of these values, (n, 3, 3, 3); of a planar image those of the planes beside count for nothing.
    few
        Which values they are, (base,) bool.
    spacing
        Voxel size along each axis.
    """
    base, ndim = len(few), len(spacing)
    counted = []
    for direction in _directions(_key(spacing))[0]:
        there = (0,) * (3 - ndim) + tuple(direction.tolist())
        here, ahead, behind = hoods[:, 1, 1, 1], *(hoods[(slice(None), *(1 + sign * i for i in there))] for sign in (1, -1))
        a = np.concatenate([here, behind[~few[behind]]])  # a pair of two of them is counted once, from its first voxel
        b = np.concatenate([ahead, here[~few[behind]]])
        counted.append(_crossed(a[a != b], b[a != b], base))
    return _areas(counted, base, spacing)


def _key(spacing: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(step) for step in spacing)


def _crossed(a: np.ndarray, b: np.ndarray, base: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of values between which a line crosses, as numbers, and how often."""
    a, b = a.astype(np.int64), b.astype(np.int64)
    return _counted(np.minimum(a, b) * base + np.maximum(a, b), base * base)


def _areas(counted: Sequence[tuple[np.ndarray, np.ndarray]], base: int, spacing: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs and areas from the crossings in each direction."""
    factor = (2.0 if len(spacing) == 3 else math.pi / 2) * math.prod(spacing)
    _, shares, lengths = _directions(_key(spacing))
    keys = np.concatenate([found for found, _ in counted])
    areas = [factor * share / length * crossings for (_, crossings), share, length in zip(counted, shares, lengths, strict=True)]
    unique, inverse = np.unique(keys, return_inverse=True)
    return np.stack([unique // base, unique % base], axis=1), np.bincount(inverse.ravel(), np.concatenate(areas), len(unique))


def face_pairs(image: np.ndarray) -> np.ndarray:
    """Return the pairs (E, 2), smaller first, of values whose voxels share a face."""
    pairs = [np.zeros((0, 2), image.dtype)]
    for axis in range(image.ndim):
        a = np.moveaxis(image, axis, 0)
        low, high = np.minimum(a[1:], a[:-1]), np.maximum(a[1:], a[:-1])
        differ = low != high
        pairs.append(np.unique(np.stack([low[differ], high[differ]], axis=1), axis=0))
    return np.unique(np.concatenate(pairs), axis=0)


def _counted(keys: np.ndarray, possible: int) -> tuple[np.ndarray, np.ndarray]:
    if possible > _DENSE:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=1)
    found = np.flatnonzero(counts)
    return found, counts[found]


def _neighbours(image: np.ndarray, direction: list[int], periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return every voxel and its neighbour along one direction; `image` has a border of one voxel if it is periodic."""
    if periodic:
        here = tuple(slice(1, n - 1) for n in image.shape)
        there = tuple(slice(1 + d, n - 1 + d) for d, n in zip(direction, image.shape, strict=True))
    else:
        here = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(direction, image.shape, strict=True))
        there = tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip(direction, image.shape, strict=True))
    return image[here], image[there]


@cache
def _directions(steps: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
