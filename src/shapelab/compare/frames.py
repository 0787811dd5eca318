"""Two shapes in one frame: an image that is turned, mirrored or sheared against the other is laid straight first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shapelab.compare.grids import resampled
from shapelab.compare.inputs import Shape
from shapelab.compare.sinkhorn import WeightedPoints
from shapelab.convert.mesh import Mesh
from shapelab.convert.place import Place, straightened
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["in_one_frame"]

_ALONG = 1e-5
"""Part of a voxel by which an axis may lean and still count as running along an axis of the frame."""


def in_one_frame(a: Shape, b: Shape) -> tuple[Shape, Shape, np.ndarray | None, list[str]]:
    """Return both shapes in one frame, that frame, and in sentences what was done.

    The frame is that of the first image, so that this one is not resampled unless its own axes are sheared.

    Returns
    -------
    a, b
        The shapes; images have their axes along those of the frame.
    frame
        Matrix (d + 1, d + 1) from the frame to the world, None if it is the world's.
    notes
        What was done.
    """
    a, said_a = _straight(a)
    b, said_b = _straight(b)
    turn = next((shape.turn for shape in (a, b) if shape.is_grid), None)
    if a.turn is None and b.turn is None:
        return a, b, None, [*said_a, *said_b]
    if a.ndim != b.ndim:
        raise InputError(f"One of the two is {a.ndim}-D and the other {b.ndim}-D: compare shapes of the same number of axes.")
    back = np.eye(a.ndim + 1) if turn is None else np.linalg.inv(turn)
    a, more_a = _into(a, back)
    b, more_b = _into(b, back)
    return a, b, turn, [*said_a, *said_b, *more_a, *more_b]


def _straight(shape: Shape) -> tuple[Shape, list[str]]:
    """Resample an image whose axes are not perpendicular to each other."""
    if shape.turn is None or not shape.is_grid:
        return shape, []
    array, place, note = straightened(shape.data, _place(shape), smooth=shape.kind == "field")
    if not note:
        return shape, []
    new = replace(shape, data=array, spacing=place.spacing, origin=tuple(place.origin.tolist()), turn=None, own=shape.own_grid)
    return new, [note]


def _place(shape: Shape) -> Place:
    """Return where an image lies in the world."""
    own = Place.of(shape.spacing, shape.origin, shape.unit)
    return own if shape.turn is None else Place(shape.turn @ own.matrix, shape.unit)


def _into(shape: Shape, back: np.ndarray) -> tuple[Shape, list[str]]:
    """Return a shape in the frame that ``back`` leads to from the world."""
    linear, shift = back[:-1, :-1], back[:-1, -1]
    if shape.kind == "surface":
        return replace(shape, data=Mesh(shape.data.vertices @ linear.T + shift, shape.data.faces)), []
    if shape.kind == "points":
        return replace(shape, data=WeightedPoints(shape.data.points @ linear.T + shift, shape.data.weights)), []
    if not shape.is_grid or (shape.origin is None and shape.turn is None):
        return shape, []
    place = Place(back @ _place(shape).matrix, shape.unit)
    along = _turned_by_right_angles(shape, place)
    if along is not None:
        return along, []
    spacing = 1 / np.linalg.norm(np.linalg.inv(place.linear), axis=0)
    corners = np.stack(np.meshgrid(*((-0.5, n - 0.5) for n in shape.data.shape), indexing="ij"), -1).reshape(-1, place.ndim)
    ends = place.world(corners)
    low, high = ends.min(0), ends.max(0)
    size = tuple(int(n) for n in np.maximum(np.ceil((high - low) / spacing - 1e-6), 1))
    require_memory(40 * int(np.prod(size, dtype=float)))
    new = Place.of(spacing, low + 0.5 * spacing, shape.unit)
    data = resampled(shape, np.linalg.inv(place.matrix) @ new.matrix, size)
    voxels = " × ".join(f"{h:.4g}" for h in spacing)
    note = (
        f"The two images are rotated relative to each other: one was resampled to voxels "
        f"of {voxels}{' ' + shape.unit if shape.unit else ''}."
    )
    origin = tuple(float(x) for x in new.origin)
    return replace(shape, data=data, spacing=new.spacing, origin=origin, turn=None, own=shape.own_grid), [note]


def _turned_by_right_angles(shape: Shape, place: Place) -> Shape | None:
    """Return the image with its axes swapped and flipped, exactly, if that lays it along the frame; else None."""
    linear = place.linear
    axes = np.abs(linear).argmax(0)
    swapped = np.zeros_like(linear)
    columns = np.arange(place.ndim)
    swapped[axes, columns] = linear[axes, columns]
    if len(set(axes.tolist())) < place.ndim or np.abs(linear - swapped).max() * max(shape.data.shape) > _ALONG * np.abs(linear).max():
        return None
    order = np.argsort(axes)
    data = np.transpose(shape.data, order)
    steps = swapped[axes, columns][order]
    origin = place.origin.copy()
    for axis, step in enumerate(steps):
        if step < 0:
            data = np.flip(data, axis)
            origin[axis] += step * (data.shape[axis] - 1)
    spacing = tuple(float(h) for h in np.abs(steps))
    return replace(shape, data=data, spacing=spacing, origin=tuple(origin.tolist()), turn=None)
