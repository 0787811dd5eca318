"""Incompressible cells of prescribed volume, moved by any N-body model."""

from shapelab.cells.create import Cells
from shapelab.cells.diagram import Diagram
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import CellParameters, PlaneParameters, SpaceParameters
from shapelab.cells.state import CellState

__all__ = ["CellModel", "CellParameters", "CellState", "Cells", "Diagram", "PlaneParameters", "SpaceParameters"]
