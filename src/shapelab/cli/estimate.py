"""The ``shapelab estimate`` command: motion, growth or shapes of cells, with intervals."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shapelab.cli.cells_over_time import add_movie_options, movie_of
from shapelab.cli.parser import JSON_OR_TABLE, number, refuse
from shapelab.cli.types_file import add_types_options, types_of
from shapelab.errors import InputError

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "what",
        choices=("motion", "growth", "shape", "tensions"),
        metavar="{motion,growth,shape,tensions}",
        help="speed and persistence of a movie, growth rates of a movie, shapes of an image, tensions between two types of cells",
    )
    add_movie_options(parser)
    parser.add_argument("--remove-drift", action="store_true", help="motion: subtract the mean displacement of all cells in each frame")
    parser.add_argument("--border-cells", action="store_true", help="shape: include cells cut by the border of the image")
    add_types_options(parser)
    parser.add_argument("--level", type=number, default=0.9, metavar="P", help="coverage of the intervals (default 0.9)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as .csv instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print or write the table of estimates."""
    from shapelab.cli.report import print_table, write_table
    from shapelab.estimate import estimate_growth, estimate_motion, estimate_shape, estimate_tensions
    from shapelab.io.output import require_new

    if known.out is not None:
        if known.out.suffix.lower() != ".csv":
            raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
        refuse(known, ("json",), JSON_OR_TABLE)
        require_new(known.out)
    if known.remove_drift and known.what != "motion":
        raise InputError("--remove-drift is for motion: leave it out.")
    if known.border_cells and known.what != "shape":
        raise InputError("--border-cells is for shape: leave it out.")
    if known.what != "tensions":
        refuse(known, ("types", "types_column"), "is for tensions: leave it out.")
    elif known.types is None:
        raise InputError("Tensions are estimated between two types of cells: give the type of each cell with --types FILE.")
    movie = movie_of(known, wanted=known.what in ("motion", "growth"))
    if known.what == "motion":
        found = estimate_motion(movie, remove_drift=known.remove_drift, level=known.level)
    elif known.what == "growth":
        found = estimate_growth(movie, level=known.level)
    elif known.what == "tensions":
        found = estimate_tensions(movie, types_of(known, movie[0]) or {}, level=known.level)
    else:
        found = estimate_shape(movie, border_cells=known.border_cells, level=known.level)
    print(f"{known.path.name}: {found}", file=sys.stderr)
    if known.out is not None:
        write_table(found.table(), known.out)
    else:
        print_table(found.table(), as_json=known.json)
    return 0
