"""What counts as a label image, and the sentences for what does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arguments import as_array
from shapelab.errors import InputError

__all__ = ["as_labels"]


def as_labels(data: Any, *, empty: bool = False, floats: bool = False, most: int = 2**64 - 1) -> np.ndarray:
    """Return `data` as an integer label image, 2-D or 3-D, none negative.

    Parameters
    ----------
    data
        Array of whole numbers (z, y, x) or (y, x); 0 is the background.
    empty
        Whether an image of background only will do.
    floats
        Whether whole numbers may be stored as floats; they come back as int64.
    most
        Largest label allowed.

    Raises
    ------
    InputError
        Saying what is wrong and what to do.
    """
    array = as_array("labels", data)
    if array.ndim not in (2, 3):
        raise InputError(f"A label image must be 2-D or 3-D, with axes (y, x) or (z, y, x); received an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise InputError("The label image contains values that are not finite (NaN or infinity): replace them first.")
        if not floats or (array != np.rint(array)).any() or np.abs(array).max(initial=0) > 2**53:
            raise InputError(
                "Labels must be whole numbers and these are floats: convert them with labels.astype(int), or threshold the image."
            )
        array = array.astype(np.int64)
    if array.dtype.kind not in "bui":
        raise InputError(f"A label image must hold whole numbers; received dtype {array.dtype}.")
    if not empty and not array.any():
        raise InputError("The label image is empty: every voxel is 0, the background.")
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    if low < 0:
        raise InputError(f"Labels must not be negative: they lie between 0 (the background) and {most}; the smallest here is {low}.")
    if high > most:
        raise InputError(f"Labels must lie between 0 (the background) and {most}; the largest here is {high}.")
    return array
