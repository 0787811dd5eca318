"""Layer triples for arrays that carry a voxel size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from shapelab.frame import LayerData, LayerKind

__all__ = ["guess_kind", "layer"]


def layer(
    name: str,
    data: Any,
    *,
    kind: LayerKind | None = None,
    axes: str = "",
    scale: Sequence[float] | None = None,
    unit: str = "",
    **meta: Any,
) -> LayerData:
    """Return a layer whose scale, units and axis labels agree.

    Parameters
    ----------
    name
        Name of the layer.
    data
        The array.
    kind
        "image" or "labels"; by default what the array looks like (`guess_kind`).
    axes
        One letter per axis, by default the last ones of "tczyx".
    scale
        Step along each axis [unit for z, y, x], by default 1.
    unit
        Unit of length, "" for pixels.
    **meta
        More of what the viewer's ``add_<kind>`` accepts.
    """
    labels = tuple((axes or "tczyx"[-data.ndim :]).lower())
    steps = tuple(float(step) for step in scale) if scale is not None else (1.0,) * data.ndim
    if not all(math.isfinite(step) and step > 0 for step in steps):
        steps = (1.0,) * data.ndim
    units = tuple((unit or "pixel") if axis in "zyx" else ("second" if axis == "t" else "pixel") for axis in labels)
    return LayerData(name, data, kind or guess_kind(data), {"scale": steps, "units": units, "axis_labels": labels, **meta})


def guess_kind(data: np.ndarray) -> LayerKind:
    """Return "labels" for masks and wide integers, else "image"."""
    if data.dtype == bool or (data.dtype.kind in "iu" and data.dtype.itemsize >= 4):
        return "labels"
    if data.dtype.kind in "iu":
        top = data.max() if data.size else 0
        if top > 0 and data.min() >= 0 and bool(np.all((data == 0) | (data == top))):
            return "labels"
    return "image"
