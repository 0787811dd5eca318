"""Curvatubes: textures of tubes, membranes and sponges that minimise a curvature energy."""

from shapelab.curvature.create import Curvatubes
from shapelab.curvature.model import CurvatubesModel, CurvatubesState
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients, PerfectSquares

__all__ = ["Coefficients", "Curvatubes", "CurvatubesModel", "CurvatubesParameters", "CurvatubesState", "PerfectSquares"]
