"""Points and arrows as a page holds them: places, directions and a colour, frame by frame, in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.errors import InputError, ShapelabError
from shapelab.frame import LayerData
from shapelab.io import Run
from shapelab.io.record import LayerRecord
from shapelab.page.packing import Chunks, Column, pack_columns
from shapelab.page.volumes import layer_unit

__all__ = ["Marks", "Places"]

_BITS = 16
"""Of a coordinate: far less than a pixel of any screen."""


@dataclass(frozen=True)
class Places:
    """The marks of one frame."""

    positions: np.ndarray
    """(N, d) in pixels."""
    directions: np.ndarray | None = None
    """(N, d) in pixels, None for points."""
    colours: np.ndarray | None = None
    """(N,) a number for each, None if they are all alike."""


class Marks:
    """Points or arrows over time.

    Parameters
    ----------
    name, meta
        Name and ``meta`` of the layer.
    frames
        What there is of each frame.
    lines
        Whether directions are those of an axis, which has no sense.
    colour_by
        What the colours are, "" if nothing.
    """

    def __init__(self, name: str, meta: Mapping[str, Any], frames: Sequence[Places], *, lines: bool = False, colour_by: str = "") -> None:
        self.name, self.meta, self.frames, self.lines, self.colour_by = name, meta, list(frames), lines, colour_by
        self.ndim = int(self.frames[0].positions.shape[1])

    @classmethod
    def of_run(cls, run: Run, item: LayerRecord) -> Marks:
        """Return a point layer of a run, with the long axes of its cells where they have one."""
        table = run.table(item.path)
        axes = [name for name in table.columns if str(name).startswith("axis_")]
        of_frame, places = table["frame"].to_numpy(), table[axes].to_numpy(float)
        found = [places[of_frame == index] for index in range(len(run))]
        long = _long_axes(run, found)
        frames = [Places(at, None if long is None else long[index]) for index, at in enumerate(found)]
        return cls(item.name, item.meta, frames, lines=True)

    @classmethod
    def of_layer(cls, layer: LayerData) -> Marks:
        """Return points (N, d) or vectors (N, 2, d), coloured by the first of their features that is a number."""
        data = np.asarray(layer.data, float)
        features = {str(name): np.asarray(values) for name, values in dict(layer.meta.get("features") or {}).items()}
        name = next((name for name, values in features.items() if values.dtype.kind in "biuf" and len(values) == len(data)), "")
        colours = np.nan_to_num(features[name].astype(float)) if name else None
        if data.ndim != (3 if layer.kind == "vectors" else 2) or data.shape[-1] not in (2, 3) or not np.isfinite(data).all():
            raise InputError(f"{layer.name!r}: a web page shows points (N, 2 or 3) and vectors (N, 2, 2 or 3) of finite numbers.")
        places = Places(data[:, 0], data[:, 1], colours) if layer.kind == "vectors" else Places(data, None, colours)
        return cls(layer.name, layer.meta, [places], colour_by=name)

    def pack(self, indices: Sequence[int], bits: int = _BITS) -> tuple[Chunks, dict[str, Any]]:
        """Return the bytes of these frames, and what is needed to read them; `bits`, which images share, plays no part."""
        frames = [self.frames[index] for index in indices]
        low, high = self._box()
        columns = [Column(f"x{axis}", [frame.positions[:, axis] for frame in frames], low[axis], high[axis]) for axis in range(self.ndim)]
        columns += [Column(f"v{axis}", [_or_zero(frame, frame.directions, axis) for frame in frames]) for axis in range(self.ndim)]
        columns.append(Column("colour", [_or_zero(frame, frame.colours) for frame in frames]))
        chunks, described = pack_columns(columns, _BITS)
        return chunks, {
            "kind": f"points{self.ndim}",
            "name": self.name,
            "counts": [len(frame.positions) for frame in frames],
            "columns": described,
            "scale": [float(h) for h in self.meta.get("scale", (1.0,) * self.ndim)],
            "unit": layer_unit(self.meta.get("units")),
            "low": low,
            "high": high,
            "lines": self.lines,
            "directed": any(frame.directions is not None for frame in frames),
            "colourBy": self.colour_by,
        }

    def _box(self) -> tuple[list[float], list[float]]:
        """Return the lowest and the highest coordinates of all frames, with their arrows."""
        ends = [frame.positions + (0 if frame.directions is None else frame.directions) for frame in self.frames]
        everything = np.concatenate([*(frame.positions for frame in self.frames), *ends])
        if not len(everything):
            return [0.0] * self.ndim, [1.0] * self.ndim
        return everything.min(axis=0).tolist(), np.maximum(everything.max(axis=0), everything.min(axis=0) + 1e-9).tolist()


def _or_zero(frame: Places, values: np.ndarray | None, axis: int | None = None) -> np.ndarray:
    if values is None:
        return np.zeros(len(frame.positions))
    return values if axis is None else values[:, axis]


def _long_axes(run: Run, found: Sequence[np.ndarray]) -> list[np.ndarray] | None:
    """Return the axes of cells that have one, a cell's radius long, in pixels; None where there are none."""
    if set(run.record.steps) - set(run.record.drawings):
        return None
    try:
        redrawn = run.redrawn(1)
        if getattr(redrawn.model, "arrows", "") != "axis":
            return None
        states: list[Any] = [redrawn.state(index) for index in range(len(run))]
    except ShapelabError:
        return None  # points are shown without them
    if any(len(state.axes) != len(at) for state, at in zip(states, found, strict=True)):
        return None
    return [np.asarray(state.axes, float) * state.radius / np.asarray(state.parameters.spacing) for state in states]
