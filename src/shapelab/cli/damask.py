"""What `export` does for DAMASK: a grid of the cells or grains of an image, an orientation map, a diagram, or a frame of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.grain_input import is_diagram, read_cells, tell
from shapelab.cli.parser import refuse

__all__ = ["export_damask"]


def export_damask(known: argparse.Namespace) -> Path:
    """Write the grid and its materials, and say what was taken for granted."""
    from shapelab.crystals.sample import GrainSample
    from shapelab.io.output import require_new

    refuse(known, ("size", "inner_size", "no_background"), "does not change a grid for DAMASK: leave it out.")
    require_new(known.out)
    if is_diagram(known.path):
        from shapelab.crystals import load_diagram

        refused = ("voxel_size", "periodic", "step", "layer", "resolution")
        refuse(known, refused, f"is not for diagrams: {known.path.name} states its box (shapelab draw takes a --resolution). Leave it out.")
        sample = GrainSample.drawn(load_diagram(known.path))
    else:
        grains = read_cells(known)
        assert grains.labels is not None
        assert grains.place is not None
        sample = GrainSample(grains.labels, grains.place, periodic=known.periodic, **grains.known)
    tell(known.path.name, sample.save(known.out))
    return Path(known.out)
