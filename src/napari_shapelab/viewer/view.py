"""The viewer itself, and the camera on a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

__all__ = ["VIEW_ANGLES", "VIEW_MARGIN", "see", "show_in_3d", "unwrapped"]


def unwrapped(item: Any) -> Any:
    """Return the object itself: napari gives some widgets a proxy, which cannot be compared by identity."""
    return getattr(item, "__wrapped__", item)


VIEW_ANGLES = (20.0, 30.0, -20.0)
"""Camera angles [degrees] from which three faces of a volume are seen."""
VIEW_MARGIN = 0.15
"""Margin of the first view, as a part of the canvas: a box seen from its corner is wider than from the front."""


def show_in_3d(viewer: Any) -> None:
    """Turn an empty viewer to three dimensions, in which surfaces and volumes can be seen; others stay as the user has them."""
    if viewer is not None and not len(viewer.layers):
        viewer.dims.ndisplay = 3


def see(viewer: Any, *layers: Layer) -> None:
    """Show the whole of some layers that lie together: planes from the front, volumes from a corner."""
    camera = viewer.scene.camera
    flat = all(layer.ndim < 3 for layer in layers)
    viewer.dims.ndisplay = 2 if flat else 3
    if not flat:
        camera.angles = VIEW_ANGLES
        viewer.fit_to_view(layers=list(layers), margin=VIEW_MARGIN)
        return
    low = np.min([layer.extent.world[0] for layer in layers], axis=0)
    high = np.max([layer.extent.world[1] for layer in layers], axis=0)
    camera.center = (0.0, *(low + high) / 2)  # napari cannot fit a plane while there are volumes
    camera.zoom = 0.95 * float(np.min(np.array(viewer.canvas.size) / np.maximum(high - low, 1e-12)))
