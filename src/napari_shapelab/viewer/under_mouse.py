"""What of the cells is under the mouse, whatever transform and units their layer has."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

__all__ = ["cell_at", "pixel_at", "position_at", "stamp"]

_BRUSH = 0.03
"""Radius of the wall brush, as a part of the longest side."""


def _in_units_of(viewer: Any, layer: Labels, event: Any) -> np.ndarray:
    """Return the mouse's position in the world, in the layer's own units: napari's are those that all layers share."""
    position = np.asarray(event.position, float)[-layer.ndim :]
    shared = viewer.layers.extent.units
    if shared is None:
        return position
    pairs = zip(shared[-layer.ndim :], layer.units, strict=True)
    factors = np.array([1.0 if a == b else float((1.0 * a).to(b).magnitude) for a, b in pairs])
    return np.asarray(position * factors)


def _axes(layer: Labels, event: Any) -> list[int]:
    """Return the axes of the layer that are displayed."""
    return [axis - len(event.position) + layer.ndim for axis in event.dims_displayed]


def pixel_at(viewer: Any, cells: Labels, event: Any) -> np.ndarray:
    """Return the place under the mouse [pixels]."""
    return np.asarray(cells.world_to_data(_in_units_of(viewer, cells, event)))


def cell_at(viewer: Any, cells: Labels, event: Any) -> int:
    """Return the id of the cell under the mouse, 0 if there is none."""
    position, direction = _in_units_of(viewer, cells, event), event.view_direction
    if direction is not None:
        direction = np.asarray(direction)[-cells.ndim :]
    value = cells.get_value(position, view_direction=direction, dims_displayed=_axes(cells, event), world=True)
    return int(value) if value is not None and not isinstance(value, tuple) else 0


def position_at(viewer: Any, cells: Labels, event: Any) -> np.ndarray | None:
    """Return the place under the mouse [pixels]; in a 3-D view the middle of the ray through the box."""
    if len(event.dims_displayed) == 2:
        return pixel_at(viewer, cells, event)
    near, far = cells.get_ray_intersections(
        _in_units_of(viewer, cells, event), np.asarray(event.view_direction)[-cells.ndim :], _axes(cells, event)
    )
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
