"""Parameters that all scenarios share: the grid, how many cells, how they yield, and the time step."""

from __future__ import annotations

import math

from shapelab.grid_parameters import GridParameters, Size, ball_radius
from shapelab.simulation import parameter

__all__ = ["CellParameters", "PlaneParameters", "SpaceParameters"]


class CellParameters(GridParameters):
    """Parameters of every `CellModel`.

    Lengths are fractions of the longest side of the box (unit "box") and areas, volumes and speeds follow, so that a
    finer grid keeps the meaning of a scenario; `voxel_size` says how large the box is in the world, and layers,
    features and measured volumes are in that unit.
    """

    n_cells: int = parameter(40, "Number of cells at the start of the run.", label="Number of cells", main=True, ge=0, le=100_000)
    filling: float = parameter(
        0.8,
        "Fraction of the available space that cells fill; the rest is medium.",
        label="Volume fraction",
        gt=0,
        le=1,
        step=0.01,
        main=True,
    )
    p: float = parameter(
        2.0,
        "How easily cells deform: 0.5 is soft and liquid-like, 2 the reference, 8 nearly rigid balls.",
        label="Exponent p",
        live=True,
        ge=0.25,
        le=16,
        step=0.25,
    )
    stiffness: float = parameter(
        1.0, "How strongly a cell holds its shape against its neighbours (the factor C of the cost).", live=True, gt=0, le=1000, step=0.1
    )
    correction: float = parameter(
        1.0,
        "How strongly cell centres are pulled back into their cells (multiplied by the cell radius).",
        unit="box/s",
        live=True,
        ge=0,
        le=1000,
        step=0.01,
    )
    dt: float | None = parameter(
        None, "Time step; leave it empty for the largest stable one.", unit="s", live=True, gt=0, le=10, step=0.001
    )
    tolerance: float = parameter(
        0.02,
        "Largest mean relative error of the cell volumes (0.02 is 2 %); a single cell may be off by five times as much.",
        live=True,
        ge=0.001,
        le=0.2,
        step=0.005,
    )
    fineness: int = parameter(
        1,
        "Pixels drawn per computed pixel along each axis: boundaries look sharper, the cells stay the same.",
        label="Drawing fineness",
        ge=1,
        le=4,
    )
    seed: int = parameter(1, "Random seed: the same seed gives the same run.", label="Random seed", main=True, ge=0, le=2**31 - 1)
    device: str = parameter("auto", "Device to compute on: auto, cpu or cuda.")
    max_time: float | None = parameter(
        None, "Simulated time after which the run ends; leave it empty to run without limit.", unit="s", live=True, gt=0, le=1e9, step=1.0
    )
    max_steps: int = parameter(20_000, "Number of steps after which the run ends.", live=True, ge=1, le=100_000_000)

    @property
    def length(self) -> float:
        """Longest side of the box in the world: one box length [unit]."""
        return max(n * h for n, h in zip(self.shape, self.voxel_size, strict=True))

    @property
    def spacing(self) -> tuple[float, ...]:
        """Size of a pixel in box lengths."""
        return tuple(h / self.length for h in self.voxel_size)

    @property
    def box_volume(self) -> float:
        """Area or volume of the whole box, in box lengths."""
        return math.prod(n * h for n, h in zip(self.shape, self.spacing, strict=True))

    def radius(self) -> float:
        """Radius of a cell of mean volume, in box lengths, if the whole box is room."""
        return ball_radius(self.filling * self.box_volume / max(1, self.n_cells), self.ndim)


class PlaneParameters(CellParameters):
    """Parameters of the two-dimensional scenarios."""

    shape: tuple[int, int] = parameter((96, 96), "Grid size along y and x.", unit="pixels", main=True)
    voxel_size: tuple[Size, Size] = parameter((1.0, 1.0), "Edge lengths of a pixel (y, x); layers and areas are in this unit.")


class SpaceParameters(CellParameters):
    """Parameters of the three-dimensional scenarios."""

    shape: tuple[int, int, int] = parameter((48, 48, 48), "Grid size along z, y and x.", unit="voxels", main=True)
    voxel_size: tuple[Size, Size, Size] = parameter(
        (1.0, 1.0, 1.0), "Edge lengths of a voxel (z, y, x); layers and volumes are in this unit."
    )
