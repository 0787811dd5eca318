"""A cell in words, with units: what the dock says of the one that was picked."""

from __future__ import annotations

import numpy as np

from shapelab.simulation import Frame
from shapelab.units import percent, shown_unit

__all__ = ["cell_in_words"]

_POWERS = {"perimeter": 1, "surface": 2}
"""Features of a cell that are powers of a length."""
_ANGLES = ("heading",)
_SPECIAL = ("id", "type", "volume", "target", "error", "neighbours")
"""Features that are told in words of their own."""


def cell_in_words(frame: Frame, cell: int) -> str:
    """Return what a frame knows of the cell with this id, in one line."""
    seeds = frame.layer("seeds")
    features, unit = seeds.meta["features"], str(seeds.meta["units"][-1])
    ndim = len(seeds.meta["scale"])
    rows = np.flatnonzero(np.asarray(features["id"]) == cell)
    if not len(rows):
        return f"Cell {cell} is no longer there."
    one = {name: float(np.asarray(values)[rows[0]]) for name, values in features.items()}
    kinds = len(np.unique(features["type"])) > 1
    parts = [f"type {one['type']:.0f}"] if kinds else []
    parts.append(
        f"{'area' if ndim == 2 else 'volume'} {one['volume']:.4g} {_power(unit, ndim)} of {one['target']:.4g} ({percent(one['error'])} off)"
    )
    parts.append("1 neighbour" if one["neighbours"] == 1 else f"{one['neighbours']:.0f} neighbours")
    parts += [_one(name, value, unit) for name, value in one.items() if name not in _SPECIAL and np.isfinite(value)]
    return f"Cell {cell}: " + ", ".join(parts)


def _one(name: str, value: float, unit: str) -> str:
    said = f"{name.replace('_', ' ')} {value:.3g}"
    if name in _POWERS:
        return f"{said} {_power(unit, _POWERS[name])}"
    if name == "speed":
        return f"{said} {_per_time(unit)}"
    return f"{said}°" if name in _ANGLES else said


def _power(unit: str, power: int) -> str:
    known = shown_unit(unit) or "px"
    return known + {1: "", 2: "²", 3: "³"}[power]


def _per_time(unit: str) -> str:
    return f"{shown_unit(unit) or 'px'}/s"
