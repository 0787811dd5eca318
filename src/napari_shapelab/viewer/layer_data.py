"""A napari layer as the science takes it, and where it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points, Surface

from shapelab.frame import LayerData, LayerKind
from shapelab.io.units import short_unit

__all__ = ["layer_data", "place_of", "unit_of"]


def place_of(layer: Layer) -> dict[str, Any]:
    """Return scale, place, units and names of the axes, for a layer that shall lie on `layer`."""
    return {"scale": layer.scale, "translate": layer.translate, "units": layer.units, "axis_labels": layer.axis_labels}


def unit_of(layer: Layer) -> str:
    """Return the short name of the layer's unit, "" for pixels."""
    return short_unit(str(layer.units[-1]))


def layer_data(layer: Layer) -> LayerData:
    """Return the layer's data with its voxel size, place and unit; images of whole numbers count as labels or masks."""
    meta = {"scale": tuple(map(float, layer.scale)), "translate": tuple(map(float, layer.translate))}
    kinds: tuple[tuple[type[Layer], LayerKind], ...] = ((Labels, "labels"), (Points, "points"), (Surface, "surface"))
    kind: LayerKind = next((name for type_, name in kinds if isinstance(layer, type_)), "image")
    data = tuple(layer.data)[:2] if kind == "surface" else np.asarray(layer.data)
    return LayerData(layer.name, data, kind, {**meta, "units": (unit_of(layer),) * layer.ndim})
