"""The ``shapelab segment`` command: grains of orientation maps, one file or many."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from shapelab.cli.grain_input import each_file, save_all, targets, tell
from shapelab.cli.parser import number, whole_number

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("files", type=Path, nargs="+", metavar="MAP", help="orientation map: .ang .ctf .h5oina .h5 .npz")
    parser.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="OUT",
        help="what to make, may be given several times: .tif .nii .h5 (labels), .csv (table of the grains), .vti (DAMASK); "
        "{name} stands for the name of each file",
    )
    parser.add_argument(
        "--grain-boundary",
        type=number,
        default=5.0,
        metavar="DEGREES",
        help="neighbouring pixels that differ by less belong to one grain (default 5)",
    )
    parser.add_argument("--min-pixels", type=whole_number, default=10, metavar="N", help="smaller grains are removed (default 10)")
    parser.add_argument("--no-fill", action="store_true", help="what was not indexed or removed stays background")
    parser.add_argument("--symmetry", metavar="NAME", help="of phases for which the file states none: cubic, hexagonal…")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Segment every map; one that fails is reported and left out."""
    from shapelab.crystals.sample import SAMPLE_SUFFIXES

    outs = targets(known.out, known.files, tuple(suffix for suffix in SAMPLE_SUFFIXES if suffix != ".json"))
    return each_file(known.files, outs, partial(_segment, known))


def _segment(known: argparse.Namespace, file: Path, paths: Sequence[Path]) -> None:
    from shapelab.crystals import find_grains, read_ebsd

    scan = read_ebsd(file, symmetry=known.symmetry)
    grains = find_grains(scan, known.grain_boundary, known.min_pixels, not known.no_fill)
    tell(file.name, (*scan.notes, *grains.notes))
    save_all(file.name, grains.sample(), paths)
    kinds = ", ".join(dict.fromkeys(grains.symmetries()))
    print(f"{file.name}: {len(grains.phase)} grains that differ by {known.grain_boundary:g}° or more ({kinds}).")
