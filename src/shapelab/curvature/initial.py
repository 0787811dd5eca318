"""What a texture grows from, by the name of its start.

Every start but noise is a signed distance to a surface [voxels], positive inside, made a field u in (-1, 1) by
`profile`. Box sizes are in voxels, so that no start depends on physical units.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shapelab.arguments import checked
from shapelab.curvature.nodal import nodal_surface
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.profile import profile
from shapelab.curvature.random_starts import balls, noise, required_mass, tubes, waves
from shapelab.curvature.solids import SOLIDS, solid

__all__ = ["signed_distance", "starting_field"]

_RANDOM: dict[str, Callable[[CurvatubesParameters, np.random.Generator], np.ndarray]] = {"waves": waves, "balls": balls, "tubes": tubes}


def starting_field(parameters: CurvatubesParameters, rng: np.random.Generator, mass: np.ndarray | None = None) -> np.ndarray:
    """Return the field u, shape (z, y, x), that `parameters.start` names.

    Parameters
    ----------
    parameters
        Their shape, mass, start, start_size, interface width and boundary matter here.
    rng
        Source of all randomness.
    mass
        A mass that varies in space, for noise; it replaces that of the parameters.

    Raises
    ------
    ParameterError
        If the start brings no volume of its own and `mass` is None.
    """
    if parameters.start == "noise":
        mean = required_mass(parameters) if mass is None else mass
        return noise(parameters.shape, mean, rng, periodic=parameters.boundary == "periodic")
    wanted = parameters.mass if mass is None else float(np.broadcast_to(mass, parameters.shape).mean())
    return profile(signed_distance(parameters, rng), parameters.interface_width, wanted)


@checked()
def signed_distance(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the signed distance [voxels] to the surface that `parameters.start` names ("noise" has none)."""
    if parameters.start in _RANDOM:
        return _RANDOM[parameters.start](parameters, rng)
    if parameters.start in SOLIDS:
        return solid(parameters)
    return nodal_surface(parameters.start, parameters.shape, parameters.start_size)
