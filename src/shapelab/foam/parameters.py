"""Parameters of a foam: the grid, the cells, their tensions, and what they do beside resting."""

from __future__ import annotations

import math
from typing import Any, Literal

from shapelab.grid_parameters import GridParameters, Size
from shapelab.simulation import parameter

__all__ = ["FoamParameters", "PlaneFoamParameters", "SpaceFoamParameters"]

_TENSION: dict[str, Any] = {"live": True, "gt": 0, "le": 100, "step": 0.05}


class FoamParameters(GridParameters):
    """Parameters of `FoamModel`. Volumes are areas in a plane; only the ratios of tensions change what a foam looks like."""

    arrangement: Literal["cluster", "full", "pair", "cross"] = parameter(
        "cluster",
        "How the cells start: a round cluster in medium, a box full of cells, two that touch, or four that meet at a cross.",
        label="Start",
    )
    periodic: bool = parameter(False, "Opposite sides of the box are joined.")
    n_cells: int = parameter(40, "Number of cells at the start of the run.", label="Number of cells", main=True, ge=1, le=20_000)
    filling: float = parameter(
        0.5, "Fraction of the box that the cells fill; the rest is medium.", label="Volume fraction", gt=0, lt=1, step=0.05
    )
    second_part: float = parameter(0.5, "Fraction of the cells that are of the second type.", ge=0, le=1, step=0.05)
    size_ratio: float = parameter(1.0, "Volume of a cell of the second type over that of one of the first.", ge=0.1, le=10, step=0.1)
    first: float = parameter(0.7, "Tension between two cells of the first type.", main=True, **_TENSION)
    second: float = parameter(0.7, "Tension between two cells of the second type.", main=True, **_TENSION)
    between: float = parameter(1.3, "Tension between cells of different types.", main=True, **_TENSION)
    first_medium: float = parameter(1.4, "Tension between cells of the first type and the medium.", main=True, **_TENSION)
    second_medium: float = parameter(1.4, "Tension between cells of the second type and the medium.", main=True, **_TENSION)
    exact_volumes: bool = parameter(
        True,
        "Every cell keeps its volume; if off, gas passes through the walls and the foam coarsens.",
        label="Exact volumes",
    )
    motility: float = parameter(
        0.1,
        "How strongly cells pull in random directions, so that they move past their neighbours; from 0.5 on they are torn apart.",
        main=True,
        live=True,
        ge=0,
        le=1,
        step=0.01,
    )
    persistence: float = parameter(30.0, "Steps for which a cell keeps its direction.", unit="steps", live=True, ge=1, le=10_000, step=1)
    growth: float = parameter(0.0, "Volume gained per step, as a fraction of the initial volume.", live=True, ge=0, le=0.05, step=0.001)
    divide_at: float = parameter(2.0, "Growing cells divide at this many times their initial volume.", live=True, ge=1.2, le=10, step=0.1)
    smoothing: float | None = parameter(
        None,
        "Width over which interfaces are smoothed (standard deviation of the Gaussian); leave it empty to follow the size of the cells.",
        label="Smoothing width",
        unit="pixels",
        ge=1.5,
        le=20,
        step=0.25,
    )
    fineness: int = parameter(
        1,
        "Pixels drawn per computed pixel along each axis: boundaries look sharper, the cells stay the same.",
        label="Drawing fineness",
        ge=1,
        le=4,
    )
    junctions: Literal["quick", "fine"] = parameter(
        "quick", "How finely junctions are sampled; fine takes up to twice the time in 3-D, and gives better angles.", live=True
    )
    seed: int = parameter(1, "Random seed: the same seed gives the same run.", label="Random seed", main=True, ge=0, le=2**31 - 1)
    max_steps: int = parameter(20_000, "Number of steps after which the run ends.", live=True, ge=1, le=100_000_000)

    @property
    def pixel_volume(self) -> float:
        """Area or volume of a pixel [unit^d]."""
        return math.prod(self.voxel_size)


class PlaneFoamParameters(FoamParameters):
    """Parameters of foams in a plane."""

    shape: tuple[int, int] = parameter((160, 160), "Grid size along y and x.", unit="pixels", main=True)
    voxel_size: tuple[Size, Size] = parameter((1.0, 1.0), "Edge lengths of a pixel (y, x); layers and areas are in this unit.")


class SpaceFoamParameters(FoamParameters):
    """Parameters of foams in space."""

    shape: tuple[int, int, int] = parameter((64, 64, 64), "Grid size along z, y and x.", unit="voxels", main=True)
    voxel_size: tuple[Size, Size, Size] = parameter(
        (1.0, 1.0, 1.0), "Edge lengths of a voxel (z, y, x); layers and volumes are in this unit."
    )
