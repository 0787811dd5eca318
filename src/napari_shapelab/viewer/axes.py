"""Which axes of a layer are space, and which are time, channels or something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from napari.layers import Image, Labels, Layer, Surface

__all__ = ["axis_name", "flat_axis", "split_axes", "value_axes"]

_TIME_NAMES = frozenset({"t", "time", "times", "frame", "frames", "timepoint"})
_CHANNEL_NAMES = frozenset({"c", "ch", "channel", "channels", "s", "sample", "samples", "rgb"})


def split_axes(layer: Layer) -> tuple[list[int], list[int]]:
    """Return the spatial axes and the others (time, channels, whatever stands before the last three)."""
    others = []
    for axis in range(layer.ndim):
        name = str(layer.axis_labels[axis]).strip().lower()
        timed = layer.units[axis].dimensionality == {"[time]": 1}
        if name in _TIME_NAMES or name in _CHANNEL_NAMES or timed or axis < value_axes(layer):
            others.append(axis)
    left = [axis for axis in range(layer.ndim) if axis not in others]
    others += left[:-3]
    return left[-3:], sorted(others)


def value_axes(layer: Layer) -> int:
    """Return how many of the first axes of a surface belong to its values alone: the corners stay, their values change."""
    return layer.ndim - int(np.shape(layer.data[0])[1]) if isinstance(layer, Surface) else 0


def axis_name(layer: Layer, axis: int) -> str:
    """Return what an axis is called in a sentence: time, channels, or its number."""
    name = str(layer.axis_labels[axis]).strip().lower()
    if name in _CHANNEL_NAMES:
        return "channels"
    return "time" if name in _TIME_NAMES or layer.units[axis].dimensionality == {"[time]": 1} else f"axis {axis}"


def flat_axis(layer: Layer, spatial: Sequence[int]) -> int | None:
    """Return the axis of a stack of one slice that has no extent, None for volumes and planes."""
    if not isinstance(layer, Labels | Image) or len(spatial) < 3:
        return None
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    flat = [axis for axis in spatial if int(shape[axis]) == 1]
    return flat[0] if len(flat) == 1 else None
