"""Where the pixels of an array lie in the world: voxel size, position, rotation, mirror and shear in one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["Place", "nearest", "straightened"]

_STRAIGHT = 1e-5
"""Cosine of the angle between two axes up to which they count as perpendicular: files round their matrices."""
_SAME_STEP, _SAME_PIXEL = 1e-4, 0.01
"""How far steps, and the first pixels, of two places that lie on each other may differ [pixels]."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where the pixels of an array lie.

    A pixel's centre lies at ``matrix @ (index, 1)`` [unit], index in the order of the array's axes: pixel (0, 0) is
    centred at the matrix' last column, as napari draws it.
    """

    matrix: np.ndarray
    """Shape (d + 1, d + 1)."""
    unit: str = ""
    """Unit of length, "" for pixels."""

    def __post_init__(self) -> None:
        """Check the matrix."""
        matrix = np.asarray(self.matrix, float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
            raise InputError(f"The place of an image must be a square matrix of finite numbers; received {matrix.tolist()}.")
        scale = np.linalg.norm(matrix[:-1, :-1], axis=0)
        if (scale == 0).any() or abs(np.linalg.det(matrix[:-1, :-1] / scale)) < 1e-9:
            raise InputError(
                "The transform of the image squeezes it flat (a voxel size of 0, or two axes in one direction): "
                f"it cannot be measured. Its matrix is {matrix[:-1, :-1].round(6).tolist()}."
            )
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def of(cls, spacing: Sequence[float], origin: Sequence[float] | None = None, unit: str = "") -> Place:
        """Return the place of an array whose axes are those of the world.

        Parameters
        ----------
        spacing
            Voxel size along each axis [unit]; negative where the array runs backwards.
        origin
            Centre of the first pixel [unit]; 0 if not given.
        unit
            Unit of length.
        """
        matrix = np.diag([*map(float, spacing), 1.0])
        if origin is not None:
            matrix[:-1, -1] = origin
        return cls(matrix, unit)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.matrix) - 1

    @property
    def linear(self) -> np.ndarray:
        """Steps along the array's axes in the world, one per column, shape (d, d)."""
        return np.asarray(self.matrix[:-1, :-1])

    @property
    def origin(self) -> np.ndarray:
        """Centre of the first pixel in the world, shape (d,)."""
        return np.asarray(self.matrix[:-1, -1])

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel size along each of the array's axes [unit]."""
        return tuple(float(length) for length in np.linalg.norm(self.linear, axis=0))

    @property
    def is_straight(self) -> bool:
        """Whether the array's axes are perpendicular in the world, so that a voxel size says all about lengths in it."""
        steps = self.linear / np.linalg.norm(self.linear, axis=0)
        return bool(np.abs(steps.T @ steps - np.eye(self.ndim)).max() < _STRAIGHT)

    @property
    def is_aligned(self) -> bool:
        """Whether the array's axes run along the axes of the world, forwards; steps of time and space may differ by many orders."""
        spacing = np.array(self.spacing)
        along = np.diag(self.linear)
        if (np.abs(along - spacing) > _STRAIGHT * spacing).any():
            return False
        return bool(np.abs(self.linear / along[:, None] - np.diag(np.ones(self.ndim))).max() < _STRAIGHT)

    def lies_on(self, other: Place) -> bool:
        """Return whether pixels lie on those of another place, to a hundredth of one near the first; units are not looked at."""
        if self.ndim != other.ndim:
            return False
        inner = np.linalg.inv(self.matrix) @ other.matrix
        return bool(np.abs(inner[:-1, :-1] - np.eye(self.ndim)).max() < _SAME_STEP and np.abs(inner[:-1, -1]).max() < _SAME_PIXEL)

    @property
    def turn(self) -> np.ndarray:
        """Matrix (d + 1, d + 1) from lengths along the array's axes, 0 at the centre of the first pixel, to the world."""
        turn = self.matrix.copy()
        turn[:-1, :-1] /= np.array(self.spacing)
        return turn

    def of_part(self, first: Sequence[float], step: Sequence[float] | float = 1.0) -> Place:
        """Return the place of a part of the array.

        Parameters
        ----------
        first
            Where the centre of the part's first pixel lies [pixels of the whole array].
        step
            Size of the part's pixels [pixels of the whole array].
        """
        inner = np.eye(self.ndim + 1)
        inner[:-1, :-1] = np.diag(np.broadcast_to(np.asarray(step, float), self.ndim))
        inner[:-1, -1] = first
        return Place(self.matrix @ inner, self.unit)

    def world(self, index: Any) -> np.ndarray:
        """Return where indices (n, d) [pixels] lie in the world (n, d) [unit]."""
        return np.asarray(np.asarray(index, float) @ self.linear.T + self.origin)

    def meta(self) -> dict[str, Any]:
        """Return what a layer's ``meta`` says of it: ``scale`` and ``translate``, and ``affine`` where they do not suffice."""
        if self.is_aligned:
            return {"scale": self.spacing, "translate": tuple(self.origin.tolist())}
        return {"scale": self.spacing, "affine": self.turn}

    @classmethod
    def from_meta(cls, meta: Any, ndim: int, unit: str = "") -> Place | None:
        """Return the place that a layer's ``meta`` states as napari does, None where it states no more than a voxel size.

        Raises
        ------
        InputError
            If it is turned by angles in three dimensions: these are taken as a matrix.
        """
        if all(meta.get(name) is None for name in ("translate", "affine", "rotate", "shear")):
            return None
        inner = cls.of(np.broadcast_to(np.asarray(meta.get("scale", 1.0), float), ndim).tolist(), unit=unit).matrix
        inner[:-1, :-1] = _rotation(meta.get("rotate"), ndim) @ _shear(meta.get("shear"), ndim) @ inner[:-1, :-1]
        if meta.get("translate") is not None:
            inner[:-1, -1] = np.broadcast_to(np.asarray(meta["translate"], float), ndim)
        return cls(inner if meta.get("affine") is None else np.asarray(meta["affine"], float) @ inner, unit)


def _rotation(rotate: Any, ndim: int) -> np.ndarray:
    """Return a rotation as a matrix; a single number is an angle in the plane [degrees], as napari has it."""
    if rotate is None:
        return np.eye(ndim)
    given = np.asarray(rotate, float)
    if given.shape == (ndim, ndim):
        return given
    if given.size == 1 and ndim == 2:
        cosine, sine = np.cos(np.deg2rad(given.item())), np.sin(np.deg2rad(given.item()))
        return np.array([[cosine, -sine], [sine, cosine]])
    raise InputError(f"The rotation of a layer in {ndim}-D must be a matrix of shape ({ndim}, {ndim}); received {rotate!r}.")


def _shear(shear: Any, ndim: int) -> np.ndarray:
    """Return a shear as a matrix; a vector holds what is above its diagonal, row by row, as napari has it."""
    if shear is None:
        return np.eye(ndim)
    given = np.asarray(shear, float)
    if given.shape == (ndim, ndim):
        return given
    matrix = np.eye(ndim)
    above = np.triu_indices(ndim, 1)
    if given.size != len(above[0]):
        raise InputError(f"The shear of a layer in {ndim}-D must have {len(above[0])} values, or be a matrix; received {shear!r}.")
    matrix[above] = given.ravel()
    return matrix


def straightened(array: np.ndarray, place: Place, *, smooth: bool) -> tuple[np.ndarray, Place, str]:
    """Resample a sheared array onto axes that are perpendicular; others are returned as they are.

    Parameters
    ----------
    array
        Array (d axes).
    place
        Where it lies.
    smooth
        True: values are interpolated linearly (images); False: the nearest is taken (labels, masks).

    Returns
    -------
    array, place, note
        `note` says what was done, "" if nothing. Outside the array there is 0, or the lowest value of a field.
    """
    if place.is_straight:
        return array, place, ""
    from scipy.ndimage import affine_transform

    spacing = np.minimum(np.array(place.spacing), 1 / np.linalg.norm(np.linalg.inv(place.linear), axis=0).clip(1e-300))
    corners = np.stack(np.meshgrid(*((-0.5, n - 0.5) for n in array.shape), indexing="ij"), -1).reshape(-1, place.ndim)
    ends = place.world(corners)
    low, high = ends.min(0), ends.max(0)
    shape = tuple(int(n) for n in np.maximum(np.ceil((high - low) / spacing - 1e-6), 1))
    require_memory(3 * array.dtype.itemsize * int(np.prod(shape, dtype=float)))
    new = Place.of(spacing, low + 0.5 * spacing, place.unit)
    back = np.linalg.inv(place.matrix) @ new.matrix
    # An index outside by less than half a pixel is still inside the array's own pixels.
    padded = np.pad(array, 1, mode="edge") if smooth else array
    shift = 1 if smooth else 0
    background = float(array.min()) if smooth else 0
    out: Any = (
        affine_transform(padded, back[:-1, :-1], back[:-1, -1] + shift, shape, order=1, mode="constant", cval=background, prefilter=False)
        if smooth
        else nearest(array, back, shape)
    )
    size = " × ".join(f"{step:.4g}" for step in spacing)
    note = f"Its axes are sheared: it was resampled to voxels of {size}{' ' + place.unit if place.unit else ''}."
    return np.asarray(out), new, note


def nearest(array: np.ndarray, back: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array on another grid by the nearest pixels, 0 outside it.

    Whole numbers of any size stay exact, which SciPy's transform, in floats, does not promise.

    Parameters
    ----------
    array
        Array (d axes).
    back
        Matrix (d + 1, d + 1) from indices of the new grid to indices of the array.
    shape
        Shape of the new grid.
    """
    out = np.zeros(shape, array.dtype)
    rest = np.meshgrid(*(np.arange(n) for n in shape[1:]), indexing="ij") if len(shape) > 1 else []
    for first in range(shape[0]):
        index = (np.full(shape[1:], first), *rest)
        inside = np.ones(shape[1:], bool)
        nearest = []
        for axis in range(array.ndim):
            x = sum(back[axis, k] * index[k] for k in range(array.ndim)) + back[axis, -1]
            i = np.floor(x + (0.5 + 1e-9)).astype(np.intp)  # a pixel owns its lower edge, in whichever direction it is read
            inside &= (i >= 0) & (i < array.shape[axis])
            nearest.append(i)
        out[first][inside] = array[tuple(i[inside] for i in nearest)]
    return out
