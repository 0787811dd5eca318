"""The Atlas dock: a map of shapes."""

from napari_shapelab.docks.atlas.dock import AtlasDock

__all__ = ["AtlasDock"]
