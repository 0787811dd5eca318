"""The Cells dock: incompressible cells that move."""

from napari_shapelab.docks.cells.dock import CellsDock

__all__ = ["CellsDock"]
