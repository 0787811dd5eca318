"""Grains on the command line: read from any file, with all that is known of them; one file after the other; results by suffix."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.failures import end_of_files, failure
from shapelab.cli.image_file import IMAGE_OPTIONS, add_image_options, frame_of_run, frame_of_step
from shapelab.cli.parser import INTERRUPTED, number, refuse
from shapelab.cli.progress import on_interrupt, work_line
from shapelab.errors import InputError, reason_of
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import numpy as np

    from shapelab.convert.place import Place
    from shapelab.crystals.sample import GrainSample
    from shapelab.crystals.table import GrainTable

__all__ = [
    "ELEMENT_KINDS",
    "GRAIN_BOUNDARY",
    "GRAIN_OPTIONS",
    "SOLVER_KINDS",
    "GrainInput",
    "add_boundary_option",
    "add_grain_options",
    "add_out_option",
    "each_file",
    "each_file_stoppable",
    "is_diagram",
    "read_cells",
    "read_grains",
    "save_all",
    "targets",
    "tell",
]

GRAIN_OPTIONS = ("voxel_size", "unit", "grain_boundary", *IMAGE_OPTIONS)
"""Options of `add_grain_options`, which `read_grains` needs."""
SOLVER_KINDS = ".vti (DAMASK), .tesr (Neper), .piff (CompuCell3D), .zip (ImageJ ROIs)"
"""Files for other programs."""
ELEMENT_KINDS = ".inp .msh .vtu (finite elements)"
GRAIN_BOUNDARY = 5.0
"""Degrees between the orientations of neighbouring pixels of two grains."""
_NAME = "{name}"


@dataclass(frozen=True, eq=False)
class GrainInput:
    """Grains of a file: a table, or labels with their place and what is known of them."""

    name: str
    table: GrainTable | None = None
    labels: np.ndarray | None = None
    place: Place | None = None
    known: dict[str, Any] = field(default_factory=dict)
    """Orientations, phases, their names and symmetries, of labels 1, 2, 3…, as `GrainSample` takes them."""


def add_grain_options(parser: argparse.ArgumentParser, *, sizes: bool = True) -> None:
    """Declare how the files are read; without `sizes` an image has those that it states."""
    group = parser.add_argument_group("files")
    if sizes:
        group.add_argument(
            "--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size of an image: one number, or one per axis (z y x)"
        )
        group.add_argument("--unit", help="unit of the voxel size")
    else:
        parser.set_defaults(voxel_size=None, unit=None)
    add_boundary_option(group, "for an orientation map: ")
    add_image_options(group)


def add_boundary_option(group: argparse._ActionsContainer, of: str = "") -> None:
    """Declare ``--grain-boundary``."""
    described = f"{of}neighbouring pixels that differ by less belong to one grain (default {GRAIN_BOUNDARY:g})"
    group.add_argument("--grain-boundary", type=number, metavar="DEGREES", help=described)


def add_out_option(parser: argparse.ArgumentParser, each: str, *, diagram: bool = True) -> None:
    """Declare ``--out``; `each` says of which files ``{name}`` is the name."""
    kinds = f".tif .nii .h5 (labels), .csv (table of the grains), {'.json (diagram), ' if diagram else ''}{SOLVER_KINDS}, {ELEMENT_KINDS}"
    described = f"file to write (may be given several times): {kinds}; {_NAME} stands for the name of {each}"
    parser.add_argument("--out", action="append", default=[], metavar="OUT", help=described)


def tell(name: str, sentences: Sequence[str]) -> None:
    """Say sentences of a file on stderr."""
    for sentence in sentences:
        print(f"shapelab: {name}: {sentence}", file=sys.stderr)


def read_grains(path: Path, known: argparse.Namespace) -> GrainInput:
    """Read a grain table, an orientation map, a label image, or the cells of a run's last frame; what is to be said goes to stderr.

    Raises
    ------
    InputError
        If it cannot be read, or an option does not fit it.
    """
    from shapelab.crystals.grain_file import read_grain_file

    if is_file(path / "run.json"):
        refuse(known, ("grain_boundary",), f"is for orientation maps: {path.name} is a run.")
        return _of_run(path, known)
    read = read_grain_file(path, key=known.key, kind="labels" if known.labels else None, frame=known.frame, channel=known.channel)
    if read.scan is None:
        what = "a grain table" if read.table is not None else "an image"
        refuse(known, ("grain_boundary",), f"is for orientation maps: {path.name} is {what}.")
    if read.image is not None:
        return _of_image(path.name, read.image, known)
    what = "a grain table" if read.table is not None else "an orientation map"
    of_images = [option for option in ("voxel_size", "unit", *IMAGE_OPTIONS) if option != "key" or read.scan is None]
    refuse(known, of_images, f"is for images: {path.name} is {what}.")
    if read.table is not None:
        tell(path.name, read.table.notes)
        return GrainInput(read.name, table=read.table)
    from shapelab.crystals import find_grains

    assert read.scan is not None
    grains = find_grains(read.scan, GRAIN_BOUNDARY if known.grain_boundary is None else known.grain_boundary)
    tell(path.name, (*read.scan.notes, *grains.notes))
    return GrainInput(read.name, labels=grains.labels, place=grains.place(), known=grains.known())


def is_diagram(path: Path) -> bool:
    """Return whether a file is a saved diagram, by its name."""
    return path.suffix.lower() == ".json" and is_file(path)


def read_cells(known: argparse.Namespace) -> GrainInput:
    """Read what `export` takes: the cells in a frame of a run, or the grains of a file as `read_grains` does.

    Raises
    ------
    InputError
        If there are none, or an option does not fit.
    """
    from shapelab.io import load_run

    path = known.path
    reading = argparse.Namespace(**{**dict.fromkeys(GRAIN_OPTIONS), "voxel_size": known.voxel_size, "unit": known.unit})
    if not is_file(path / "run.json"):
        refuse(known, ("step", "layer", "resolution"), f"is for run folders: {path.name} is a file.")
        grains = read_grains(path, reading)
        if grains.table is not None:
            raise InputError(f"{path.name} is a grain table: draw it first (shapelab fit {path.name} --out {path.name.split('.')[0]}.tif).")
        return grains
    run = load_run(path)
    frame = run.frame(frame_of_step(run, known.step), known.resolution)
    name = known.layer or "cells"
    if name not in frame or frame.layer(name).kind != "labels":
        raise InputError(f"The run {path.name} has no labels {name!r}.")
    return _of_image(path.name, frame.layer(name), reading)


def _of_run(path: Path, known: argparse.Namespace) -> GrainInput:
    from shapelab.io import load_run

    run = load_run(path)
    frame = frame_of_run(run, known)
    if "cells" not in frame:
        raise InputError(f"The run {path.name} has no cells.")
    return _of_image(path.name, frame.layer("cells"), known)


def _of_image(name: str, layer: Any, known: argparse.Namespace) -> GrainInput:
    from shapelab.convert.place import Place, straightened
    from shapelab.convert.spacing import as_spacing
    from shapelab.crystals.sample import KNOWN
    from shapelab.labels.check import labels_of
    from shapelab.units import short_unit, shown_unit

    labels = labels_of(layer)
    stated_of = layer.meta.get("metadata", {})
    tell(name, stated_of.get("notes", ()))
    of_labels = {key: stated_of[key] for key in KNOWN if key in stated_of}
    stated = short_unit(layer.meta.get("units", ("",))[-1])
    if known.voxel_size is not None:
        given = known.voxel_size[0] if len(known.voxel_size) == 1 else tuple(known.voxel_size)
        unit = short_unit(known.unit) if known.unit is not None else stated
        return GrainInput(layer.name, labels=labels, place=Place.of(as_spacing(given, labels.ndim), unit=unit), known=of_labels)
    if known.unit is not None and short_unit(known.unit) != stated:
        raise InputError(
            f"--unit is that of --voxel-size: the file states its own in {shown_unit(stated) or 'pixels'}; give both, or neither."
        )
    place = Place.from_meta(layer.meta, labels.ndim, stated)
    if place is None:
        place = Place.of(as_spacing(layer.meta.get("scale", 1.0), labels.ndim), unit=stated)
    labels, place, note = straightened(labels, place, smooth=False)
    tell(name, (note,) if note else ())
    return GrainInput(layer.name, labels=labels, place=place, known=of_labels)


def targets(outs: Sequence[str], files: Sequence[Path], suffixes: Sequence[str]) -> list[list[Path]]:
    """Return the files to make of every input: ``{name}`` stands for the input's name.

    Raises
    ------
    InputError
        If a suffix is not one of those, or several inputs would go to one file.
    """
    for out in outs:
        if not out.lower().endswith(tuple(suffixes)):
            raise InputError(f"{out} must end in {', '.join(suffixes)}.")
    names = [file.name.split(".")[0] for file in files]
    found = [[Path(out.replace(_NAME, name)) for out in outs] for name in names]
    if len(files) > 1 and any(_NAME not in out for out in outs):
        raise InputError(f"{len(files)} files cannot all go to {next(out for out in outs if _NAME not in out)!r}: write {_NAME} in it.")
    flat = [path for paths in found for path in paths]
    double = next((path for path in flat if flat.count(path) > 1), None)
    if double is not None:
        raise InputError(f"Two results would go to {str(double)!r}: give files and results different names.")
    return found


def each_file(
    files: Sequence[Path],
    outs: Sequence[Sequence[Path]],
    work: Callable[[Path, Sequence[Path]], None],
    abort: threading.Event | None = None,
) -> int:
    """Do the work for every file until `abort` is set; return the exit code.

    Of several files, one that fails is reported and left out (`shapelab.cli.failures`), and one whose results are all there is passed
    over: the same command goes on where it was interrupted, since a result appears complete or not at all.
    """
    from shapelab.io.output import require_new
    from shapelab.io.presence import is_there

    failed = []
    for file, paths in zip(files, outs, strict=True):
        if abort is not None and abort.is_set():
            break
        if len(files) > 1 and paths and all(is_there(path) for path in paths):
            tell(file.name, ["its results are there: it was done before."])
            continue
        try:
            for path in paths:
                require_new(path)
            work(file, paths)
        except Exception as error:
            if len(files) == 1:
                raise
            print(f"shapelab: {failure(file.name, reason_of(error, file.name))}", file=sys.stderr)
            failed.append(file.name)
    return end_of_files(failed, len(files))


def each_file_stoppable(
    files: Sequence[Path], outs: Sequence[Sequence[Path]], work: Callable[[threading.Event, Path, Sequence[Path]], None]
) -> int:
    """Do as `each_file` does; at the first Ctrl-C the event is set, which ends the work with what there is, and no file follows."""
    abort = threading.Event()
    with on_interrupt(abort.set) as interrupted:
        status = each_file(files, outs, partial(work, abort), abort)
    return INTERRUPTED if interrupted.is_set() else status


def save_all(name: str, sample: GrainSample, paths: Sequence[Path], *, silent: bool = False) -> None:
    """Write a sample to every path and, unless silent, print where it is."""
    for path in paths:
        with work_line() as show:
            said = sample.save(path, show)
        tell(name, said)
        if not silent:
            print(path)
