"""Grains on the command line: read from any file, with all that is known of them; one file after the other; results by suffix."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, frame_of_run
from shapelab.cli.parser import number
from shapelab.errors import InputError, ShapelabError
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import numpy as np

    from shapelab.convert.place import Place
    from shapelab.crystals.sample import GrainSample
    from shapelab.crystals.segmentation import Grains
    from shapelab.crystals.table import GrainTable

__all__ = ["GrainInput", "add_grain_options", "each_file", "read_grains", "save_all", "targets", "tell"]

_NAME = "{name}"


@dataclass(frozen=True, eq=False)
class GrainInput:
    """Grains of a file: a table, or labels with their place and what is known of them."""

    name: str
    table: GrainTable | None = None
    labels: np.ndarray | None = None
    place: Place | None = None
    known: dict[str, Any] = field(default_factory=dict)
    """Orientations, phases and names of phases of labels 1, 2, 3…, as `GrainSample` takes them."""
    symmetries: Sequence[str] | None = None


def add_grain_options(parser: argparse.ArgumentParser, *, sizes: bool = True) -> None:
    """Declare how the files are read; without `sizes` an image has those that it states."""
    group = parser.add_argument_group("files")
    if sizes:
        group.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="of an image: one size, or one per axis (z y x)")
        group.add_argument("--unit", help="unit of the voxel size")
    else:
        parser.set_defaults(voxel_size=None, unit=None)
    group.add_argument(
        "--grain-boundary",
        type=number,
        default=5.0,
        metavar="DEGREES",
        help="of an orientation map: neighbouring pixels that differ by less belong to one grain (default 5)",
    )
    add_image_options(parser)


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
        return _of_run(path, known)
    read = read_grain_file(path, key=known.key, kind="labels" if known.labels else None, frame=known.frame, channel=known.channel)
    if read.image is not None:
        return _of_image(path.name, read.image, known)
    what = "grain table" if read.table is not None else "orientation map"
    options = (("--voxel-size", known.voxel_size), ("--key", known.key), ("--frame", known.frame), ("--channel", known.channel))
    for option, value in options:
        if value is not None:
            raise InputError(f"{option} is for images: {path.name} is a {what}.")
    if read.table is not None:
        tell(path.name, read.table.notes)
        return GrainInput(read.name, table=read.table)
    from shapelab.crystals import find_grains

    assert read.scan is not None
    grains = find_grains(read.scan, known.grain_boundary)
    tell(path.name, (*read.scan.notes, *grains.notes))
    return of_grains(read.name, grains)


def of_grains(name: str, grains: Grains) -> GrainInput:
    """Return the grains of a map with their phases and orientations (those of a crystal whose x axis is a)."""
    from shapelab.convert.place import Place

    scan = grains.scan
    known = {
        "orientations": grains.standard_orientations(),
        "phases": grains.phase.tolist(),
        "phase_names": [scan.phase_of(number).name for number in grains.phase],
    }
    place = Place.of(scan.spacing, scan.origin, "um")
    return GrainInput(name, labels=grains.labels, place=place, known=known, symmetries=grains.symmetries())


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
    from shapelab.labels.check import labels_of
    from shapelab.units import short_unit, shown_unit

    labels = labels_of(layer)
    tell(name, layer.meta.get("metadata", {}).get("notes", ()))
    stated = short_unit(layer.meta.get("units", ("",))[-1])
    if known.voxel_size is not None:
        given = known.voxel_size[0] if len(known.voxel_size) == 1 else tuple(known.voxel_size)
        unit = short_unit(known.unit) if known.unit is not None else stated
        return GrainInput(layer.name, labels=labels, place=Place.of(as_spacing(given, labels.ndim), unit=unit))
    if known.unit is not None and short_unit(known.unit) != stated:
        raise InputError(
            f"--unit is that of --voxel-size: the file states its own in {shown_unit(stated) or 'pixels'}; give both, or neither."
        )
    place = Place.from_meta(layer.meta, labels.ndim, stated)
    if place is None:
        place = Place.of(as_spacing(layer.meta.get("scale", 1.0), labels.ndim), unit=stated)
    labels, place, note = straightened(labels, place, smooth=False)
    tell(name, (note,) if note else ())
    return GrainInput(layer.name, labels=labels, place=place)


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
    """Do the work for every file until `abort` is set; return 0, or 1 if one has failed.

    Of several files, one that fails is reported and left out.
    """
    from shapelab.io.output import require_new

    failed = []
    for file, paths in zip(files, outs, strict=True):
        if abort is not None and abort.is_set():
            break
        try:
            for path in paths:
                require_new(path)
            work(file, paths)
        except ShapelabError as error:
            if len(files) == 1:
                raise
            tell(file.name, [str(getattr(error, "plain", error)).removeprefix(f"{file.name}: ")])
            failed.append(file.name)
    if failed:
        print(f"shapelab: {len(failed)} of {len(files)} files failed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def save_all(name: str, sample: GrainSample, paths: Sequence[Path]) -> None:
    """Write a sample to every path and say where it is."""
    for path in paths:
        tell(name, sample.save(path))
        print(path)
