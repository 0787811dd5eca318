"""The face of shapelab in napari: docks, streaming into layers, readers, writers and samples."""
