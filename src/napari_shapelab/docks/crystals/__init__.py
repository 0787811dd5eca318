"""The Crystals dock: diagrams fitted to grains, and new samples."""

from napari_shapelab.docks.crystals.dock import CrystalsDock

__all__ = ["CrystalsDock"]
