"""Voxel spacing as users give it, checked once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.errors import InputError

__all__ = ["Spacing", "as_spacing"]

Spacing = float | Sequence[float]
"""One voxel size for all axes, or one per axis in the order of the array's axes (z, y, x)."""

_SMALLEST, _LARGEST = 1e-30, 1e30
"""Beyond them, the products of lengths that are measured leave the range of the numbers."""


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
        values = np.atleast_1d(np.asarray(spacing, dtype=float)).ravel()
    except (TypeError, ValueError):
        raise InputError(f"The voxel size must be a number or {ndim} numbers (z, y, x); received {spacing!r}.") from None
    if values.size == 1:
        values = np.repeat(values, ndim)
    if values.size != ndim:
        raise InputError(f"The voxel size must be one number, or one for each of the {ndim} axes; received {values.size}: {spacing!r}.")
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"The voxel size must be positive along every axis; received {tuple(values.tolist())}.")
    if values.min() < _SMALLEST or values.max() > _LARGEST:
        raise InputError(
            f"The voxel size must lie between {_SMALLEST:g} and {_LARGEST:g} along every axis; received {tuple(values.tolist())}."
        )
    return tuple(values.tolist())
