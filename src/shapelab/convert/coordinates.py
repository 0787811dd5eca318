"""An array that carries its own coordinates (xarray), as a layer that lies where they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arrays import is_lazy
from shapelab.axis_names import axis_meanings
from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.frame import LayerData

__all__ = ["even_step", "layer_of_coordinates"]

_UNEVEN = 1e-3
"""Relative difference between steps up to which coordinates count as evenly spaced."""


def layer_of_coordinates(data: Any) -> LayerData:
    """Return an array with coordinates as an image that lies where they say (steps of 1 from 0 where there are none).

    Raises
    ------
    InputError
        If an axis is time or channels, or coordinates are not evenly spaced numbers.
    """
    steps, starts, units = [], [], []
    for axis, meaning in zip(data.dims, axis_meanings(data.dims), strict=True):
        if meaning != "space":
            raise InputError(f"The axis {axis!r} is not an axis of space: choose one position along it first, with .isel({axis}=0).")
        coordinate = data.coords.get(axis)
        values = np.arange(2) if coordinate is None else np.asarray(coordinate.values)
        steps.append(1.0 if len(values) < 2 else even_step(str(axis), values))
        starts.append(float(values[0]) if len(values) and values.dtype.kind in "iuf" else 0.0)
        units.append("" if coordinate is None else str(coordinate.attrs.get("units") or ""))
    unit = next((one for one in units if one), "pixel")  # an axis without a unit has that of the others
    meta = {**Place.of(steps, starts).meta(), "units": tuple(one or unit for one in units), "axis_labels": tuple(map(str, data.dims))}
    held = getattr(data, "data", None)
    return LayerData(str(getattr(data, "name", None) or "image"), held if is_lazy(held) else data.values, "image", meta)


def even_step(axis: str, values: np.ndarray) -> float:
    """Return the distance of evenly spaced coordinates; InputError if they are not that, or no numbers."""
    if values.dtype.kind not in "iuf":
        raise InputError(f"The coordinates along {axis!r} are not numbers (dtype {values.dtype}).")
    steps = np.diff(values.astype(float))
    mean = float(steps.mean())
    if not np.isfinite(mean) or mean == 0 or np.abs(steps - mean).max() > _UNEVEN * abs(mean):
        raise InputError(f"The coordinates along {axis!r} are not evenly spaced: resample the array first.")
    return mean
