"""The Curvatubes dock: textures from a curvature energy."""

from napari_shapelab.docks.curvatubes.dock import CurvatubesDock

__all__ = ["CurvatubesDock"]
