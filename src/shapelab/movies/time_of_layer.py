"""A layer over time taken apart: its frames, the time of each of them, and the place of one of them in space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.axis_names import axis_meanings
from shapelab.convert.given_layer import place_of_layer
from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.labels.lazy import LazyPart
from shapelab.units import is_length, seconds

__all__ = ["time_first", "times_of_layer"]

_MIXED = 1e-9
"""Part of the largest entry of a transform that is rounding."""
_SPACE = ("z", "y", "x")
_PER_AXIS = ("scale", "translate", "units", "axis_labels")
_TRANSFORM = ("scale", "translate", "rotate", "shear", "affine")


def time_first(layer: LayerData) -> LayerData:
    """Return a layer whose axes say which of them is time with that one as its first, such as (t, z, y, x) for (z, t, y, x).

    Pixels are not copied, and those of an array in chunks are not read.
    """
    names = layer.meta.get("axis_labels") or ()
    meanings = axis_meanings(names)
    ndim = len(layer.data.shape)
    if len(meanings) != ndim or meanings.count("time") != 1 or meanings[0] == "time":
        return layer
    time = meanings.index("time")
    order = [time, *(axis for axis in range(ndim) if axis != time)]
    given = {name: layer.meta[name] for name in _TRANSFORM if layer.meta.get(name) is not None}
    meta = {name: value for name, value in layer.meta.items() if name not in given}
    if _has_time(given, ndim - 1):
        rows = [*order, ndim]
        given = Place(place_of_layer(replace(layer, meta=given), ndim).matrix[np.ix_(rows, rows)]).meta()
    for name in ("units", "axis_labels"):
        values = meta.get(name)
        if values is not None and not isinstance(values, str) and len(values) == ndim:
            meta[name] = tuple(values[axis] for axis in order)
    data = np.moveaxis(layer.data, time, 0) if isinstance(layer.data, np.ndarray) else _FramesAlong(layer.data, time)
    return replace(layer, data=data, meta={**meta, **given})


class _FramesAlong:
    """The frames of an array of any kind along one of its axes, each read when it is asked for."""

    def __init__(self, source: Any, axis: int) -> None:
        self._whole, self._axis = LazyPart.of(source), axis
        self.shape = (self._whole.shape[axis], *(n for other, n in enumerate(self._whole.shape) if other != axis))

    def __getitem__(self, index: int) -> np.ndarray:
        return np.asarray(self._whole.at(self._axis, range(self.shape[0])[index]))


def times_of_layer(layer: LayerData, frames: int) -> tuple[np.ndarray, str, LayerData]:
    """Return the time of each frame of a layer whose first axis is time, its unit ("" or "frame" where it has none), and one frame's layer.

    Raises
    ------
    InputError
        If the first axis is not time, there are two of time or any of channels, or the transform mixes time with space or turns it back.
    """
    axes = [str(axis) for axis in layer.meta.get("axis_labels") or ()]
    meanings = axis_meanings(axes)
    if "channel" in meanings:
        raise InputError(f"{layer.name!r} has the axes {', '.join(axes)}: choose one channel (read_image(path, channel=0)).")
    if "time" in meanings[1:]:
        raise InputError(f"{layer.name!r} has the axes {', '.join(axes)}: only one of them can be time.")
    if axes and axes[0].strip().lower() in _SPACE:
        raise InputError(f"{layer.name!r} has the axes {', '.join(axes)}: none of them is time. If the first one is, call it t.")
    ndim = len(layer.data.shape) - 1
    start, step, still = _split(layer, ndim)
    if step < 0:
        raise InputError(f"Time runs backwards in {layer.name!r} (its scale is negative along the first axis): reverse its frames first.")
    units = layer.meta.get("units")
    first = str(units[0]) if units is not None and not isinstance(units, str) and len(units) == ndim + 1 else ""
    if is_length(first):  # the step of a stack along z says nothing of time
        return np.arange(frames, dtype=float), "frame", still
    unit = first if seconds(first) is not None else "frame" if (start, step) == (0.0, 1.0) else ""
    return start + np.arange(frames) * step, unit, still


def _split(layer: LayerData, ndim: int) -> tuple[float, float, LayerData]:
    """Return the time of the first frame, the time between two, and the layer of one frame, with its own place in space."""
    still: dict[str, Any] = {name: value for name, value in layer.meta.items() if name not in (*_PER_AXIS, *_TRANSFORM)}
    for name in ("units", "axis_labels"):
        values = layer.meta.get(name)
        if values is not None:
            still[name] = values if isinstance(values, str) or len(values) != ndim + 1 else tuple(values)[1:]
    given = {name: layer.meta[name] for name in _TRANSFORM if layer.meta.get(name) is not None}
    if not _has_time(given, ndim):
        return 0.0, 1.0, replace(layer, meta={**given, **still})
    whole = place_of_layer(replace(layer, meta=given), ndim + 1).matrix
    mixed = max(np.abs(whole[0, 1:-1]).max(), np.abs(whole[1:-1, 0]).max())
    if mixed > _MIXED * np.abs(whole).max():
        raise InputError(f"The transform of the layer {layer.name!r} mixes time with space: its frames cannot be measured.")
    return float(whole[0, -1]), float(whole[0, 0]), replace(layer, meta={**still, **Place(whole[1:, 1:]).meta()})


def _has_time(given: dict[str, Any], ndim: int) -> bool:
    """Tell whether a transform is one of time and space; one of space alone, or one number for all its axes, holds for every frame."""
    sizes = {"scale": ndim + 1, "translate": ndim + 1, "affine": (ndim + 2) ** 2, "rotate": (ndim + 1) ** 2}
    return any(np.size(given[name]) == size for name, size in sizes.items() if name in given)
