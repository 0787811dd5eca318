"""Curvatubes: textures of tubes, membranes and sponges that minimise a curvature energy."""

from shapelab.curvature.create import Curvatubes
from shapelab.curvature.model import CurvatubesModel
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients, PerfectSquares
from shapelab.curvature.state import CurvatubesState

__all__ = ["Coefficients", "Curvatubes", "CurvatubesModel", "CurvatubesParameters", "CurvatubesState", "PerfectSquares"]
