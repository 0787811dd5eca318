"""The ``shapelab measure`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, frame_of_run, read_still
from shapelab.cli.parser import number, whole_number
from shapelab.errors import InputError
from shapelab.io.presence import is_file
from shapelab.units import is_length, short_unit, shown_unit

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.frame import LayerData

__all__ = ["add_options", "run"]

_SMOOTHING = {2: 3, 3: 10}
"""What is best for angles: see `shapelab.mesh.interface_mesh`."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("path", type=Path, metavar="FILE")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="one size, or one per axis (z y x)")
    parser.add_argument("--unit", help="unit of the voxel size")
    parser.add_argument("--label", type=whole_number, metavar="N", help="measure this label alone, with its curvature")
    parser.add_argument("--smoothing", type=number, default=2.0, metavar="VOXELS", help="smoothing of a mask (default 2)")
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument("--interfaces", action="store_true", help="of labels: one row per pair of cells that touch: area, curvature")
    tables.add_argument("--angles", action="store_true", help="of labels: the angle of each cell at each line where three meet")
    add_image_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print what is measured on a file."""
    from shapelab.cli.report import print_report
    from shapelab.measure import measure

    layer, boundary = _shape(known)
    stated = short_unit(layer.meta.get("units", ("pixel",))[-1])
    if known.unit is not None and known.voxel_size is None and is_length(stated) and short_unit(known.unit) != stated:
        raise InputError(f"--unit is that of --voxel-size: the file states its own in {shown_unit(stated)}; give both, or neither.")
    unit = known.unit if known.unit is not None else stated
    unit = "" if unit == "pixel" else unit
    if known.voxel_size is None and not unit and set(layer.meta.get("scale", ())) == {1.0}:
        print("shapelab: the file states no voxel size, so lengths are in voxels (see --voxel-size).", file=sys.stderr)
    if known.interfaces or known.angles:
        print_report(_of_interfaces(layer, known), unit, as_json=known.json)
        return 0
    print_report(
        measure(layer, known.voxel_size, unit=unit, label=known.label, smoothing=known.smoothing, boundary=boundary),
        unit,
        as_json=known.json,
    )
    return 0


def _of_interfaces(layer: LayerData, known: argparse.Namespace) -> pd.DataFrame:
    """Return the table of the interfaces of labels, or of the angles at which they meet."""
    from shapelab.labels.check import labels_of
    from shapelab.mesh import angle_table, interface_mesh, interface_table

    option = "--interfaces" if known.interfaces else "--angles"
    if known.label is not None:
        raise InputError(f"--label measures one label alone and {option} those between labels: choose one of the two.")
    if layer.kind == "surface":
        raise InputError(f"{option} is for label images: a triangle mesh has no cells.")
    labels, spacing = labels_of(layer), known.voxel_size or layer.meta["scale"]
    if known.interfaces:
        return interface_table(interface_mesh(labels, spacing)).set_index(["cell_a", "cell_b"])
    table = angle_table(interface_mesh(labels, spacing, smoothing=_SMOOTHING[labels.ndim])).reset_index()
    table["cells"] = [" ".join(map(str, cells)) for cells in table["cells"]]
    return table.set_index(["cells", "cell"])


def _shape(known: argparse.Namespace) -> tuple[LayerData, Any]:
    """Return the image of a file, or the last frame's first volume of a run folder, and how it goes on beyond its box."""
    from shapelab.io import load_run
    from shapelab.io.mesh import MESH_SUFFIXES

    if known.path.suffix.lower() in MESH_SUFFIXES:
        return _surface(known.path), "replicate"
    if not is_file(known.path / "run.json"):
        return read_still(known.path, known), "replicate"
    run = load_run(known.path)
    volumes = [layer for layer in frame_of_run(run, known) if layer.kind in ("image", "labels")]
    if not volumes:
        raise InputError(f"The run {known.path.name} holds no image or labels to measure.")
    return volumes[0], run.record.parameters.get("boundary", "replicate")


def _surface(path: Path) -> LayerData:
    from shapelab.frame import LayerData
    from shapelab.io.mesh import read_mesh_file

    found = read_mesh_file(path)
    for note in found.notes:
        print(f"shapelab: {path.name}: {note}", file=sys.stderr)
    return LayerData(path.stem, (found.mesh.vertices, found.mesh.faces), "surface")
