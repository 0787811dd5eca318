"""What `estimate` and `fit-cells` read: a movie of cells, a run, or a single segmentation, with its place and time."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, frame_of_run, read_movie, read_still
from shapelab.cli.parser import number
from shapelab.errors import InputError
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    from shapelab.movies import Movie

__all__ = ["add_movie_options", "movie_of"]


def add_movie_options(parser: argparse.ArgumentParser) -> None:
    """Declare what says where the cells are, in space and time."""
    parser.add_argument("path", type=Path, metavar="FILE", help="label image or movie, or run folder of cells")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size: one number, or one per axis (z y x)")
    parser.add_argument("--unit", default="", help="unit of the voxel size")
    parser.add_argument("--interval", type=number, metavar="TIME", help="time between two frames")
    parser.add_argument("--time-unit", default="", metavar="UNIT", help="unit of the interval, such as min")
    parser.add_argument(
        "--over-time", action="store_true", help="treat the image as a movie (runs always are; --frame takes a single frame)"
    )
    parser.add_argument("--link", action="store_true", help="link cells by overlap, if labels do not follow them from frame to frame")
    parser.add_argument("--periodic", action="store_true", help="the image is periodic along all axes (runs know this themselves)")
    add_image_options(parser)


def movie_of(known: argparse.Namespace, *, wanted: bool = False) -> Movie:
    """Return the movie, run or still image that the options ask for; what limits it goes to stderr.

    Where a movie is `wanted`, a file over time is one without being told.

    Raises
    ------
    InputError
        If it cannot be read, or has no cells.
    """
    from shapelab.movies import as_movie, link_cells

    movie = as_movie(
        _given(known, wanted),
        known.voxel_size,
        interval=known.interval,
        unit=known.unit,
        time_unit=known.time_unit,
        periodic=known.periodic or None,
    )
    for note in movie.notes:
        print(f"shapelab: {note}", file=sys.stderr)
    return movie.with_labels(link_cells(movie)) if known.link else movie


def _given(known: argparse.Namespace, wanted: bool) -> Any:
    from shapelab.io import load_run

    if not is_file(known.path / "run.json"):
        if known.over_time and known.frame is not None:
            raise InputError("--frame takes one frame and --over-time all of them: choose one of the two.")
        if known.over_time or (wanted and known.frame is None and _is_over_time(known)):
            return read_movie(known.path, known)
        return [read_still(known.path, known)]
    run = load_run(known.path)
    frame = frame_of_run(run, known)  # refuses options of image files
    return run if known.frame is None else [frame]


def _is_over_time(known: argparse.Namespace) -> bool:
    from shapelab.io import read_image

    return "t" in read_image(known.path, key=known.key, kind="labels", channel=known.channel, lazy=True).meta["axis_labels"]
