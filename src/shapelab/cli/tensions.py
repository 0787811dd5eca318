"""The ``shapelab tensions`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.folder import add_folder_options, over_files, refuse_folder_options
from shapelab.cli.image_file import add_image_options, frame_of_run, read_movie, read_still
from shapelab.cli.parser import JSON_OR_TABLE, number, refuse
from shapelab.cli.progress import work_line
from shapelab.errors import InputError
from shapelab.io.folder_files import is_folder_of_files
from shapelab.io.output import require_new
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.movies import Movie

__all__ = ["add_options", "run"]

_NO_CELLS = "The run {} has no cells: tensions are inferred from cells, not from a field."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.infer.options import TensionOptions

    parser.add_argument(
        "path", type=Path, metavar="FILE", help="label image, or run folder of cells (its last frame); or a folder of images"
    )
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size: one number, or one per axis (z y x)")
    add_image_options(parser)
    add_folder_options(parser)
    parser.add_argument("--over-time", action="store_true", help="every frame of a movie or run; the table has a column 'frame'")
    parser.add_argument("--width", type=number, metavar="FRAMES", help="with --over-time: smoothing in time (default 1; 0 for none)")
    parser.add_argument("--periodic", action="store_true", help="the image is periodic along all axes (runs know this themselves)")
    parser.add_argument("--plan", action="store_true", help="only print what to expect: cells, error, time, memory")
    parser.add_argument("--cells", action="store_true", help="print cell pressures instead of interface tensions")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as .csv instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_parameters(parser, TensionOptions)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print the tensions of a label image, or of all frames of a movie; or write the table of a folder."""
    from shapelab.cli.report import print_table, write_table

    if known.out is not None and known.out.suffix.lower() != ".csv":
        raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
    if known.out is not None:
        refuse(known, ("json",), JSON_OR_TABLE)
    if known.plan:
        refuse(known, ("json", "out"), "is for the table, and --plan makes none: choose one of the two.")
    if known.out is not None and not is_folder_of_files(known.path):
        require_new(known.out)
    if known.over_time and known.frame is not None:
        raise InputError("--frame takes one frame and --over-time all of them: choose one of the two.")
    if known.width is not None and not known.over_time:
        raise InputError("--width smooths in time: it needs --over-time.")
    if is_folder_of_files(known.path) and not known.plan:
        return over_files(known, table_of)
    refuse_folder_options(known, known.path)
    if known.plan:
        _plan(known)
    elif known.out is not None:
        write_table(table_of(known), known.out)
    else:
        print_table(table_of(known), as_json=known.json)
    return 0


def table_of(known: argparse.Namespace) -> pd.DataFrame:
    """Return the tensions of interfaces, or the pressures of cells, of a file; what limits them goes to stderr."""
    from shapelab.cli.options import given_parameters
    from shapelab.infer import TensionOptions, infer_tensions, infer_tensions_over_time

    options = TensionOptions(**given_parameters(known, TensionOptions))
    movie, frame = _plan(known)
    if known.over_time:
        width = 1.0 if known.width is None else known.width
        with work_line() as show:
            film = infer_tensions_over_time(
                movie, options=options, width=width, progress=lambda done, count: show(done / count, f"frame {done} of {count}")
            )
        print(f"{known.path.name}: {film}", file=sys.stderr)
        return film.cells() if known.cells else film.table()
    found = infer_tensions(movie.layer(frame), periodic=movie.periodic, options=options)
    print(f"{known.path.name}: {found}", file=sys.stderr)
    return found.cells().reset_index() if known.cells else found.table()


def _plan(known: argparse.Namespace) -> tuple[Movie, int]:
    """Say what to expect; return the label images, and which one is meant if it is not all of them."""
    from shapelab.infer import plan_tensions
    from shapelab.movies import as_movie

    given, frame = _given(known)
    movie = as_movie(given, known.voxel_size, periodic=known.periodic or None)
    for note in movie.notes:
        print(f"shapelab: {note}", file=sys.stderr)
    print(f"{known.path.name}: {plan_tensions(movie[frame], movie.spacing)}", file=sys.stderr)
    return movie, frame


def _given(known: argparse.Namespace) -> tuple[Any, int]:
    """Return the movie, run or still image (as a list of one) of a file, and the frame that is meant."""
    from shapelab.io import load_run

    if not is_file(known.path / "run.json"):
        return (read_movie(known.path, known) if known.over_time else [read_still(known.path, known)]), 0
    run = load_run(known.path)
    if "cells" not in frame_of_run(run, known):
        raise InputError(_NO_CELLS.format(known.path.name))
    return run, 0 if known.over_time else len(run) - 1 if known.frame is None else known.frame
