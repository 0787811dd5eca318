"""What `export` does for finite elements: triangles or tetrahedra of the cells in an image, or in a frame of a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.grain_input import is_diagram, read_cells
from shapelab.cli.parser import number, refuse
from shapelab.cli.progress import work_line

if TYPE_CHECKING:
    from shapelab.mesh import TetrahedronMesh, TriangleMesh

__all__ = ["add_element_options", "export_elements", "refuse_element_options"]

_OPTIONS = ("size", "inner_size", "voxel_size", "unit", "periodic", "no_background")


def add_element_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("finite elements (.inp, .msh, .vtu): triangles of 2-D cells, tetrahedra of 3-D ones")
    group.add_argument(
        "--size", type=number, metavar="LENGTH", help="size of the elements (default: a fifth of the median cell's edge; 2-D: a quarter)"
    )
    group.add_argument(
        "--inner-size", type=number, metavar="LENGTH", help="longest edge inside cells, in 3-D (default: as large as elsewhere)"
    )
    group.add_argument(
        "--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size of an image: one number, or one per axis (z y x)"
    )
    group.add_argument("--unit", help="unit of the voxel size (default: that of the image)")
    group.add_argument(
        "--periodic", action="store_true", help="the image is periodic: opposite sides get the same nodes, and equations (.inp)"
    )
    group.add_argument("--no-background", action="store_true", help="no elements where the label is 0")


def refuse_element_options(known: argparse.Namespace) -> None:
    """Refuse what would be ignored; raises InputError."""
    refuse(known, _OPTIONS, "is for triangles only, or tetrahedra in 3-D (.inp, .msh, .vtu): leave it out.")


def export_elements(known: argparse.Namespace) -> Path:
    """Make the elements, say how good they are, and write them."""
    from shapelab.io.fem import write_tetrahedra, write_triangles
    from shapelab.mesh import TriangleMesh

    mesh = _of_diagram(known) if is_diagram(known.path) else _of_labels(known)
    print(f"shapelab: {mesh.quality}", file=sys.stderr)
    return write_triangles(known.out, mesh) if isinstance(mesh, TriangleMesh) else write_tetrahedra(known.out, mesh)


def _of_diagram(known: argparse.Namespace) -> TriangleMesh | TetrahedronMesh:
    """Fill the cells of a saved diagram, which states its box and whether it repeats."""
    from shapelab.crystals import load_diagram

    refused = ("voxel_size", "unit", "periodic", "no_background", "step", "layer", "resolution")
    refuse(known, refused, f"is not for diagrams: {known.path.name} states its box. Leave it out.")
    saved = load_diagram(known.path)
    if len(saved.shape) == 2:
        _refuse_inner_size(known)
        return saved.diagram.triangles(saved.shape, saved.spacing, known.size)
    with work_line() as show:
        return saved.diagram.tetrahedra(saved.shape, saved.spacing, known.size, known.inner_size, progress=show)


def _of_labels(known: argparse.Namespace) -> TriangleMesh | TetrahedronMesh:
    from shapelab.mesh import conforming_tetrahedra, conforming_triangles

    cells = read_cells(known)
    assert cells.labels is not None
    assert cells.place is not None
    labels, spacing = cells.labels, cells.place.spacing
    options = {"size": known.size, "periodic": known.periodic, "background": not known.no_background}
    if labels.ndim == 2:
        _refuse_inner_size(known)
        return conforming_triangles(labels, spacing, **options)
    with work_line() as show:
        return conforming_tetrahedra(labels, spacing, inner_size=known.inner_size, progress=show, **options)


def _refuse_inner_size(known: argparse.Namespace) -> None:
    refuse(known, ("inner_size",), "is for tetrahedra only, and these cells are 2-D: leave it out.")
