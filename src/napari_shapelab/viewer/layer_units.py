"""What napari's units of an axis mean: a length, a pixel, or something that is neither."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

from shapelab.units import is_length as is_known
from shapelab.units import short_unit

__all__ = ["factor", "is_length", "is_pixel", "named", "unit_of"]


def is_pixel(unit: Any) -> bool:
    """Return whether a unit only counts pixels."""
    return not short_unit(str(unit)) or unit.dimensionality == {"[printing_unit]": 1}


def is_length(unit: Any) -> bool:
    """Return whether a unit is a length or a pixel; angles are pure numbers too, but no lengths."""
    return is_pixel(unit) or unit.dimensionality == {"[length]": 1}


def factor(unit: Any, other: Any) -> float:
    """Return what turns a length in one unit into another; pixels are pixels."""
    return 1.0 if unit == other or is_pixel(unit) else float((1.0 * unit).to(other).magnitude)


def named(unit: Any) -> Any:
    """Return a unit that has a short name here: the same, or millimetres in place of furlongs and decimetres."""
    return unit if is_pixel(unit) or is_known(str(unit)) else (1.0 * unit).to("millimeter").units


def unit_of(layer: Layer) -> str:
    """Return the short name of the layer's unit, "" for pixels."""
    return short_unit(str(layer.units[-1]))
