"""Where the user points, and where the view goes to: clicks without a drag, and the camera on a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from napari_shapelab.viewer.view import unwrapped

__all__ = ["look_at", "on_click"]

_SHARE = 0.2
"""Part of the canvas that a place fills when the view goes to it; the view never moves away for that."""


def look_at(viewer: Any, world: np.ndarray, radius: float) -> None:
    """Move the view and its sliders to a place in the world, near enough to see what has this radius."""
    viewer = unwrapped(viewer)
    dims, camera = viewer.dims, viewer.scene.camera
    first = dims.ndim - len(world)
    for axis in dims.not_displayed:
        if axis >= first:
            dims.set_point(axis, world[axis - first])
    shown = [axis - first for axis in dims.displayed if axis >= first]
    centre = list(camera.center)
    centre[-len(shown) :] = [float(world[axis]) for axis in shown]
    camera.center = tuple(centre)
    wanted = _SHARE * min(viewer.canvas.size) / max(2 * radius, 1e-12)
    camera.zoom = max(camera.zoom, wanted)


def on_click(viewer: Any, owner: QObject, clicked: Callable[[Any], None]) -> None:
    """Call `clicked` with the mouse event of every click that is no drag, as long as `owner` lives."""

    def press(_: Any, event: Any) -> Iterator[None]:
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged:
            clicked(event)

    callbacks = unwrapped(viewer).mouse_drag_callbacks
    callbacks.append(press)
    owner.destroyed.connect(lambda *_: callbacks.remove(press) if press in callbacks else None)
