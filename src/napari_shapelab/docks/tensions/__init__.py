"""The Tensions dock: what a segmentation tells of the forces in a tissue, and back into a simulation."""

from napari_shapelab.docks.tensions.dock import TensionsDock

__all__ = ["TensionsDock"]
