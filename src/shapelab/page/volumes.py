"""Images and labels of a run as a page holds them: fields in few bits, labels as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io import Run
from shapelab.io.record import LayerRecord
from shapelab.memory import of_page
from shapelab.page.packing import Chunks, quantised
from shapelab.units import shown_unit

__all__ = ["Volume", "curvature_range", "layer_unit", "small_labels"]

_NEAR_SURFACE = {6: 0.8, 5: 0.8, 4: 0.65}
"""With so many bits, a phase field is told apart up to this value only: beyond two or three voxels from the surface nothing is seen."""


class Frames(Protocol):
    """Arrays by the number of their frame."""

    def __getitem__(self, index: int, /) -> np.ndarray:
        """Return one of them."""


class Volume:
    """An image or label layer over time.

    Parameters
    ----------
    name, meta
        Name and ``meta`` of the layer.
    frames
        Its arrays, one for each frame.
    shape
        Shape of each of them.
    labels
        Whether they are labels, and not an image.
    """

    def __init__(self, name: str, meta: Mapping[str, Any], frames: Frames, shape: tuple[int, ...], *, labels: bool) -> None:
        self.name, self.meta, self.frames, self.shape, self.labels = name, meta, frames, shape, labels
        self.surface = meta.get("rendering") == "iso"
        limits = meta.get("contrast_limits")
        self._limits = None if limits is None else (float(limits[0]), float(limits[1]))

    @classmethod
    def of_run(cls, run: Run, item: LayerRecord) -> Volume:
        """Return a layer of a run; its arrays are read when they are looked at."""
        array = run.array(item)
        return cls(item.name, item.meta, array, tuple(int(n) for n in array.shape[1:]), labels=item.kind == "labels")

    @classmethod
    def of_layer(cls, layer: LayerData) -> Volume:
        """Return a single image or label image, as one frame."""
        data = np.asarray(layer.data)
        return cls(layer.name, layer.meta, [data], data.shape, labels=layer.kind == "labels")

    def memory(self) -> int:
        """Return what packing it takes [bytes]."""
        return of_page(self.shape, labels=self.labels)

    def limits(self, bits: int, indices: Sequence[int]) -> tuple[float, float]:
        """Return the values that the lowest and the highest number stand for."""
        if self._limits is None:
            sample = [np.asarray(self.frames[index], float) for index in (*indices[:: max(1, len(indices) // 4)], indices[-1])]
            finite = np.concatenate([values[np.isfinite(values)] for values in sample])
            if not finite.size:
                raise InputError(f"{self.name!r} has no finite value, so there is nothing to show.")
            self._limits = float(finite.min()), float(finite.max())
        low, high = self._limits
        if self.surface and bits in _NEAR_SURFACE and (low, high) == (-1.0, 1.0):
            return -_NEAR_SURFACE[bits], _NEAR_SURFACE[bits]
        return low, high

    def pack(self, indices: Sequence[int], bits: int) -> tuple[Chunks, dict[str, Any]]:
        """Return the bytes of these frames, and what is needed to read them."""
        chunks = Chunks()
        low, high = (0.0, 0.0) if self.labels else self.limits(bits, indices)
        last = np.zeros(0)
        for index in indices:
            last = np.asarray(self.frames[index])
            chunks.add_frame(small_labels(last) if self.labels else quantised(last, low, high, bits))
        meta = self.meta
        described: dict[str, Any] = {
            "kind": ("labels" if self.labels else "image") + str(len(self.shape)),
            "name": self.name,
            "shape": list(self.shape),
            "scale": [float(h) for h in meta.get("scale", (1.0,) * len(self.shape))],
            "unit": layer_unit(meta.get("units")),
        }
        if self.labels:
            return chunks, described | {"classes": list(self.meta.get("classes", ()))}
        described |= {"bits": bits, "low": low, "high": high, "surface": self.surface, "level": float(meta.get("iso_threshold") or 0.0)}
        if self.surface and len(self.shape) == 3:
            described["curvature"] = curvature_range(last, described["scale"], described["level"])
        return chunks, described


def layer_unit(units: Any) -> str:
    """Return the unit of a layer, one word for all axes or one each, as people write it."""
    last = units if isinstance(units, str) or units is None else list(units)[-1]
    return shown_unit(str(last or ""))


def small_labels(labels: np.ndarray) -> np.ndarray:
    """Return labels as uint8 or uint16; larger ones are counted round, never to 0."""
    top = int(labels.max(initial=0))
    if top < 2**8:
        return labels.astype(np.uint8)
    if top < 2**16:
        return labels.astype(np.uint16)
    return np.where(labels > 0, (labels.astype(np.int64) - 1) % (2**16 - 1) + 1, 0).astype(np.uint16)


def curvature_range(field: np.ndarray, scale: Sequence[float], level: float) -> float:
    """Return a mean curvature [1/unit] that nine tenths of the surface ``field = level`` stay below, 1 where there is no surface."""
    u = np.asarray(field, float) - level
    first = np.gradient(u, *scale)
    square = sum(d * d for d in first)
    near = (np.abs(u) < 0.5) & (square > 0)
    if not near.any():
        return 1.0
    normal = [d / np.sqrt(np.maximum(square, 1e-300)) for d in first]
    divergence = sum(np.gradient(normal[axis], scale[axis], axis=axis) for axis in range(3))
    return float(max(np.quantile(np.abs(np.asarray(divergence)[near]) / 2, 0.9), 1e-12))
