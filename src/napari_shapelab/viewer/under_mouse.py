"""What of the cells is under the mouse, whatever transform and units their layer has."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer

from napari_shapelab.viewer.shared_units import in_own_units

__all__ = ["cell_at", "pixel_at", "position_at", "stamp", "value_at"]

_BRUSH = 0.03
"""Radius of the wall brush, as a part of the longest side."""


def _axes(layer: Labels, event: Any) -> list[int]:
    """Return the axes of the layer that are displayed."""
    return [axis - len(event.position) + layer.ndim for axis in event.dims_displayed]


def _direction(viewer: Any, layer: Layer, event: Any) -> np.ndarray | None:
    """Return the direction in which the mouse points, None in the plane."""
    if event.view_direction is None:
        return None
    direction = in_own_units(viewer, layer, event.view_direction)
    return direction / max(float(np.linalg.norm(direction)), 1e-300)


def value_at(viewer: Any, layer: Layer, event: Any) -> Any:
    """Return napari's value of a layer under the mouse."""
    position, direction = in_own_units(viewer, layer, event.position), _direction(viewer, layer, event)
    return layer.get_value(position, view_direction=direction, dims_displayed=event.dims_displayed, world=True)


def pixel_at(viewer: Any, cells: Labels, event: Any) -> np.ndarray:
    """Return the place under the mouse [pixels]."""
    return np.asarray(cells.world_to_data(in_own_units(viewer, cells, event.position)[-cells.ndim :]))


def cell_at(viewer: Any, cells: Labels, event: Any) -> int:
    """Return the id of the cell under the mouse, 0 if there is none."""
    value = value_at(viewer, cells, event)
    return int(value) if value is not None and not isinstance(value, tuple) else 0


def position_at(viewer: Any, cells: Labels, event: Any) -> np.ndarray | None:
    """Return the place under the mouse [pixels]; in a 3-D view the middle of the ray through the box."""
    if len(event.dims_displayed) == 2:
        return pixel_at(viewer, cells, event)
    direction = _direction(viewer, cells, event)
    if direction is None:
        return None
    position = in_own_units(viewer, cells, event.position)[-cells.ndim :]
    near, far = cells.get_ray_intersections(position, direction[-cells.ndim :], _axes(cells, event))
    return None if near is None or far is None else (np.asarray(near) + np.asarray(far)) / 2


def stamp(mask: np.ndarray, begin: np.ndarray, end: np.ndarray) -> None:
    """Mark all pixels near the line from `begin` to `end`."""
    radius = max(1.5, _BRUSH * max(mask.shape))
    low = np.maximum(np.floor(np.minimum(begin, end) - radius).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(begin, end) + radius).astype(int) + 1, mask.shape)
    if (high <= low).any():
        return
    axes = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    offset = np.stack(axes, axis=-1) - begin
    along = end - begin
    share = np.clip(offset @ along / max(float(along @ along), 1e-12), 0, 1)
    near = ((offset - share[..., None] * along) ** 2).sum(-1) <= radius**2
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] |= near
