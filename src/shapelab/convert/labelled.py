"""Voxel size and unit of an array that carries its own coordinates (xarray)."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.errors import InputError

__all__ = ["has_coordinates", "spacing_and_unit"]

_NOT_SPACE = frozenset({"t", "time", "c", "channel", "frame"})
_UNEVEN = 1e-3
"""Relative difference between steps up to which coordinates count as evenly spaced."""


def has_coordinates(data: Any) -> bool:
    """Tell whether `data` is an array with named axes and coordinates, such as an xarray DataArray."""
    return all(hasattr(data, name) for name in ("dims", "coords", "values", "attrs"))


def spacing_and_unit(data: Any) -> tuple[tuple[float, ...], str]:
    """Return the voxel size along each axis, from evenly spaced coordinates (1 where there are none), and the unit.

    Raises
    ------
    InputError
        If an axis is time or channels, coordinates are not evenly spaced, or two axes state different units.
    """
    spacing, units = [], set()
    for axis in data.dims:
        if str(axis).lower() in _NOT_SPACE:
            raise InputError(f"The axis {axis!r} is not an axis of space: choose one position along it first, with .isel({axis}=0).")
        coordinate = data.coords.get(axis)
        spacing.append(1.0 if coordinate is None or len(coordinate) < 2 else _step(str(axis), np.asarray(coordinate.values)))
        unit = None if coordinate is None else coordinate.attrs.get("units")
        if unit:
            units.add(str(unit))
    if len(units) > 1:
        raise InputError(f"The axes of the array have different units ({', '.join(sorted(units))}): convert them to one unit first.")
    return tuple(spacing), units.pop() if units else ""


def _step(axis: str, values: np.ndarray) -> float:
    if values.dtype.kind not in "iuf":
        raise InputError(f"The coordinates along {axis!r} are not numbers (dtype {values.dtype}).")
    steps = np.diff(values.astype(float))
    mean = float(steps.mean())
    if not np.isfinite(mean) or mean == 0 or np.abs(steps - mean).max() > _UNEVEN * abs(mean):
        raise InputError(f"The coordinates along {axis!r} are not evenly spaced: resample the array first.")
    return abs(mean)
