"""The frame and channel of a layer that its viewer shows, and which of its axes is time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_shapelab.viewer.axes import axis_name, split_axes, value_axes
from napari_shapelab.viewer.shared_units import shown_index
from napari_shapelab.viewer.view import unwrapped

__all__ = ["frame_of", "shown_frame", "time_axis"]


def time_axis(layer: Layer) -> int:
    """Return the axis of a layer that is time and has several frames, -1 if there is none."""
    _, others = split_axes(layer)
    shape = layer.level_shapes[0] if getattr(layer, "multiscale", False) else layer.data.shape
    long = [axis for axis in others if int(shape[axis]) > 1 and axis_name(layer, axis) != "channels"]
    return long[-1] if len(long) == 1 else -1


def shown_frame(layer: Layer, viewer: Any) -> int:
    """Return the frame of a layer over time that is shown, 0 where it has only one."""
    time = time_axis(layer)
    if time < 0:
        return 0
    return shown_index(unwrapped(viewer), layer, time)


def frame_of(layer: Layer, data: Any, kind: str, others: Sequence[int], viewer: Any, frame: int | None) -> tuple[Any, list[str]]:
    """Return the data at the shown place of the axes that are not spatial, and which place that is."""
    notes, index = [], {}
    for axis in others:
        name = axis_name(layer, axis)
        first, size = _frames_along(layer, axis) if kind in ("points", "surface") else (0, data.shape[axis])
        asked = frame if name != "channels" else None
        slider = 0 if viewer is None else shown_index(unwrapped(viewer), layer, axis)
        shown = slider if asked is None else asked
        index[axis] = int(np.clip(shown, first, first + max(size - 1, 0)))
        if size > 1:
            what = {"time": "frame", "channels": "channel"}.get(name, "position")
            along = f" along {name}" if what == "position" else ""
            beyond = f": the slider is {'before the first' if shown < index[axis] else 'past the last'} one"
            why = "" if asked is not None or viewer is None else ", the one that is shown" if shown == index[axis] else beyond
            notes.append(f"Only {what} {index[axis] - first + 1} of {size}{along} was taken{why}.")
    if kind == "points":
        points = np.asarray(data)
        at = np.all([np.rint(points[:, axis]) == i for axis, i in index.items()], axis=0)
        return points[at], notes
    if kind == "surface":
        return _frame_of_surface(data, index, value_axes(layer)), notes
    return data[tuple(index.get(axis, slice(None)) for axis in range(layer.ndim))], notes


def _frames_along(layer: Layer, axis: int) -> tuple[int, int]:
    """Return the first frame of points or a surface along an axis, no later than 0, and how many there are."""
    low, high = np.nan_to_num(layer.extent.data[:, axis])
    first = min(round(float(low)), 0)
    return first, round(float(high)) - first + 1


def _frame_of_surface(data: Any, index: dict[int, int], value_axes: int) -> Any:
    vertices, faces = np.asarray(data[0]), np.asarray(data[1])
    at = np.ones(len(vertices), bool)
    for axis, i in index.items():
        if axis >= value_axes:
            at &= np.rint(vertices[:, axis - value_axes]) == i
    rows = np.cumsum(at) - 1
    kept = at[faces].all(1)
    shown = tuple(index[axis] for axis in range(value_axes))
    return (vertices[at], rows[faces[kept]], *(np.asarray(values)[shown][..., at] for values in data[2:]))
