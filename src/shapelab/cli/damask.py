"""What `export` does for DAMASK: a grid of the cells or grains of an image, an orientation map, or a frame of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.grain_input import read_grains, tell
from shapelab.errors import InputError

__all__ = ["export_damask"]


def export_damask(known: argparse.Namespace) -> Path:
    """Write the grid and its materials, and say what was taken for granted."""
    from shapelab.crystals.sample import GrainSample
    from shapelab.io.output import require_new

    for option in ("size", "inner_size", "step", "layer", "resolution"):
        if getattr(known, option) is not None:
            raise InputError(f"--{option.replace('_', '-')} does not change a grid for DAMASK: leave it out.")
    if known.no_background:
        raise InputError("--no-background does not change a grid for DAMASK: leave it out.")
    require_new(known.out)
    reading = argparse.Namespace(
        voxel_size=known.voxel_size, unit=None, key=None, frame=None, channel=None, labels=False, grain_boundary=5.0
    )
    grains = read_grains(known.path, reading)
    if grains.labels is None or grains.place is None:
        raise InputError(f"{known.path.name} is a grain table: draw it first (shapelab fit {known.path.name} --out {known.out.name}).")
    sample = GrainSample(grains.labels, grains.place, periodic=known.periodic, **grains.known)
    tell(known.path.name, sample.save(known.out))
    return Path(known.out)
