"""What a user hands in as a shape, checked and made a mask or a field."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arguments import checked, one_array
from shapelab.arrays import require_finite
from shapelab.errors import InputError

__all__ = ["as_field", "as_mask"]


@checked()
def as_mask(data: Any, label: int | None = None, *, ndim: tuple[int, ...] = (2, 3)) -> np.ndarray:
    """Return `data` as a boolean mask that is neither empty nor full.

    Parameters
    ----------
    data
        Boolean mask, or label image (then every label, or only `label`, is inside), (z, y, x) or (y, x).
    label
        The label to take from a label image.
    ndim
        Numbers of axes that are allowed.

    Raises
    ------
    InputError
        If the array has another number of axes, is not a mask, or nothing or everything is inside.
    """
    array = one_array("data", data)
    if array.ndim not in ndim:
        allowed = " or ".join(f"{n}-D" for n in ndim)
        raise InputError(f"A mask must be {allowed}; received an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        require_finite("mask", array)
        if np.any(array != np.rint(array)):
            raise InputError("A mask or label image must hold whole numbers; this one holds fractions. Threshold it first.")
    elif array.dtype.kind not in "bui":
        raise InputError(f"A mask must be boolean or hold whole numbers; received dtype {array.dtype}.")
    mask: np.ndarray = array != 0 if label is None else array == label
    if not mask.any():
        what = "The mask is empty" if label is None else f"The label image has no label {label}"
        raise InputError(f"{what}: there is no shape to work on.")
    if mask.all():
        raise InputError("The mask is full: every voxel is inside, so there is no surface. Leave some background around the shape.")
    return mask


@checked()
def as_field(data: Any, *, ndim: tuple[int, ...] = (2, 3)) -> np.ndarray:
    """Return `data` as a float field that has both signs, so that its zero level is a surface.

    float64 stays, every other type becomes float32.

    Raises
    ------
    InputError
        If the array has another number of axes, holds NaN or infinity, or only one sign.
    """
    array = one_array("data", data)
    if array.ndim not in ndim or array.dtype.kind not in "fbui":
        allowed = " or ".join(f"{n}-D" for n in ndim)
        raise InputError(f"A phase field must be a {allowed} array of numbers; received shape {array.shape}, dtype {array.dtype}.")
    field: np.ndarray = np.ascontiguousarray(array, dtype=np.float64 if array.dtype == np.float64 else np.float32)
    low, high = float(field.min()), float(field.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError("The field contains values that are not finite (NaN or infinity).")
    if low >= 0 or high <= 0:
        raise InputError(f"The field lies between {low:g} and {high:g}, so it has no surface at zero: it needs values of both signs.")
    return field
