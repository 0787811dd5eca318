"""The ``shapelab segment`` command: grains of orientation maps, one file or many."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from shapelab.cli.grain_input import GRAIN_BOUNDARY, add_boundary_option, add_out_option, each_file, save_all, targets, tell
from shapelab.cli.parser import number, whole_number

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("files", type=Path, nargs="+", metavar="MAP", help="orientation map: .ang .ctf .h5oina .h5 .npz")
    add_out_option(parser, "each file", diagram=False)
    add_boundary_option(parser)
    parser.add_argument("--min-pixels", type=whole_number, default=10, metavar="N", help="smaller grains are removed (default 10)")
    parser.add_argument("--no-fill", action="store_true", help="leave pixels that were not indexed or were removed as background")
    parser.add_argument(
        "--section-distance",
        type=number,
        metavar="UM",
        help="treat the maps as sections of one volume, lowest first, this far apart (µm); each is placed by its x and y",
    )
    parser.add_argument("--boundaries", metavar="OUT", help="table of all boundaries with their misorientations (.csv)")
    parser.add_argument("--key", help="which map of an HDF5 file that holds several")
    parser.add_argument("--symmetry", metavar="NAME", help="crystal symmetry of phases for which the file states none: cubic, hexagonal…")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Segment every map; one that fails is reported and left out."""
    from shapelab.crystals.sample import SAMPLE_SUFFIXES

    files = known.files if known.section_distance is None else known.files[:1]
    outs = targets(known.out, files, tuple(suffix for suffix in SAMPLE_SUFFIXES if suffix != ".json"))
    tables = targets([known.boundaries] if known.boundaries else [], files, (".csv",))
    together = [[*paths, *more] for paths, more in zip(outs, tables, strict=True)]
    return each_file(files, together, partial(_segment, known))


def _segment(known: argparse.Namespace, file: Path, paths: Sequence[Path]) -> None:
    from shapelab.crystals import find_grains, read_ebsd, stack_ebsd
    from shapelab.crystals.saved_table import write_saved_table

    if known.section_distance is None:
        scan = read_ebsd(file, symmetry=known.symmetry, key=known.key)
    else:
        scan = stack_ebsd([read_ebsd(one, symmetry=known.symmetry, key=known.key) for one in known.files], known.section_distance)
    threshold = GRAIN_BOUNDARY if known.grain_boundary is None else known.grain_boundary
    grains = find_grains(scan, threshold, known.min_pixels, not known.no_fill)
    tell(file.name, (*scan.notes, *grains.notes))
    save_all(file.name, grains.sample(), paths[: len(known.out)])
    for path in paths[len(known.out) :]:
        write_saved_table(path, grains.boundaries())
        print(path)
    kinds = ", ".join(dict.fromkeys(grains.symmetries()))
    print(f"{file.name}: {len(grains.phase)} grains that differ by {threshold:g}° or more ({kinds}).")
