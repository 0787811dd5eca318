"""``shapelab compare A B --over-time``: two movies of cells."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import frame_of_run, read_movie
from shapelab.cli.parser import number, refuse
from shapelab.errors import InputError
from shapelab.io.presence import is_file
from shapelab.units import shown_time, shown_unit

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.compare import MovieComparison

__all__ = ["MOVIE_OPTIONS", "add_movie_options", "compared_movies", "movie_table", "print_movies", "refuse_still_options"]

MOVIE_OPTIONS = ("interval", "interval_b", "time_unit", "align", "link", "no_overlaps", "per_frame", "periodic")
_TABLES = ("pooled", "summary")


def add_movie_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--over-time`` and what belongs to it."""
    group = parser.add_argument_group("movies: labels over time, or runs of cells")
    group.add_argument("--over-time", action="store_true", help="all frames: distributions, order, displacements, events")
    group.add_argument("--interval", type=number, metavar="TIME", help="time between two frames, of both")
    group.add_argument("--interval-b", type=number, metavar="TIME", help="interval of B, if different")
    group.add_argument("--time-unit", metavar="UNIT", help="unit of the intervals, such as min")
    paired = "how frames are paired: by time, or by number (default: by time where both movies know it)"
    group.add_argument("--align", choices=("time", "frame"), help=paired)
    group.add_argument("--link", action="store_true", help="link cells by overlap, if labels do not follow them from frame to frame")
    group.add_argument("--periodic", action="store_true", help="both are periodic along all axes (runs know this themselves)")
    group.add_argument("--no-overlaps", action="store_true", help="do not compute overlaps: the two do not show the same scene")
    group.add_argument("--per-frame", action="store_true", help="one row per pair of frames")


def refuse_still_options(known: argparse.Namespace) -> None:
    """Refuse options that mean nothing with or without ``--over-time``; raises InputError."""
    if known.over_time:
        refuse(known, ("frame", "frame_b"), "takes one frame and --over-time all of them: choose one of the two.")
        refuse(
            known, ("no_transport", "no_curvature", "no_statistics", "effective"), "is for single images: leave it out with --over-time."
        )
    else:
        refuse(known, MOVIE_OPTIONS, "is for movies: it needs --over-time.")


def compared_movies(first: Path, second: Path, known: argparse.Namespace, of_b: argparse.Namespace) -> MovieComparison:
    """Compare two files over time."""
    from shapelab.compare import compare_movies

    return compare_movies(
        _movie(first, known),
        _movie(second, of_b),
        known.voxel_size,
        spacing_b=known.voxel_size_b,
        interval=known.interval,
        interval_b=known.interval_b,
        unit=known.unit or "",
        time_unit=known.time_unit or "",
        periodic=known.periodic or None,
        align=known.align or "auto",
        link=known.link,
        overlaps=not known.no_overlaps,
        exclude_border=not known.border_cells,
        names=(first.name, second.name),
    )


def _movie(path: Path, known: argparse.Namespace) -> Any:
    from shapelab.io import load_run

    if not is_file(path / "run.json"):
        return read_movie(path, known)
    run = load_run(path)
    frame_of_run(run, known)  # refuses options of image files
    return run


def movie_table(found: MovieComparison, known: argparse.Namespace) -> pd.DataFrame:
    """Return the table of a file of a folder; what is to be said goes to stderr."""
    print(f"{found.names[0]}: {found}", file=sys.stderr)
    return found.frames if known.per_frame else found.summary


def print_movies(found: MovieComparison, known: argparse.Namespace) -> None:
    """Print what was found, as text or JSON."""
    if known.json:
        from shapelab.compare.reports import json_text

        tables = ("frames",) if known.per_frame else _TABLES
        parts = {name: getattr(found, name) for name in tables}
        print(json_text({"unit": found.unit, "time_unit": found.time_unit, "notes": list(found.notes), **parts}, indent=2))
        return
    print(f"lengths in {shown_unit(found.unit) or 'voxels'}, times in {shown_time(found.time_unit) or 'units of the run'}")
    if known.per_frame:
        print(_text(found.frames))
    else:
        print(f"{_text(found.summary)}\n\ndistributions of the cells of all paired frames\n{_text(found.pooled)}")
    for note in found.notes:
        print(f"note: {note}")


def _text(table: pd.DataFrame) -> str:
    if table.empty:
        raise InputError("The two movies have nothing in common that could be compared.")
    return table.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}")
