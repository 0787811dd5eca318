"""Make a curvatubes simulation from a preset, coefficients, or a user's own shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.catalog import scenario
from shapelab.curvature.model import CurvatubesModel
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.starting_shape import Given, Start, given
from shapelab.errors import InputError, ParameterError
from shapelab.simulation import Simulation

__all__ = ["Curvatubes"]

DEFAULT_PRESET = "tubes"


class Curvatubes(Simulation):
    """A simulation of a curvature texture.

    Parameters
    ----------
    preset
        Name of a preset (`shapelab.catalog()` lists them); "tubes" if neither it nor coefficients are given.
    coefficients
        (a20, a11, a02, b10, b01, c), in place of the preset's.
    initial
        What to start from: a mask, labels, a grey image or a field (z, y, x), as an array or as a layer whose scale
        gives the voxel size. Unless said otherwise, the grid, the voxel size and the volume are then its own, and the
        box has walls. Voxels that are not cubes are resampled to cubes of their shortest edge.
    clamped
        Mask, on the same grid, of voxels that stay as they start.
    target
        Mask or image, on the same grid, that `fidelity` pulls towards.
    fields
        Parameters that vary in space: name of a coefficient, "mass", "orientation" or "direction" -> array that
        broadcasts to the grid; "direction" has its three components first.
    **parameters
        Fields of `CurvatubesParameters`.

    Raises
    ------
    ParameterError, InputError
        If an argument is not valid; raised before anything is computed.
    """

    @checked()
    def __init__(
        self,
        preset: str | None = None,
        *,
        coefficients: Sequence[float] | None = None,
        initial: Any = None,
        clamped: Any = None,
        target: Any = None,
        fields: Mapping[str, np.ndarray] | None = None,
        **parameters: Any,
    ) -> None:
        if preset is None and coefficients is None and not any(name in parameters for name in Coefficients._fields):
            preset = DEFAULT_PRESET
        values = {}
        if preset is not None:
            entry = scenario("curvatubes", preset)
            values, preset = dict(entry.parameters), entry.name
        if coefficients is not None:
            values.update(_six(coefficients))
        first = None if initial is None else given(initial)
        start = Start(
            first,
            None if clamped is None else given(clamped, "clamped mask"),
            None if target is None else first if target is initial else given(target, "target"),
            dict(fields or {}),
        )
        shape_giver = start.initial or start.target
        if shape_giver is not None:
            values.update(_of_grid(shape_giver))
        if start.initial is not None:
            values.update(mass=None, boundary="replicate")
        values.update(parameters)
        own = CurvatubesParameters(**values)
        _require_same_grid(start, own)
        super().__init__(CurvatubesModel(), own, initial=start or None, preset=preset)


def _six(coefficients: Sequence[float]) -> dict[str, float]:
    if len(coefficients) != 6:
        raise ParameterError(f"coefficients must be the six numbers (a20, a11, a02, b10, b01, c); received {len(coefficients)}.")
    return dict(zip(Coefficients._fields, coefficients, strict=True))


def _of_grid(volume: Given) -> dict[str, Any]:
    values: dict[str, Any] = {"shape": volume.shape}
    if volume.voxel_size is not None:
        values["voxel_size"] = volume.voxel_size
    if volume.unit is not None:
        values["unit"] = volume.unit
    return values


def _require_same_grid(start: Start, parameters: CurvatubesParameters) -> None:
    for what, volume in (("starting shape", start.initial), ("clamped mask", start.clamped), ("target", start.target)):
        if volume is not None and volume.shape != parameters.shape:
            raise InputError(f"The {what} has shape {volume.shape} on cubic voxels and the grid {parameters.shape}: make them agree.")
