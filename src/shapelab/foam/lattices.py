"""Foams that fill space by repeating: those of Kelvin and of Weaire and Phelan, as starts of runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.foam.create import Foam
from shapelab.limits import Limits
from shapelab.simulation import Simulation

__all__ = ["KELVIN", "WEAIRE_PHELAN", "Lattice", "lattice_foam"]


@dataclass(frozen=True)
class Lattice:
    """Where the cells of a cube that repeats are."""

    name: str
    places: tuple[tuple[float, float, float], ...]
    """Centres of the cells, in sides of the cube."""


KELVIN = Lattice("Kelvin", ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5)))
"""Truncated octahedra on a body-centred lattice: W. Thomson, Phil. Mag. 24, 503 (1887)."""
WEAIRE_PHELAN = Lattice(
    "Weaire-Phelan",
    (
        (0.0, 0.0, 0.0),
        (0.5, 0.5, 0.5),
        (0.25, 0.5, 0.0),
        (0.75, 0.5, 0.0),
        (0.0, 0.25, 0.5),
        (0.0, 0.75, 0.5),
        (0.5, 0.0, 0.25),
        (0.5, 0.0, 0.75),
    ),
)
"""Two kinds of cells of one volume: D. Weaire, R. Phelan, Phil. Mag. Lett. 69, 107 (1994)."""


@checked(side=Limits(16, 512), repeats=Limits(1, 8))
def lattice_foam(lattice: Lattice, side: int, *, repeats: int = 1) -> Simulation:
    """Return a periodic foam of equal volumes and tensions with the cells of a lattice.

    Parameters
    ----------
    lattice
        `KELVIN` or `WEAIRE_PHELAN`.
    side
        Pixels along each side of a cube that repeats.
    repeats
        Cubes along each axis.
    """
    from scipy.spatial import cKDTree

    cube = np.array(lattice.places)
    shifts = np.stack(np.meshgrid(*[np.arange(repeats)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    n = side * repeats
    # a little off the symmetric places, so that no pixel is as near to two cells
    places = ((cube + shifts).reshape(-1, 3) * side + 0.137) % n
    pixels = np.stack(np.meshgrid(*[np.arange(n) + 0.5] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    labels = cKDTree(places, boxsize=np.full(3, float(n))).query(pixels)[1].reshape(n, n, n) + 1
    volumes = dict.fromkeys(range(1, len(places) + 1), n**3 / len(places))
    return Foam(labels=labels.astype(np.int32), volumes=volumes, periodic=True, first=1.0)
