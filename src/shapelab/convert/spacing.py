"""Voxel spacing as users give it, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from shapelab.arguments import checked, shown
from shapelab.errors import InputError
from shapelab.limits import between

__all__ = ["Spacing", "as_point", "as_spacing"]

Spacing = Annotated[float | Sequence[float], "checked by as_spacing"]
"""One voxel size for all axes, or one per axis in the order of the array's axes (z, y, x)."""

_SMALLEST, _LARGEST = 1e-30, 1e30
"""Beyond them, the products of lengths that are measured leave the range of the numbers."""


def as_point(name: str, value: Sequence[float], ndim: int) -> tuple[float, ...]:
    """Return a position with one finite coordinate per axis; InputError if it has another number of them."""
    values = tuple(float(x) for x in value)
    if len(values) != ndim or not np.isfinite(values).all():
        raise InputError(f"{name} = {values} is not allowed; give {ndim} finite numbers, one for each axis.")
    return values


@checked(ndim=between(1, 64))
def as_spacing(spacing: Spacing, ndim: int) -> tuple[float, ...]:
    """Return one positive voxel size per axis.

    Parameters
    ----------
    spacing
        A number for all axes, or one per axis, (z, y, x) [physical unit].
    ndim
        Number of axes of the array it belongs to.

    Raises
    ------
    InputError
        If there are too few or too many, or one is zero, negative, not finite, or beyond 1e-30 to 1e30.
    """
    try:
        if np.asarray(spacing).dtype == bool:
            raise TypeError
        values = np.atleast_1d(np.asarray(spacing, dtype=float)).ravel()
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"The voxel size must be a number or {ndim} numbers (z, y, x); received {shown(spacing)}.") from None
    if values.size == 1:
        values = np.repeat(values, ndim)
    if values.size != ndim:
        raise InputError(f"The voxel size must be one number, or one for each of the {ndim} axes; received {values.size}.")
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"The voxel size must be positive along every axis; received {tuple(values.tolist())}.")
    if values.min() < _SMALLEST or values.max() > _LARGEST:
        raise InputError(
            f"The voxel size must lie between {_SMALLEST:g} and {_LARGEST:g} along every axis; received {tuple(values.tolist())}."
        )
    return tuple(values.tolist())
