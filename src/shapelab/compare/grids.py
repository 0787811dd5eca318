"""Two images with different voxels on one grid: the finer voxel size, over both boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.compare.inputs import Shape
from shapelab.convert.distance import signed_distance
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["on_common_grid"]


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
    same_grid = np.allclose(a.spacing, b.spacing, rtol=1e-4) and np.allclose(low_a, low_b, atol=0.01 * fine.min())
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
        notes.append("The boxes of the two images differ: where one of them ends, it counts as background.")
    return _resampled(a, low_a, low, fine, shape), _resampled(b, low_b, low, fine, shape), notes


def _corner(shape: Shape, other: Shape) -> np.ndarray:
    """Corner of the box. If only the other image is placed, this one's first voxel is centred at 0."""
    if shape.origin is None and other.origin is None:
        return np.zeros(shape.data.ndim)
    return np.asarray(shape.origin or np.zeros(shape.data.ndim)) - 0.5 * np.asarray(shape.spacing)


def _end(x: np.ndarray, y: np.ndarray, coarse: np.ndarray, inner: np.ufunc, outer: np.ufunc) -> np.ndarray:
    """The common end of two boxes if they differ by less than a voxel (rounding), else the one that holds both."""
    return np.asarray(np.where(np.abs(x - y) < 0.999 * coarse, inner(x, y), outer(x, y)))


def _resampled(image: Shape, corner: np.ndarray, low: np.ndarray, fine: np.ndarray, shape: tuple[int, ...]) -> Shape:
    from scipy.ndimage import affine_transform

    data, steps = image.data, np.asarray(image.spacing)
    values, order = data, 0 if image.kind == "labels" else 1
    if image.kind == "mask":
        full = bool(data.all())
        values = data.astype(np.float32) if full else signed_distance(data, image.spacing)
    ratio, offset = fine / steps, (low + 0.5 * fine - corner) / steps - 0.5
    out: Any = affine_transform(  # type: ignore[call-overload]
        values, ratio, offset, shape, order=order, mode="nearest", prefilter=False
    )
    if image.kind == "mask":
        out = out > 0
    background = -1 if image.kind == "field" else 0
    for axis, n in enumerate(shape):
        index = np.arange(n) * ratio[axis] + offset[axis]
        np.moveaxis(out, axis, 0)[(index < -0.5 - 1e-6) | (index > data.shape[axis] - 0.5 + 1e-6)] = background
    return replace(image, data=out, spacing=tuple(fine.tolist()), origin=tuple((low + 0.5 * fine).tolist()))
