"""The viewer itself, and the camera on a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

__all__ = ["VIEW_ANGLES", "VIEW_MARGIN", "see", "unwrapped"]


def unwrapped(item: Any) -> Any:
    """Return the object itself: napari gives some widgets a proxy, which cannot be compared by identity."""
    return getattr(item, "__wrapped__", item)


VIEW_ANGLES = (20.0, 30.0, -20.0)
"""Camera angles [degrees] from which three faces of a volume are seen."""
VIEW_MARGIN = 0.15
"""Margin of the first view, as a part of the canvas: a box seen from its corner is wider than from the front."""


def see(viewer: Any, layer: Layer) -> None:
    """Show the whole of a layer: a plane from the front, a volume from a corner."""
    camera = viewer.scene.camera
    viewer.dims.ndisplay = 3 if layer.ndim >= 3 else 2
    if layer.ndim >= 3:
        camera.angles = VIEW_ANGLES
        viewer.fit_to_view(layers=[layer], margin=VIEW_MARGIN)
        return
    low, high = layer.extent.world  # napari cannot fit a plane while there are volumes
    camera.center = (0.0, *(low + high) / 2)
    camera.zoom = 0.95 * float(np.min(np.array(viewer.canvas.size) / np.maximum(high - low, 1e-12)))
