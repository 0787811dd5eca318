"""The Replay dock: a saved run in time."""

from napari_shapelab.docks.replay.dock import ReplayDock

__all__ = ["ReplayDock"]
