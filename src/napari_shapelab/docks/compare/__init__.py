"""The Compare dock: two shapes or samples against each other."""

from napari_shapelab.docks.compare.dock import CompareDock

__all__ = ["CompareDock"]
