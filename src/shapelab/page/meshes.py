"""Triangle meshes as a page holds them: vertices in 16 bits along each axis, values at them, and triangles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.page.packing import Chunks, Column, folded, pack_columns
from shapelab.page.volumes import layer_unit

__all__ = ["MeshLayer"]

_BITS = 16


class MeshLayer:
    """One triangle mesh.

    Parameters
    ----------
    name, meta
        Name and ``meta`` of the layer.
    vertices
        (n, 3), (z, y, x).
    faces
        (m, 3)
    values
        (n,) numbers by which it can be coloured, by their names.
    """

    def __init__(
        self, name: str, meta: Mapping[str, Any], vertices: np.ndarray, faces: np.ndarray, values: Mapping[str, np.ndarray] | None = None
    ) -> None:
        self.name, self.meta = name, meta
        self.vertices, self.faces = np.asarray(vertices, float), np.asarray(faces, np.int64)
        self.values = {key: np.nan_to_num(np.asarray(held, float)) for key, held in (values or {}).items()}
        sound = self.vertices.ndim == 2 and self.vertices.shape[1] == 3 and self.faces.ndim == 2 and self.faces.shape[1] == 3
        if not (sound and len(self.faces) and np.isfinite(self.vertices).all()):
            raise InputError(f"{name!r}: a web page shows meshes of triangles (m, 3) between finite points (n, 3).")
        if self.faces.min() < 0 or self.faces.max() >= len(self.vertices):
            raise InputError(f"{name!r}: its triangles speak of vertices that are not there.")

    @classmethod
    def of_layer(cls, layer: LayerData) -> MeshLayer:
        """Return a surface layer ``(vertices, faces[, values])``; ``meta["features"]`` may have further values at the vertices."""
        vertices, faces, *values = layer.data
        named = {str(name): np.asarray(held) for name, held in dict(layer.meta.get("features") or {}).items()}
        if values:
            named = {"value": np.asarray(values[0]), **named}
        kept = {name: held for name, held in named.items() if held.dtype.kind in "biuf" and held.shape == (len(vertices),)}
        return cls(layer.name, layer.meta, vertices, faces, kept)

    def pack(self, indices: Sequence[int] = (0,), bits: int = _BITS) -> tuple[Chunks, dict[str, Any]]:
        """Return its bytes, and what is needed to read them; `indices` and `bits`, which images share, play no part."""
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        high = np.maximum(high, low + max(float((high - low).max()), 1e-9) * 1e-6)  # a flat mesh has a thickness to be counted in
        columns = [Column(f"x{axis}", [self.vertices[:, axis]], float(low[axis]), float(high[axis])) for axis in range(3)]
        columns += [Column(f"value{number}", [held]) for number, held in enumerate(self.values.values())]
        chunks, described = pack_columns(columns, _BITS)
        chunks.add_bytes(folded(np.diff(self.faces.ravel(), prepend=0)))
        return chunks, {
            "kind": "mesh3",
            "name": self.name,
            "counts": [len(self.vertices)],
            "triangles": len(self.faces),
            "columns": described,
            "faces": len(chunks.places) - 1,
            "scale": [float(h) for h in self.meta.get("scale", (1.0,) * 3)],
            "unit": layer_unit(self.meta.get("units")),
            "low": low.tolist(),
            "high": high.tolist(),
            "values": [_described(name, held) for name, held in self.values.items()],
        }


def _described(name: str, values: np.ndarray) -> dict[str, Any]:
    """Return the range in which a mesh is coloured: that of nine tenths of its vertices, symmetric where there are both signs."""
    low, high = (float(edge) for edge in np.quantile(values, (0.05, 0.95)))
    if low < 0 < high:
        low, high = -max(-low, high), max(-low, high)
    if low == high:
        low, high = float(values.min()), float(values.max())
    return {"name": name, "low": low, "high": high if high > low else low + 1}
