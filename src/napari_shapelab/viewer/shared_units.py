"""napari shows all layers in units that they share: its sliders, camera and mouse are in these, and transforms in those of their layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

__all__ = ["in_own_units", "in_shared_units", "show_index", "shown_index"]


def in_own_units(viewer: Any, layer: Layer, vector: Any) -> np.ndarray:
    """Return a position or direction of the viewer's world in the units of a layer, which is aligned at its last axes.

    Axes of the viewer that the layer does not have stay as they are.
    """
    out: np.ndarray = np.array(vector, float)
    factors = 1 / _factors(viewer, layer.units)[-len(out) :]
    out[len(out) - len(factors) :] *= factors
    return out


def in_shared_units(viewer: Any, units: Sequence[Any] | None, vectors: Any) -> np.ndarray:
    """Return positions or lengths (…, d), whose axes have these units, in those of the viewer's world."""
    factors = 1.0 if units is None else _factors(viewer, units)
    return np.asarray(np.asarray(vectors, float) * factors)


def shown_index(viewer: Any, layer: Layer, axis: int) -> int:
    """Return where the viewer's sliders stand along an axis of a layer, as an index of its data; 0 where there are none yet."""
    point = in_own_units(viewer, layer, viewer.dims.point)[-layer.ndim :]
    return round(float(layer.world_to_data(point)[axis])) if len(point) == layer.ndim else 0


def show_index(viewer: Any, layer: Layer, axis: int, index: float) -> None:
    """Move the viewer's slider along an axis of a layer to an index of its data."""
    point = np.zeros(layer.ndim)
    point[axis] = index
    place = in_shared_units(viewer, layer.units, layer.data_to_world(point))
    viewer.dims.set_point(viewer.dims.ndim - layer.ndim + axis, float(place[axis]))


def _factors(viewer: Any, units: Sequence[Any]) -> np.ndarray:
    """Return what turns lengths in these units, axis by axis, into those of the viewer; 1 where napari does without units."""
    shared = viewer.layers.extent.units
    if shared is None or len(shared) < len(units):
        return np.ones(len(units))
    pairs = zip(units, shared[-len(units) :], strict=True)
    return np.array([1.0 if own == other else float((1.0 * own).to(other).magnitude) for own, other in pairs])
