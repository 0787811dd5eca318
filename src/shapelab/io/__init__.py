"""Files: images, meshes, runs and sample data."""

from __future__ import annotations

from shapelab.io import samples
from shapelab.io.image import ArrayEntry, list_arrays, read_image
from shapelab.io.mesh import read_mesh, write_mesh
from shapelab.io.run import Run, load_run
from shapelab.io.writer import RunWriter, save_run

__all__ = ["ArrayEntry", "Run", "RunWriter", "list_arrays", "load_run", "read_image", "read_mesh", "samples", "save_run", "write_mesh"]
