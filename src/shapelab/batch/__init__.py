"""Runs by the hundred: sweeps over parameters on Dask, atlases of their shapes, and textures fitted to a mask."""

from __future__ import annotations

from shapelab.batch.spec import SweepSpec, read_spec
from shapelab.batch.sweep import load_sweep, sweep

__all__ = ["SweepSpec", "load_sweep", "read_spec", "sweep"]
