"""A ring around the one thing that was chosen, which the view goes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Points

from napari_shapelab.viewer.pointing import look_at
from napari_shapelab.viewer.shared_units import in_shared_units
from napari_shapelab.viewer.view import unwrapped

__all__ = ["Ring"]

_WIDTH = 4.0
"""Width of its line [pixels of the screen]."""
_COLOUR = "#ffe14d"
_ROOM = 1.3
"""Its radius, in radii of what it surrounds."""


class Ring:
    """One ring, made when something is chosen first.

    Parameters
    ----------
    viewer
        The viewer.
    name
        Name of its layer.
    model
        Family that its layer belongs to.
    """

    def __init__(self, viewer: Any, name: str, model: str) -> None:
        self._viewer, self._name, self._model = unwrapped(viewer), name, model
        self._layer: Points | None = None

    def go_to(self, place: np.ndarray, radius: float, settings: Mapping[str, Any]) -> None:
        """Move the view to a place [pixels of a layer], and surround what has this radius [pixels] there.

        Parameters
        ----------
        place
            One number per axis.
        radius
            Along the last axis.
        settings
            Transform and units of the layer.
        """
        ring = Points(place[None], **settings)
        far = np.array(place, float)
        far[-1] += radius
        world, end = (in_shared_units(self._viewer, ring.units, ring.data_to_world(at)) for at in (place, far))
        across = float(np.linalg.norm(end - world))
        look_at(self._viewer, world, across)
        width = _WIDTH / self._viewer.scene.camera.zoom * radius / max(across, 1e-300)
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.data = place[None]
            self._layer.size, self._layer.border_width = 2 * _ROOM * radius, width
            return
        selected = set(self._viewer.layers.selection)
        self._layer = Points(
            place[None],
            size=2 * _ROOM * radius,
            face_color="transparent",
            border_color=_COLOUR,
            border_width=width,
            border_width_is_relative=False,
            blending="translucent_no_depth",  # in 3-D, seen through what is in front
            name=self._name,
            metadata={"shapelab": {"model": self._model}},
            **settings,
        )
        self._viewer.add_layer(self._layer)
        self._viewer.layers.selection = selected

    def remove(self) -> None:
        """Take the ring away."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None
