"""Which axes of a layer are space, and which are time, channels or something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from napari.layers import Image, Labels, Layer, Surface

from shapelab.axis_names import axis_meanings

__all__ = ["axis_name", "flat_axis", "split_axes", "value_axes"]


def split_axes(layer: Layer) -> tuple[list[int], list[int]]:
    """Return the spatial axes and the others (time, channels, whatever stands before the last three)."""
    meanings = _meanings(layer)
    others = [axis for axis in range(layer.ndim) if meanings[axis] != "space" or axis < value_axes(layer)]
    left = [axis for axis in range(layer.ndim) if axis not in others]
    others += left[:-3]
    return left[-3:], sorted(others)


def _meanings(layer: Layer) -> list[str]:
    """Return what each axis is, by its name and its unit."""
    timed = [unit.dimensionality == {"[time]": 1} for unit in layer.units]
    return ["time" if known else meaning for meaning, known in zip(axis_meanings(layer.axis_labels), timed, strict=True)]


def value_axes(layer: Layer) -> int:
    """Return how many of the first axes of a surface belong to its values alone: the corners stay, their values change."""
    return layer.ndim - int(np.shape(layer.data[0])[1]) if isinstance(layer, Surface) else 0


def axis_name(layer: Layer, axis: int) -> str:
    """Return what an axis is called in a sentence: time, channels, its name or its number."""
    meaning = _meanings(layer)[axis]
    if meaning == "other":
        return str(layer.axis_labels[axis])
    return {"time": "time", "channel": "channels"}.get(meaning, f"axis {axis}")


def flat_axis(layer: Layer, spatial: Sequence[int]) -> int | None:
    """Return the axis of a stack of one slice that has no extent, None for volumes and planes."""
    if not isinstance(layer, Labels | Image) or len(spatial) < 3:
        return None
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    flat = [axis for axis in spatial if int(shape[axis]) == 1]
    return flat[0] if len(flat) == 1 else None
