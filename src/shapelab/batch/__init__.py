"""Runs and files by the hundred: sweeps over parameters on Dask, folders, atlases of shapes, and textures fitted to a mask."""

from __future__ import annotations

from shapelab.batch.atlas import Atlas, AtlasMember, open_atlas, shipped_atlas
from shapelab.batch.between import between, weights_at
from shapelab.batch.distances import member_distances
from shapelab.batch.fit import TextureFit, fit_texture
from shapelab.batch.folder import FolderTable, table_of_folder
from shapelab.batch.groups import compare_groups, member_table
from shapelab.batch.layout import clusters, plane
from shapelab.batch.spec import SweepSpec, read_spec
from shapelab.batch.sweep import counts, load_sweep, sweep
from shapelab.batch.thumbnails import thumbnail

__all__ = [
    "Atlas",
    "AtlasMember",
    "FolderTable",
    "SweepSpec",
    "TextureFit",
    "between",
    "clusters",
    "compare_groups",
    "counts",
    "fit_texture",
    "load_sweep",
    "member_distances",
    "member_table",
    "open_atlas",
    "plane",
    "read_spec",
    "shipped_atlas",
    "sweep",
    "table_of_folder",
    "thumbnail",
    "weights_at",
]
