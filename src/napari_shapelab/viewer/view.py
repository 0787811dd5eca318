"""The viewer itself, and the camera on a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer, Surface
from qtpy.QtCore import QTimer

from napari_shapelab.viewer.shared_units import in_shared_units

__all__ = ["VIEW_ANGLES", "VIEW_MARGIN", "fit", "see", "show_in_3d", "show_when_added", "unwrapped"]


def unwrapped(item: Any) -> Any:
    """Return the object itself: napari gives some widgets a proxy, which cannot be compared by identity."""
    return getattr(item, "__wrapped__", item)


VIEW_ANGLES = (20.0, 30.0, -20.0)
"""Camera angles [degrees] from which three faces of a volume are seen."""
VIEW_MARGIN = 0.15
"""Margin of the first view, as a part of the canvas: a box seen from its corner is wider than from the front."""
_PLANE_MARGIN = 0.05


def show_in_3d(viewer: Any) -> None:
    """Turn an empty viewer to three dimensions, in which surfaces and volumes can be seen; others stay as the user has them."""
    if viewer is not None and not len(viewer.layers):
        viewer.dims.ndisplay = 3


def show_when_added(viewer: Any) -> None:
    """Bring layers that are about to be added beside others into view, which napari does with the first ones only."""
    if viewer is None or not len(viewer.layers):
        return
    there = set(viewer.layers)

    def show() -> None:
        new = [layer for layer in viewer.layers if layer not in there]
        if not new:
            return
        if all(layer.ndim < 3 for layer in new) or any(isinstance(layer, Surface) for layer in new):
            see(viewer, *new)
        else:
            fit(viewer, *new, margin=VIEW_MARGIN if viewer.dims.ndisplay == 3 else _PLANE_MARGIN)

    QTimer.singleShot(0, show)


def see(viewer: Any, *layers: Layer) -> None:
    """Show the whole of some layers that lie together: planes from the front, volumes from a corner; not of those that are gone."""
    layers = tuple(layer for layer in layers if layer in viewer.layers)
    if not layers:
        return
    flat = all(layer.ndim < 3 for layer in layers)
    viewer.dims.ndisplay = 2 if flat else 3
    if not flat:
        viewer.scene.camera.angles = VIEW_ANGLES
    fit(viewer, *layers, margin=_PLANE_MARGIN if flat else VIEW_MARGIN)


def fit(viewer: Any, *layers: Layer, margin: float = _PLANE_MARGIN) -> None:
    """Fit the view to some layers, as it is turned now; napari cannot while others have more axes than they."""
    dims, camera = viewer.dims, viewer.scene.camera
    extent = viewer.layers.get_extent(layers)  # in the units that these layers share
    world = in_shared_units(viewer, extent.units, extent.world)
    first = dims.ndim - world.shape[1]  # layers are aligned at their last axes
    box = np.array([world[:, axis - first] if axis >= first else (0.0, 0.0) for axis in dims.displayed]).T
    size = box[1] - box[0]
    camera.center = (0.0, *box.mean(axis=0))[-3:]
    if dims.ndisplay == 3:
        across = np.cross(camera.view_direction, camera.up_direction)
        size = np.abs([camera.up_direction, across]) @ size
    room = np.array(viewer.canvas.viewbox_size(viewer.layers), float)
    camera.zoom = (1 - margin) * float(np.min(room / np.where(size > 0, size, 1.0)))
