"""The layer in which the atlas shows one of its members at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

from napari_shapelab.run.provenance import provenance
from napari_shapelab.viewer.insert import insert_layer
from shapelab.batch import Atlas
from shapelab.batch.atlas import AtlasMember

__all__ = ["MemberLayer"]


class MemberLayer:
    """One layer, used again for each member that fits into it.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None

    def show(self, atlas: Atlas, member: AtlasMember) -> None:
        """Show a member in place of the one before."""
        shape = member.shape
        data = np.asarray(shape.data)
        meta = {key: value for key, value in shape.meta.items() if key != "contrast_limits"}
        if shape.kind == "image":
            data = data.astype(np.float32) / max(1, int(np.abs(data).max()))
            meta |= {"contrast_limits": (-1.0, 1.0), "colormap": "bop blue", "rendering": "iso", "iso_threshold": 0.0}
        name = f"atlas · {member.name}"
        metadata = {"shapelab": provenance(atlas.simulation(member.parameters))}
        old = self._layer if self._layer in self._viewer.layers else None
        if old is not None and old.data.shape == data.shape and old.data.dtype == data.dtype:
            old.data, old.name, old.visible = data, name, True
            old.metadata.update(metadata)
            return
        self._layer = Layer.create(data, {"name": name, "metadata": metadata, **meta}, shape.kind)
        insert_layer(self._viewer, self._layer)
        self._viewer.layers.selection = {self._layer}
        if data.ndim == 3:
            self._viewer.dims.ndisplay = 3

    def hide(self) -> None:
        """Hide the layer: something else is shown."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.visible = False
