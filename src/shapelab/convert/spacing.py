"""Voxel spacing as users give it, checked once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.errors import InputError

__all__ = ["Spacing", "as_spacing"]

Spacing = float | Sequence[float]
"""One voxel size for all axes, or one per axis in the order of the array's axes (z, y, x)."""


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
        If there are too few or too many, or one is zero, negative or not finite.
    """
    try:
        values = np.atleast_1d(np.asarray(spacing, dtype=float)).ravel()
    except (TypeError, ValueError):
        raise InputError(f"The voxel size must be a number or {ndim} numbers (z, y, x); received {spacing!r}.") from None
    if values.size == 1:
        values = np.repeat(values, ndim)
    if values.size != ndim:
        raise InputError(f"The voxel size must be one number, or one for each of the {ndim} axes; received {values.size}: {spacing!r}.")
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"The voxel size must be positive along every axis; received {tuple(values.tolist())}.")
    return tuple(values.tolist())
