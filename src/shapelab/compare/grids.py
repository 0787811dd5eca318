"""Two images with different voxels on one grid: the finer voxel size, over both boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.compare.inputs import Shape
from shapelab.convert.distance import signed_distance
from shapelab.convert.place import Place, nearest
from shapelab.convert.voxels import mask_and_notes
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["on_common_grid", "resampled", "voxelised"]


def on_common_grid(a: Shape, b: Shape) -> tuple[Shape, Shape, list[str]]:
    """Return both images on one grid, and in sentences what was done to them.

    Masks are interpolated through their signed distance, labels by the nearest voxel, fields linearly. Where the box of
    one image ends there is background. Images whose first voxel is not placed by a layer share the corner of their boxes.
    """
    if a.data.ndim != b.data.ndim:
        raise InputError(f"One image is {a.data.ndim}-D and the other {b.data.ndim}-D: compare images of the same number of axes.")
    fine = np.minimum(a.spacing, b.spacing)
    low_a, low_b = _corner(a, b), _corner(b, a)
    high_a, high_b = low_a + np.multiply(a.data.shape, a.spacing), low_b + np.multiply(b.data.shape, b.spacing)
    same_grid = Place.of(a.spacing, low_a.tolist()).lies_on(Place.of(b.spacing, low_b.tolist()))
    if same_grid and a.data.shape == b.data.shape:
        return a, b, []
    coarse = np.maximum(a.spacing, b.spacing)
    low = _end(low_a, low_b, coarse, np.maximum, np.minimum)
    high = _end(high_a, high_b, coarse, np.minimum, np.maximum)
    shape = tuple(int(n) for n in np.maximum(np.rint((high - low) / fine), 1))
    require_memory(40 * int(np.prod(shape, dtype=float)))
    size = " x ".join(f"{h:.4g}" for h in fine)
    notes = [f"Both images were brought to voxels of {size}{' ' + a.unit if a.unit else ''}, {shape} of them."]
    if np.any(np.abs(low_a - low_b) >= coarse) or np.any(np.abs(high_a - high_b) >= coarse):
        notes.append("The boxes of the two images differ: outside its own box, each counts as background.")
    origin = tuple(float(x) for x in low + 0.5 * fine)
    both = []
    for image, corner in ((a, low_a), (b, low_b)):
        steps = np.asarray(image.spacing)
        back = np.diag([*(fine / steps), 1.0])
        back[:-1, -1] = (low + 0.5 * fine - corner) / steps - 0.5
        data = resampled(image, back, shape)
        both.append(replace(image, data=data, spacing=tuple(fine.tolist()), origin=origin, own=image.own_grid))
    return both[0], both[1], notes


def _corner(shape: Shape, other: Shape) -> np.ndarray:
    """Corner of the box. If only the other image is placed, this one's first voxel is centred at 0."""
    if shape.origin is None and other.origin is None:
        return np.zeros(shape.data.ndim)
    return np.asarray(shape.origin or np.zeros(shape.data.ndim)) - 0.5 * np.asarray(shape.spacing)


def _end(x: np.ndarray, y: np.ndarray, coarse: np.ndarray, inner: np.ufunc, outer: np.ufunc) -> np.ndarray:
    """The common end of two boxes if they differ by less than a voxel (rounding), else the one that holds both."""
    return np.asarray(np.where(np.abs(x - y) < 0.999 * coarse, inner(x, y), outer(x, y)))


def resampled(image: Shape, back: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the image on another grid: masks through their signed distance, labels by the nearest voxel, fields linearly.

    Parameters
    ----------
    image
        Mask, labels or field.
    back
        Matrix (d + 1, d + 1) from indices of the new grid to indices of the image.
    shape
        Shape of the new grid.

    Returns
    -------
    array
        Background where the image ends.
    """
    from scipy.ndimage import affine_transform

    if image.kind == "labels":
        return nearest(image.data, back, shape)
    values = image.data
    if image.kind == "mask":
        values = image.data.astype(np.float32) if image.data.all() else signed_distance(image.data, image.spacing)
    out: Any = affine_transform(values, back[:-1, :-1], back[:-1, -1], shape, order=1, mode="nearest", prefilter=False)  # type: ignore[call-overload]
    inside = nearest(np.ones(image.data.shape, bool), back, shape)
    if image.kind == "mask":
        return np.asarray((out > 0) & inside)
    out[~inside] = -1
    return np.asarray(out)


def voxelised(surface: Shape, grid: Shape, notes: list[str]) -> Shape:
    """Return the mask of a closed surface on the grid of the other shape, or on one around it where it reaches further."""
    if grid.data.ndim != 3:
        raise InputError("A surface is 3-D and the image is 2-D: compare shapes of the same number of axes.")
    steps = np.array(grid.spacing)
    vertices, first = surface.data.vertices, np.array(grid.origin or np.zeros(3))
    before = np.maximum(np.ceil((first - vertices.min(axis=0)) / steps), 0)
    last = np.maximum(first + steps * (np.array(grid.data.shape) - 1), vertices.max(axis=0))
    start = first - before * steps
    shape = np.ceil((last - start) / steps - 1e-6).astype(int) + 1
    require_memory(int(min(3 * np.prod(shape, dtype=float), 1e18)))
    mask, origin, said = mask_and_notes(surface.data, grid.spacing, (int(shape[0]), int(shape[1]), int(shape[2])), start.tolist())
    if not mask.any():
        raise InputError("No voxel of the image lies inside the surface: check that both are in the same unit.")
    notes += ["The surface was turned into a mask with the voxels of the other shape.", *said]
    return Shape("mask", mask, grid.spacing, tuple(float(x) for x in origin), unit=surface.unit)
