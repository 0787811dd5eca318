"""The ``shapelab measure`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.effective import add_effective_options
from shapelab.cli.folder import add_folder_options, over_files, refuse_folder_options
from shapelab.cli.image_file import add_image_options, frame_of_run, read_movie, read_shape
from shapelab.cli.parser import JSON_OR_TABLE, number, refuse, whole_number
from shapelab.cli.progress import work_line
from shapelab.errors import InputError
from shapelab.io.folder_files import is_folder_of_files
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
    parser.add_argument("path", type=Path, metavar="FILE", help="image, mesh, run folder, or folder of images")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size: one number, or one per axis (z y x)")
    parser.add_argument("--unit", help="unit of the voxel size")
    parser.add_argument("--label", type=whole_number, metavar="N", help="measure this label alone, with its curvature")
    parser.add_argument("--smoothing", type=number, metavar="VOXELS", help="smoothing of a mask, or of one label (default 2)")
    parser.add_argument("--periodic", action="store_true", help="the image is periodic along all axes (runs know this themselves)")
    add_effective_options(parser, "also effective properties of one shape: sizes of struts and pores, chords, tortuosity…")
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument("--interfaces", action="store_true", help="for labels: one row per pair of touching cells: area, curvature")
    tables.add_argument("--angles", action="store_true", help="for labels: the angle of each cell along each line where three meet")
    over_time = parser.add_argument_group("movies: labels over time, or a run of cells")
    over_time.add_argument("--over-time", action="store_true", help="one row per frame and cell, with its velocity")
    over_time.add_argument("--interval", type=number, metavar="TIME", help="time between two frames")
    over_time.add_argument("--time-unit", metavar="UNIT", help="unit of the interval, such as min")
    over_time.add_argument("--link", action="store_true", help="link cells by overlap, if labels do not follow them from frame to frame")
    tables.add_argument("--events", action="store_true", help="with --over-time: divisions, appearances, losses, neighbour exchanges")
    tables.add_argument("--per-frame", action="store_true", help="with --over-time: means and counts of each frame")
    add_image_options(parser)
    add_folder_options(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as .csv instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print what is measured on a file, or write the table of a folder."""
    from shapelab.cli.report import as_table, print_report, write_table

    _require_sense(known)
    if is_folder_of_files(known.path):
        return over_files(known, table_of)
    refuse_folder_options(known, known.path)
    report, unit = _report(known)
    if known.out is not None:
        write_table(as_table(report), known.out)
    else:
        print_report(report, unit, as_json=known.json)
    return 0


def table_of(known: argparse.Namespace) -> pd.DataFrame:
    """Return what is measured on a file as a table."""
    from shapelab.cli.report import as_table

    return as_table(_report(known)[0])


def _require_sense(known: argparse.Namespace) -> None:
    """Refuse options that contradict one another."""
    if known.out is not None and known.out.suffix.lower() != ".csv":
        raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
    if known.out is not None:
        refuse(known, ("json",), JSON_OR_TABLE)
    if not known.over_time:
        refuse(known, ("events", "per_frame", "link", "interval", "time_unit"), "is for movies: it needs --over-time.")
    elif known.label is not None or known.interfaces or known.angles or known.effective:
        option = next(f"--{name}" for name in ("label", "interfaces", "angles", "effective") if getattr(known, name) not in (None, False))
        raise InputError(f"--over-time measures all cells of all frames and {option} something else: choose one of the two.")
    elif known.frame is not None:
        raise InputError("--frame takes one frame and --over-time all of them: choose one of the two.")


def _report(known: argparse.Namespace) -> tuple[Any, str]:
    """Return what is measured on a file, and the unit of its lengths."""
    from shapelab.measure import measure

    if known.over_time:
        return _over_time(known)
    layer, boundary = read_shape(known.path, known, lazy=True)
    around = known.periodic or boundary == "periodic"
    unit = _unit(layer, known)
    if known.interfaces or known.angles:
        return _of_interfaces(layer, known, around), unit
    smoothing = 2.0 if known.smoothing is None else known.smoothing
    with work_line() as show:
        report = measure(
            layer,
            known.voxel_size,
            unit=unit,
            label=known.label,
            smoothing=smoothing,
            boundary="periodic" if around else "replicate",
            effective=known.effective,
            progress=_telling(layer, show),
        )
    if known.smoothing is not None and not isinstance(report, dict):
        print("shapelab: --smoothing is for a mask or one label (--label N): nothing in this table depends on it.", file=sys.stderr)
    return report, unit


def _telling(layer: LayerData, show: Callable[[float, str], None]) -> Callable[[int, int], None]:
    """Return what says, once a volume is read piece by piece, what that takes, and then how far it is."""
    from shapelab.arrays import is_lazy
    from shapelab.measure import plan_labels

    told = False

    def tell(done: int, total: int) -> None:
        nonlocal told
        if not told and is_lazy(layer.data):
            print(f"shapelab: {layer.name}: {plan_labels(layer.data)}", file=sys.stderr, flush=True)
            told = True
        what = "plane" if is_lazy(layer.data) else "part"
        show(done / total, f"{what} {done} of {total}" if done < total else "the rest")

    return tell


def _unit(layer: LayerData, known: argparse.Namespace) -> str:
    """Return the unit of lengths, "" for voxels, and say where a voxel size was taken for granted."""
    stated = short_unit(layer.meta.get("units", ("pixel",))[-1])
    given = None if known.unit is None else short_unit(known.unit)
    if given and not is_length(given):
        raise InputError(f"--unit: {known.unit} is not a known unit of length: choose one such as um, nm, mm or pixel.")
    if given is not None and known.voxel_size is None and is_length(stated) and given != stated:
        raise InputError(f"--unit is that of --voxel-size: the file states its own in {shown_unit(stated)}; give both, or neither.")
    unit = stated if given is None else given
    if known.voxel_size is None and not stated and set(layer.meta.get("scale", ())) == {1.0}:
        taken = f"1 {shown_unit(unit)} was assumed" if unit else "lengths are in voxels"
        print(f"shapelab: the file states no voxel size, so {taken} (see --voxel-size).", file=sys.stderr)
    return unit


def _over_time(known: argparse.Namespace) -> tuple[pd.DataFrame, str]:
    """Return the table of all frames of a movie that is asked for."""
    from shapelab.io import load_run
    from shapelab.movies import as_movie, link_cells, measure_over_time

    source: Any
    if is_file(known.path / "run.json"):
        source, unit = load_run(known.path), known.unit or ""
        frame_of_run(source, known)  # refuses options of image files
    else:
        source = read_movie(known.path, known)
        unit = _unit(source, known)
    time_unit = known.time_unit or ""
    movie = as_movie(source, known.voxel_size, interval=known.interval, unit=unit, time_unit=time_unit, periodic=known.periodic or None)
    if known.link:
        movie = movie.with_labels(link_cells(movie))
    found = measure_over_time(movie)
    print(f"{known.path.name}: {found}", file=sys.stderr)
    if known.events:
        return found.events.assign(others=[" ".join(map(str, others)) for others in found.events["others"]]), found.unit
    return (found.per_frame() if known.per_frame else found.table), found.unit


def _of_interfaces(layer: LayerData, known: argparse.Namespace, around: bool) -> pd.DataFrame:
    """Return the table of the interfaces of labels, or of the angles at which they meet."""
    from shapelab.convert.given_layer import straight_layer
    from shapelab.labels.check import labels_of
    from shapelab.mesh import angle_table, interface_mesh, interface_table

    option = "--interfaces" if known.interfaces else "--angles"
    if known.effective:
        raise InputError(f"--effective measures one shape and {option} what lies between labels: choose one of the two.")
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
        return interface_table(interface_mesh(labels, spacing, periodic=around)).set_index(["cell_a", "cell_b"])
    table = angle_table(interface_mesh(labels, spacing, periodic=around, smoothing=_SMOOTHING[labels.ndim])).reset_index()
    table["cells"] = [" ".join(map(str, cells)) for cells in table["cells"]]
    degrees = {} if known.json else {"mean": "mean (°)", "std": "std (°)"}
    return table.rename(columns=degrees).set_index(["cells", "cell"])
