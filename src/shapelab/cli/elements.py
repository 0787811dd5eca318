"""What `export` does for finite elements: triangles or tetrahedra of the cells in an image, or in a frame of a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from shapelab.cli.parser import number
from shapelab.errors import InputError
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import numpy as np

    from shapelab.mesh import TetrahedronMesh, TriangleMesh

__all__ = ["add_element_options", "export_elements", "refuse_element_options"]


def add_element_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("finite elements (.inp, .msh, .vtu): triangles of 2-D cells, tetrahedra of 3-D ones")
    group.add_argument("--size", type=number, metavar="LENGTH", help="size of the elements (default: a quarter of the median cell's edge)")
    group.add_argument(
        "--inner-size", type=number, metavar="LENGTH", help="longest edge inside cells, in 3-D (default: as large as elsewhere)"
    )
    group.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="pixel size of an image: one, or one per axis (z y x)")
    group.add_argument("--periodic", action="store_true", help="the image repeats: opposite sides get the same nodes, and equations (.inp)")
    group.add_argument("--no-background", action="store_true", help="no elements where the label is 0")


def refuse_element_options(known: argparse.Namespace) -> None:
    """Refuse what would be ignored; raises InputError."""
    given = {
        "--size": known.size is not None,
        "--inner-size": known.inner_size is not None,
        "--voxel-size": known.voxel_size is not None,
        "--periodic": known.periodic,
        "--no-background": known.no_background,
    }
    for option, value in given.items():
        if value:
            raise InputError(f"{option} is for triangles only, or tetrahedra in 3-D (.inp, .msh, .vtu): leave it out.")


def export_elements(known: argparse.Namespace) -> Path:
    """Make the elements, say how good they are, and write them."""
    from shapelab.io.fem import write_tetrahedra, write_triangles
    from shapelab.mesh import TriangleMesh

    saved = known.path.suffix.lower() == ".json" and is_file(known.path)
    mesh = _of_diagram(known) if saved else _of_labels(known)
    print(f"shapelab: {mesh.quality}", file=sys.stderr)
    return write_triangles(known.out, mesh) if isinstance(mesh, TriangleMesh) else write_tetrahedra(known.out, mesh)


def _of_diagram(known: argparse.Namespace) -> TriangleMesh | TetrahedronMesh:
    """Fill the cells of a saved diagram, which states its box and whether it repeats."""
    from shapelab.crystals import load_diagram

    given = {"--voxel-size": known.voxel_size is not None, "--periodic": known.periodic, "--no-background": known.no_background}
    for option, value in (given | {"--step": known.step is not None, "--layer": known.layer is not None}).items():
        if value:
            raise InputError(f"{option} is not for diagrams: {known.path.name} states its box. Leave it out.")
    saved = load_diagram(known.path)
    if len(saved.shape) == 2:
        _refuse_inner_size(known)
        return saved.diagram.triangles(saved.shape, saved.spacing, known.size)
    with _Shown() as shown:
        return saved.diagram.tetrahedra(saved.shape, saved.spacing, known.size, known.inner_size, progress=shown)


def _of_labels(known: argparse.Namespace) -> TriangleMesh | TetrahedronMesh:
    from shapelab.mesh import conforming_tetrahedra, conforming_triangles

    labels, spacing = _labels(known)
    options = {"size": known.size, "periodic": known.periodic, "background": not known.no_background}
    if labels.ndim == 2:
        _refuse_inner_size(known)
        return conforming_triangles(labels, known.voxel_size or spacing, **options)
    with _Shown() as shown:
        return conforming_tetrahedra(labels, known.voxel_size or spacing, inner_size=known.inner_size, progress=shown, **options)


def _refuse_inner_size(known: argparse.Namespace) -> None:
    if known.inner_size is not None:
        raise InputError("--inner-size is for tetrahedra only, and these cells are flat: leave it out.")


class _Shown:
    """Progress in one line of a terminal; nothing elsewhere."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def __call__(self, part: float, stage: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{100 * part:3.0f} %  {stage:<40}", end="", file=sys.stderr, flush=True)


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
        raise InputError(f"The run {run.path.name} has no labels {name!r} to fill with elements.")
    layer = frame.layer(name)
    return labels_of(layer), layer.meta["scale"]
