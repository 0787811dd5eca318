"""From a segmentation or a movie to parameters of cells: direct estimates with intervals, and models fitted to statistics."""

from __future__ import annotations

from shapelab.estimate.estimates import Estimate, Estimates
from shapelab.estimate.fit import fit_cells
from shapelab.estimate.growth import estimate_growth
from shapelab.estimate.motion import estimate_motion
from shapelab.estimate.options import FitOptions
from shapelab.estimate.result import CellFit
from shapelab.estimate.shape import estimate_shape
from shapelab.estimate.tensions import estimate_tensions

__all__ = [
    "CellFit",
    "Estimate",
    "Estimates",
    "FitOptions",
    "estimate_growth",
    "estimate_motion",
    "estimate_shape",
    "estimate_tensions",
    "fit_cells",
]
