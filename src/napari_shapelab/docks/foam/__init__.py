"""The Foam dock: cells with interface tensions and exact volumes."""

from napari_shapelab.docks.foam.dock import FoamDock

__all__ = ["FoamDock"]
