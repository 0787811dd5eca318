"""What shape a layer shows: a mask, labels or a phase field; grey images show none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_shapelab.viewer.layer_data import TakenLayer, is_two_valued, take, why_not_taken
from shapelab.errors import InputError

__all__ = ["read_shape", "why_no_labels", "why_no_mask", "why_no_shape"]

_SAMPLE = 100_000
"""Voxels that are looked at to tell a mask from a grey image."""
_GREY = "it is a grey image: threshold it to a mask or segment it into Labels first"
_NAN = "it contains values that are not finite (NaN or infinity): replace them first"
_FIELD = "it is a field, not a mask: threshold it first"


def why_no_shape(layer: Layer, ndims: Sequence[int] = (2, 3)) -> str:
    """Return why a layer shows neither labels nor a mask nor a field, "" if it does.

    Cheap enough for the window's thread: few pixels of an array in memory are looked at, and none of others, of which
    `read_shape` says what they are.
    """
    return why_not_taken(layer, ndims, (Labels, Image)) or _why_not_drawn(layer, fields=True)


def why_no_mask(layer: Layer, ndims: Sequence[int] = (2, 3)) -> str:
    """Return why a layer shows neither labels nor a mask, "" if it does; as cheap as `why_no_shape`."""
    return why_not_taken(layer, ndims, (Labels, Image)) or _why_not_drawn(layer, fields=False)


def why_no_labels(layer: Layer, ndims: Sequence[int] = (2, 3)) -> str:
    """Return why a layer cannot hold the labels of several regions, "" if it can."""
    return why_not_taken(layer, ndims, (Labels,)) if isinstance(layer, Labels) else "it is not a Labels layer: segment it into Labels first"


def _why_not_drawn(layer: Layer, *, fields: bool) -> str:
    if isinstance(layer, Labels):
        return ""
    try:
        data = take(layer).data
    except InputError as error:  # a transform that cannot be undone; lists of layers must not break on it
        return str(error).rstrip(".")
    if not isinstance(data, np.ndarray):
        return ""
    step = max(1, round((np.prod(data.shape) / _SAMPLE) ** (1 / data.ndim)))
    return _why_no_image(np.asarray(data[(slice(None, None, step),) * data.ndim]), fields=fields)


def _why_no_image(values: np.ndarray, *, fields: bool) -> str:
    """Return why the values of an image are no shape."""
    if not values.size or values.dtype == bool:
        return ""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return _NAN
    if is_two_valued(values):
        return ""
    if values.dtype.kind == "f" and values.min() < 0 < values.max():
        return "" if fields else _FIELD
    return _GREY


def read_shape(taken: TakenLayer, *, fields: bool = True) -> TakenLayer:
    """Read a layer: labels as whole numbers, a two-valued image as a boolean mask, a field as it is; not in the window's thread.

    Parameters
    ----------
    taken
        Labels or an image.
    fields
        Whether phase fields are allowed.

    Raises
    ------
    InputError
        If it is a grey image or, where they are not allowed, a field.
    """
    read = taken.read()
    if taken.kind == "labels":
        return read
    values: Any = read.data
    reason = _why_no_image(values, fields=fields)
    if reason:
        raise InputError(f"The layer {taken.name!r} {'cannot be used' if fields else 'is not a mask'}: {reason}.")
    if values.dtype == bool or not values.size:
        return read
    low, high = values.min(), values.max()
    if not is_two_valued(values):
        return read
    inside = values != 0 if low == high or high == 0 else values == high  # some write the shape as -1 on a background of 0
    return replace(read, data=inside)
