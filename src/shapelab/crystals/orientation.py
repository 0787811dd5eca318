"""Crystal orientations: symmetry, misorientation, colours of the inverse pole figure.

An orientation is the unit quaternion (x, y, z, w) of the rotation from crystal to sample axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from shapelab.arguments import checked
from shapelab.crystals.laue import SYMMETRIES
from shapelab.errors import InputError

__all__ = ["colours_by_symmetry", "from_euler", "ipf_colours", "mean_orientations", "misorientation", "symmetry_operations", "to_euler"]


@cache
def symmetry_operations(symmetry: str) -> np.ndarray:
    """Return the rotations of a crystal symmetry as quaternions, shape (S, 4)."""
    if symmetry not in SYMMETRIES:
        raise InputError(f"The crystal symmetry {symmetry!r} is not known; there are {', '.join(SYMMETRIES)}.")
    axis = {"monoclinic": "Y", "monoclinic a": "X"}.get(symmetry, "Z")
    return np.asarray(Rotation.create_group(SYMMETRIES[symmetry], axis=axis).as_quat())  # type: ignore[arg-type]


def as_orientations(values: np.ndarray) -> np.ndarray:
    """Return orientations as quaternions (..., 4) of decimal numbers; InputError if they are none."""
    array = np.asarray(values, float)
    if array.shape[-1] != 4 or not np.isfinite(array).all() or (np.linalg.norm(array, axis=-1) < 1e-9).any():
        raise InputError(f"Orientations are quaternions, shape (..., 4), finite and not 0; received an array of shape {array.shape}.")
    return array


@checked()
def from_euler(angles: np.ndarray, degrees: bool = False) -> np.ndarray:
    """Return the quaternions of Bunge Euler angles (phi1, Phi, phi2), shape (..., 3) to (..., 4)."""
    angles = np.asarray(angles, float)
    if angles.shape[-1] != 3:
        raise InputError(f"Euler angles come in threes (phi1, Phi, phi2); received an array of shape {angles.shape}.")
    quaternions = Rotation.from_euler("ZXZ", angles.reshape(-1, 3), degrees=degrees).as_quat()
    return np.asarray(quaternions).reshape(*angles.shape[:-1], 4)


@checked()
def to_euler(orientations: np.ndarray) -> np.ndarray:
    """Return the Bunge Euler angles [rad], phi1 and phi2 in [0, 2 pi), Phi in [0, pi], shape (..., 4) to (..., 3).

    Where Phi is 0 or pi only phi1 + phi2 or their difference is known: phi2 is 0 then.
    """
    x, y, z, w = np.moveaxis(as_orientations(orientations), -1, 0)
    together, apart = np.hypot(w, z), np.hypot(x, y)  # cos(Phi / 2), sin(Phi / 2)
    total, difference = 2 * np.arctan2(z, w), 2 * np.arctan2(y, x)
    flat, turned = apart < 1e-9, together < 1e-9
    phi1 = np.where(flat, total, np.where(turned, difference, (total + difference) / 2))
    phi2 = np.where(flat | turned, 0.0, (total - difference) / 2)
    return np.stack([phi1 % (2 * np.pi), 2 * np.arctan2(apart, together), phi2 % (2 * np.pi)], -1)


@checked()
def misorientation(a: np.ndarray, b: np.ndarray, symmetry: str = "cubic") -> np.ndarray:
    """Return the smallest rotation angle [rad] that takes one orientation to the other, over the crystal's symmetry.

    Parameters
    ----------
    a, b
        Orientations, shapes (..., 4).
    symmetry
        One of `SYMMETRIES`.
    """
    a, b = as_orientations(a), as_orientations(b)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise InputError(
            f"The two sets of orientations have shapes {a.shape} and {b.shape}: they must be equal, or one of them single."
        ) from None
    vector = a[..., 3:] * b[..., :3] - b[..., 3:] * a[..., :3] - np.cross(a[..., :3], b[..., :3])
    scalar = (a * b).sum(-1, keepdims=True)
    relative = np.concatenate([vector, scalar], -1)
    cosine = np.zeros(relative.shape[:-1])
    for operation in symmetry_operations(symmetry) * np.array([-1, -1, -1, 1]):  # one after the other: a map has a million pixels
        np.maximum(cosine, np.abs(relative @ operation), out=cosine)
    return np.asarray(2 * np.arccos(np.minimum(cosine, 1.0)))


def mean_orientations(orientations: np.ndarray, index: np.ndarray, n: int, symmetry: str = "cubic") -> np.ndarray:
    """Return the mean orientation of each grain, shape (n, 4).

    Parameters
    ----------
    orientations
        One per pixel, shape (P, 4).
    index
        Grain of each pixel, shape (P,).
    n
        Number of grains; each needs a pixel.
    symmetry
        Crystal symmetry: every pixel is taken in the variant closest to its grain's first pixel.
    """
    first = np.zeros(n, int)
    first[index[::-1]] = np.arange(len(index))[::-1]
    reference = orientations[first][index]
    best = np.zeros(len(index))
    closest = orientations.copy()
    for operation in symmetry_operations(symmetry):
        variant = (Rotation.from_quat(orientations) * Rotation.from_quat(operation)).as_quat()
        cosine = (variant * reference).sum(1)
        better = np.abs(cosine) > best
        best[better] = np.abs(cosine[better])
        closest[better] = variant[better] * np.sign(cosine[better])[:, None]
    total = np.stack([np.bincount(index, closest[:, i], n) for i in range(4)], 1)
    mean: np.ndarray = total / np.linalg.norm(total, axis=1, keepdims=True)
    return mean


@checked()
def ipf_colours(orientations: np.ndarray, direction: tuple[float, float, float] = (0, 0, 1), symmetry: str = "cubic") -> np.ndarray:
    """Return the colours of the inverse pole figure of a sample direction, RGB in 0 to 1.

    Parameters
    ----------
    orientations
        Shape (..., 4).
    direction
        In the sample, as (x, y, z).
    symmetry
        Cubic crystals use the triangle 001 (red), 101 (green), 111 (blue). The others go from the main axis (red) to the
        two borders of the equator's sector (green, blue).
    """
    if not any(direction):
        raise InputError("direction = (0, 0, 0) points nowhere: give the sample direction as (x, y, z), such as (0, 0, 1).")
    orientations = as_orientations(orientations)
    flat = orientations.reshape(-1, 4)
    seen = Rotation.from_quat(flat).inv().apply(direction)
    symmetry_operations(symmetry)  # refuses what is not known
    if symmetry.startswith("cubic"):
        low, middle, high = np.sort(np.abs(seen), axis=1).T
        colours = np.stack([high - middle, np.sqrt(2) * (middle - low), np.sqrt(3) * low], 1)
    else:
        fold = int(SYMMETRIES[symmetry][1:])
        sector = np.pi / fold
        main = {"monoclinic": [2, 0, 1], "monoclinic a": [1, 2, 0]}.get(symmetry, [0, 1, 2])  # the main axis as the third
        seen = seen[:, main]
        seen = seen * np.where(seen[:, 2:] < 0, -1, 1)  # a direction and its opposite diffract alike
        tilt = np.arccos(np.minimum(seen[:, 2] / np.linalg.norm(seen, axis=1), 1)) / (np.pi / 2)
        mirror = np.pi / 2 if fold % 2 else 0.0  # the two-fold axis lies along x
        turn = np.mod(np.arctan2(seen[:, 1], seen[:, 0]) - mirror, 2 * sector)
        turn = np.minimum(turn, 2 * sector - turn) / sector
        colours = np.stack([1 - tilt, tilt * (1 - turn), tilt * turn], 1)
    bright: np.ndarray = colours / np.maximum(colours.max(1, keepdims=True), 1e-12)
    return bright.reshape(*orientations.shape[:-1], 3)


def colours_by_symmetry(
    orientations: np.ndarray, symmetries: Sequence[str], direction: tuple[float, float, float] = (0, 0, 1)
) -> np.ndarray:
    """Return the colours of `ipf_colours` for grains that each have a symmetry of their own, shape (N, 3)."""
    names = np.asarray(symmetries, object)
    colours = np.zeros((len(orientations), 3))
    for symmetry in sorted(set(symmetries)):
        colours[names == symmetry] = ipf_colours(orientations[names == symmetry], direction, symmetry)
    return colours
