"""Parameters that vary in space: textures that follow one another along x, and fields of the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shapelab.arrays import require_finite
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients
from shapelab.errors import InputError

__all__ = ["FIELDS", "blended", "checked_fields"]

FIELDS = (*Coefficients._fields, "mass", "orientation", "direction")
"""Parameters that may be arrays."""


def blended(parameters: CurvatubesParameters) -> dict[str, np.ndarray]:
    """Return the coefficients and the mass along x of a `sequence` of presets, {} without one.

    The presets sit at the middles of equal parts of the box, and their values are interpolated linearly in between,
    around the end of the box as well if it is periodic (Song 2022, spatialised coefficients).
    """
    from shapelab.catalog import scenario

    names = [name.strip() for name in parameters.sequence.split(",") if name.strip()]
    if not names:
        return {}
    tables = [CurvatubesParameters(**scenario("curvatubes", name).parameters) for name in names]
    nx = parameters.shape[2]
    knots = (np.arange(len(names)) + 0.5) / len(names) * nx
    x = np.arange(nx) + 0.5
    period = nx if parameters.boundary == "periodic" else None
    fields = {name: np.array([getattr(table, name) for table in tables], float) for name in (*Coefficients._fields, "mass")}
    return {name: np.interp(x, knots, values, period=period)[None, None, :] for name, values in fields.items()}


def checked_fields(fields: Mapping[str, Any], shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """Return the fields as arrays of numbers that broadcast to the grid, or refuse them in one sentence."""
    checked = {}
    for name, values in fields.items():
        if name not in FIELDS:
            raise InputError(f"{name!r} cannot vary in space; only {', '.join(FIELDS)} can.")
        array = np.array(values, dtype=float)
        wanted = (3, *shape) if name == "direction" else shape
        require_finite(f"field {name!r}", array)
        if array.ndim > len(wanted) or any(n not in (1, full) for n, full in zip(array.shape[::-1], wanted[::-1], strict=False)):
            raise InputError(f"The field {name!r} has shape {array.shape}, which does not fit the grid {wanted}.")
        checked[name] = array
    return checked
