"""Two shapes in one unit of length: nanometres beside micrometres are converted, and that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shapelab.compare.inputs import Shape
from shapelab.compare.sinkhorn import WeightedPoints
from shapelab.convert.mesh import Mesh
from shapelab.errors import InputError
from shapelab.units import conversion, is_length, short_unit

__all__ = ["in_one_unit"]


def in_one_unit(a: Shape, b: Shape) -> tuple[Shape, Shape, list[str]]:
    """Return both in the unit of `a`, and in a sentence what was converted; where only one states a unit, it holds for both.

    Raises
    ------
    InputError
        If the units differ and are not both lengths, or the second is a table or diagram, whose columns have units of their own.
    """
    first, second = (short_unit(shape.unit) for shape in (a, b))
    if not a.unit or not b.unit or first == second:
        unit = a.unit or b.unit
        return replace(a, unit=unit), replace(b, unit=unit), []
    if not is_length(first) or not is_length(second) or not (b.is_grid or b.kind in ("points", "surface")):
        raise InputError(f"One of the two is in {a.unit} and the other in {b.unit}: give both in the same unit.")
    return a, _scaled(b, conversion(second, first), a.unit), [f"The second is in {b.unit}: it was converted to {a.unit}."]


def _scaled(shape: Shape, factor: float, unit: str) -> Shape:
    if shape.kind == "surface":
        return replace(shape, data=Mesh(shape.data.vertices * factor, shape.data.faces), unit=unit)
    if shape.kind == "points":
        return replace(shape, data=WeightedPoints(shape.data.points * factor, shape.data.weights), unit=unit)
    origin = None if shape.origin is None else tuple(float(x) for x in np.multiply(shape.origin, factor))
    turn = None if shape.turn is None else shape.turn.copy()
    if turn is not None:
        turn[:-1, -1] *= factor
    return replace(shape, spacing=tuple(float(h) for h in np.multiply(shape.spacing, factor)), origin=origin, turn=turn, unit=unit)
