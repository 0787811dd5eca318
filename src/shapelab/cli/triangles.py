"""What `export` does for finite elements: triangles of the cells in an image, or in a frame of a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.parser import number
from shapelab.errors import InputError
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import numpy as np

__all__ = ["add_triangle_options", "export_triangles", "refuse_triangle_options"]


def add_triangle_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("triangles for finite elements (.inp, .msh, .vtu), of 2-D cells")
    group.add_argument("--size", type=number, metavar="LENGTH", help="size of the triangles (default: a quarter of the median cell's edge)")
    group.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="pixel size of an image: one, or one per axis (y x)")
    group.add_argument("--periodic", action="store_true", help="the image repeats: opposite sides get the same nodes, and equations (.inp)")
    group.add_argument("--no-background", action="store_true", help="no triangles where the label is 0")


def refuse_triangle_options(known: argparse.Namespace) -> None:
    """Refuse what would be ignored; raises InputError."""
    given = {
        "--size": known.size is not None,
        "--voxel-size": known.voxel_size is not None,
        "--periodic": known.periodic,
        "--no-background": known.no_background,
    }
    for option, value in given.items():
        if value:
            raise InputError(f"{option} is for triangles only (.inp, .msh, .vtu): leave it out.")


def export_triangles(known: argparse.Namespace) -> Path:
    """Make the triangles, say how good they are, and write them."""
    from shapelab.io.fem import write_triangles
    from shapelab.mesh import conforming_triangles

    labels, spacing = _labels(known)
    mesh = conforming_triangles(
        labels, known.voxel_size or spacing, size=known.size, periodic=known.periodic, background=not known.no_background
    )
    print(f"shapelab: {mesh.quality}", file=sys.stderr)
    return write_triangles(known.out, mesh)


def _labels(known: argparse.Namespace) -> tuple[np.ndarray, Any]:
    from shapelab.io import load_run, read_image
    from shapelab.labels.check import labels_of

    if not is_file(known.path / "run.json"):
        for option, value in (("--step", known.step is not None), ("--layer", known.layer is not None)):
            if value:
                raise InputError(f"{option} is for run folders: {known.path.name} is a file.")
        layer = read_image(known.path)
        return labels_of(layer), layer.meta["scale"]
    run = load_run(known.path)
    if known.step is not None and known.step not in run.steps:
        raise InputError(f"The run {run.path.name} has no frame of step {known.step}; it has {', '.join(map(str, run.steps[-20:]))}.")
    frame = run.frame(-1 if known.step is None else run.steps.index(known.step), known.resolution)
    name = known.layer or "cells"
    if name not in frame or frame.layer(name).kind != "labels":
        raise InputError(f"The run {run.path.name} has no labels {name!r} to fill with triangles.")
    layer = frame.layer(name)
    return labels_of(layer), layer.meta["scale"]
