"""Whether an array looks like an image or like labels."""

from __future__ import annotations

import numpy as np

from shapelab.frame import LayerKind

__all__ = ["guess_kind"]


def guess_kind(data: np.ndarray) -> LayerKind:
    """Return "labels" for masks and wide integers that are not negative, else "image"."""
    if data.dtype == bool or (data.dtype.kind in "iu" and data.dtype.itemsize >= 4 and data.size and data.min() >= 0):
        return "labels"
    if data.dtype.kind in "iu":
        top = data.max() if data.size else 0
        if top > 0 and data.min() >= 0 and bool(np.all((data == 0) | (data == top))):
            return "labels"
    return "image"
