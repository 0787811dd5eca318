"""The Folders dock: one command on all files of a folder."""

from napari_shapelab.docks.folders.dock import FoldersDock

__all__ = ["FoldersDock"]
