"""Two volumes side by side in the world, and the camera on both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from napari_shapelab.viewer.shared_units import in_shared_units
from napari_shapelab.viewer.view import VIEW_ANGLES
from shapelab.convert.place import Place

__all__ = ["Box", "inner_box", "look_at", "place_beside"]

Box = tuple[np.ndarray, np.ndarray]
"""Lowest and highest corner (z, y, x) in the world."""

_GAP = 0.15
"""Room between two volumes, relative to the width of the wider one."""
_SHARE = 0.75
"""Part of the canvas that they take."""


def inner_box(inside: np.ndarray, place: Place) -> Box:
    """Return the box in the world around the voxels of a mask (z, y, x); around all of it if it is empty."""
    low, high = np.zeros(3), np.array(inside.shape, float)
    for axis in range(3):
        filled = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
        if len(filled):
            low[axis], high[axis] = filled[0], filled[-1] + 1
    corners = np.array(list(product(*zip(low - 0.5, high - 0.5, strict=True))))
    ends = place.world(corners)
    return ends.min(0), ends.max(0)


def place_beside(box: Box, size: np.ndarray) -> np.ndarray:
    """Return the lowest corner of a volume of a given size that stands right of `box`, at its height."""
    low, high = box
    corner = (low + high - size) / 2
    corner[-1] = high[-1] + _GAP * max(float((high - low)[-1]), float(size[-1]))
    return np.asarray(corner)


def look_at(viewer: Any, units: Sequence[Any], *boxes: Box) -> None:
    """Show boxes in 3-D, whose axes have these units; all of them in the middle of the canvas."""
    low = in_shared_units(viewer, units, np.min([box[0] for box in boxes], axis=0))
    high = in_shared_units(viewer, units, np.max([box[1] for box in boxes], axis=0))
    viewer.dims.ndisplay = 3
    camera = viewer.scene.camera
    camera.angles = VIEW_ANGLES
    camera.center = tuple(((low + high) / 2).tolist())
    camera.zoom = _SHARE * min(viewer.canvas.size) / max(float((high - low).max()), 1e-12)
