"""The ``shapelab measure`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.image_file import add_image_options, read_shape
from shapelab.cli.parser import number, whole_number
from shapelab.errors import InputError
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
    parser.add_argument("--smoothing", type=number, metavar="VOXELS", help="smoothing of a mask, or of one label (default 2)")
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

    layer, boundary = read_shape(known.path, known)
    unit = _unit(layer, known)
    if known.interfaces or known.angles:
        print_report(_of_interfaces(layer, known), unit, as_json=known.json)
        return 0
    smoothing = 2.0 if known.smoothing is None else known.smoothing
    report = measure(layer, known.voxel_size, unit=unit, label=known.label, smoothing=smoothing, boundary=boundary)
    if known.smoothing is not None and not isinstance(report, dict):
        print("shapelab: --smoothing is for a mask or one label (--label N): nothing in this table depends on it.", file=sys.stderr)
    print_report(report, unit, as_json=known.json)
    return 0


def _unit(layer: LayerData, known: argparse.Namespace) -> str:
    """Return the unit of lengths, "" for voxels, and say where a voxel size was taken for granted."""
    stated = short_unit(layer.meta.get("units", ("pixel",))[-1])
    given = None if known.unit is None else short_unit(known.unit)
    if given and not is_length(given):
        raise InputError(f"--unit: {known.unit} is no unit of length that is known: choose one such as um, nm, mm or pixel.")
    if given is not None and known.voxel_size is None and is_length(stated) and given != stated:
        raise InputError(f"--unit is that of --voxel-size: the file states its own in {shown_unit(stated)}; give both, or neither.")
    unit = stated if given is None else given
    if known.voxel_size is None and not stated and set(layer.meta.get("scale", ())) == {1.0}:
        taken = f"1 {shown_unit(unit)} was taken" if unit else "lengths are in voxels"
        print(f"shapelab: the file states no voxel size, so {taken} (see --voxel-size).", file=sys.stderr)
    return unit


def _of_interfaces(layer: LayerData, known: argparse.Namespace) -> pd.DataFrame:
    """Return the table of the interfaces of labels, or of the angles at which they meet."""
    from shapelab.convert.given_layer import straight_layer
    from shapelab.labels.check import labels_of
    from shapelab.mesh import angle_table, interface_mesh, interface_table

    option = "--interfaces" if known.interfaces else "--angles"
    if known.label is not None:
        raise InputError(f"--label measures one label alone and {option} those between labels: choose one of the two.")
    if known.smoothing is not None:
        raise InputError(f"--smoothing is for a mask or one label, and not for {option}: leave it out.")
    if layer.kind == "surface":
        raise InputError(f"{option} is for label images: a triangle mesh has no cells.")
    straight, notes = straight_layer(layer)
    for note in notes:
        print(f"shapelab: {layer.name}: {note}", file=sys.stderr)
    labels, spacing = labels_of(straight), known.voxel_size or straight.meta["scale"]
    if known.interfaces:
        return interface_table(interface_mesh(labels, spacing)).set_index(["cell_a", "cell_b"])
    table = angle_table(interface_mesh(labels, spacing, smoothing=_SMOOTHING[labels.ndim])).reset_index()
    table["cells"] = [" ".join(map(str, cells)) for cells in table["cells"]]
    degrees = {} if known.json else {"mean": "mean [°]", "std": "std [°]"}
    return table.rename(columns=degrees).set_index(["cells", "cell"])
