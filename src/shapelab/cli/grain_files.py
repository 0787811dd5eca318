"""What `export` does for DAMASK, Neper, CompuCell3D and ImageJ: cells or grains of an image, an orientation map, a diagram, or a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.grain_input import is_diagram, read_cells, tell
from shapelab.cli.parser import refuse

__all__ = ["export_grains"]


def export_grains(known: argparse.Namespace) -> Path:
    """Write what the suffix asks for, and say what was taken for granted."""
    from shapelab.crystals.sample import GrainSample
    from shapelab.io.output import require_new

    refuse(known, ("size", "inner_size", "no_background"), "is for finite elements only: leave it out.")
    if known.out.suffix.lower() != ".vti":
        refuse(known, ("periodic",), f"is not stated by {known.out.suffix} files: leave it out.")
    require_new(known.out)
    if is_diagram(known.path):
        from shapelab.crystals import load_diagram

        refused = ("voxel_size", "unit", "periodic", "step", "layer", "resolution")
        refuse(known, refused, f"is not for diagrams: {known.path.name} states its box (shapelab draw takes a --resolution). Leave it out.")
        sample = GrainSample.drawn(load_diagram(known.path))
    else:
        grains = read_cells(known)
        assert grains.labels is not None
        assert grains.place is not None
        sample = GrainSample(grains.labels, grains.place, **grains.known, periodic=known.periodic)
    tell(known.path.name, sample.save(known.out))
    return Path(known.out)
