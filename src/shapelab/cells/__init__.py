"""Incompressible cells of prescribed volume, moved by any N-body model."""

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.create import Cells
from shapelab.cells.model import CellModel
from shapelab.cells.parameters import CellParameters, PlaneParameters, SpaceParameters
from shapelab.cells.state import CellState

__all__ = ["CellDiagram", "CellModel", "CellParameters", "CellState", "Cells", "PlaneParameters", "SpaceParameters"]
