"""The texture that was fitted to a mask, as a layer beside the mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Image

from napari_shapelab.docks.atlas.fit_tab import FittedTexture
from napari_shapelab.docks.atlas.place_beside import look_at, place_beside
from napari_shapelab.viewer.insert import insert_layer
from shapelab.convert.place import Place

__all__ = ["add_fitted"]


def add_fitted(viewer: Any, found: FittedTexture, origin: Mapping[str, Any]) -> None:
    """Add the best texture beside the mask, and look at both; `origin` says what made it."""
    best = found.fit.best
    look = {"contrast_limits": (-1.0, 1.0), "rendering": "iso", "iso_threshold": 0.0, "colormap": "bop orange"}
    steps = np.array(best.spacing)
    size = steps * best.field.shape
    corner = place_beside(found.box, size)
    place = found.taken.pixels_place(Place.of(best.spacing, (corner + steps / 2).tolist(), found.taken.unit))
    metadata = {"shapelab": {**origin, "distance": best.distance, "stretch": best.stretch}}
    name = f"like {found.target.name}"
    insert_layer(viewer, Image(best.shape.astype(np.float32), name=name, metadata=metadata, **look, **place))
    factors = np.array(found.taken.factors)
    look_at(viewer, found.taken.units, *((low / factors, high / factors) for low, high in (found.box, (corner, corner + size))))
