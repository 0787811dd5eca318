"""What a page shows of a simulation as it is now: a whole page at first, then only the numbers of the newest frame."""

from __future__ import annotations

import dataclasses
import gzip
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.page.cells import FlatCells, columns_of, present_cells
from shapelab.page.declarations import choices
from shapelab.page.description import describe_present
from shapelab.page.packing import Blobs, Chunks, quantised
from shapelab.page.template import fill
from shapelab.page.volumes import Volume, curvature_range, small_labels
from shapelab.simulation import Simulation

__all__ = ["MOST_VOXELS", "Scene"]

MOST_VOXELS = 128**3
"""Voxels of an image up to which all of them are sent; of larger ones every second is, or every third…"""
_BITS, _CELL_BITS = 8, 24
_CURVATURE_EVERY = 1.0
"""Time between two looks at the range of curvatures, by which a surface is coloured [s]."""


class Scene:
    """The present frame of a simulation.

    Parameters
    ----------
    simulation
        The simulation that is shown; nobody may step it meanwhile.

    Raises
    ------
    InputError
        If nothing of its frames can be shown in a page.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._curvature: tuple[float, float] | None = None
        self.look()
        if self.cells is None and not self.volumes:
            raise InputError(f"A page shows images and labels in 2-D and 3-D; {simulation.model.name} has none.")

    def look(self) -> None:
        """Take the present frame."""
        self.frame: Frame = self.simulation.frame()
        self.cells: FlatCells | None = present_cells(self.simulation, self.frame)
        hidden = ("cells", "walls") if self.cells is not None else ()
        layers = [layer for layer in self.frame if layer.kind in ("image", "labels") and layer.name not in hidden]
        layers.sort(key=lambda layer: (layer.name != "field", layer.kind != "labels"))
        self.volumes = [Volume.of_layer(_thinned(layer)) for layer in layers if np.ndim(layer.data) in (2, 3)]

    def row(self) -> tuple[int, float, dict[str, float | None]]:
        """Return step, time and scalars; None where one is not finite."""
        numbers = {name: float(value) for name, value in self.frame.scalars.items()}
        return self.frame.step, self.frame.time, {name: value if math.isfinite(value) else None for name, value in numbers.items()}

    def page(self) -> str:
        """Return a page that shows this frame and waits for later ones."""
        layers: list[dict[str, Any]] = []
        blobs = Blobs()
        if self.cells is not None:
            layers.append(blobs.take_cells(*self.cells.pack(_CELL_BITS)))
        for volume in self.volumes:
            chunks, described = volume.pack([0], _BITS)
            layers.append({**described, **blobs.take(chunks)})
        scalars = Chunks()
        scalars.add_bytes(np.array(list(self.frame.scalars.values()), "<f8").tobytes())
        said = describe_present(self.simulation, self.frame)
        remote = {"choices": choices(self.simulation.parameters), "note": self._note()}
        return fill(said | {"layers": layers, "scalars": blobs.take(scalars), "remote": remote}, blobs)

    def message(self) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Return what differs from the page's own frame: a description of every layer, and its gzipped arrays."""
        described: list[dict[str, Any]] = []
        arrays: list[np.ndarray] = []
        if self.cells is not None:
            [frame] = self.cells.frames
            columns = columns_of(frame)
            described.append({"count": len(frame["ids"]), "columns": list(columns)})
            arrays += [np.stack(list(columns.values())).astype("<f8"), frame["open"].astype(np.uint8)]
        for volume in self.volumes:
            data = np.asarray(volume.frames[0])
            if volume.labels:
                described.append({})
                arrays.append(small_labels(data))
                continue
            low, high = volume.limits(_BITS, [0])
            described.append({"low": low, "high": high})
            if volume.surface and data.ndim == 3:
                described[-1]["curvature"] = self._curvature_of(volume, data)
            arrays.append(quantised(data, low, high, _BITS))
        return described, [gzip.compress(np.ascontiguousarray(array).tobytes(), 1, mtime=0) for array in arrays]

    def _curvature_of(self, volume: Volume, data: np.ndarray) -> float:
        now = time.monotonic()
        if self._curvature is None or now - self._curvature[0] > _CURVATURE_EVERY:
            scale = volume.meta.get("scale", (1.0,) * 3)
            self._curvature = now, curvature_range(data, scale, float(volume.meta.get("iso_threshold") or 0.0))
        return self._curvature[1]

    def _note(self) -> str:
        strides = {_stride(np.shape(layer.data)) for layer in self.frame if layer.kind in ("image", "labels")}
        most = max(strides, default=1)
        return f"One voxel in {most} along each axis is shown; the run itself has all of them." if most > 1 and self.volumes else ""


def _stride(shape: Sequence[int]) -> int:
    """Return along how many voxels of each axis one is shown."""
    stride = 1
    while math.prod(-(-n // stride) for n in shape) > MOST_VOXELS:
        stride += 1
    return stride


def _thinned(layer: LayerData) -> LayerData:
    """Return a layer with so few voxels that a page can follow it."""
    shape = np.shape(layer.data)
    stride = _stride(shape)
    if stride == 1:
        return layer
    scale = tuple(float(h) * stride for h in layer.meta.get("scale", (1.0,) * len(shape)))
    return dataclasses.replace(
        layer, data=np.asarray(layer.data)[(slice(None, None, stride),) * len(shape)], meta={**layer.meta, "scale": scale}
    )
