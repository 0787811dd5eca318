"""The ``shapelab export`` command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.elements import add_element_options, export_elements, refuse_element_options
from shapelab.cli.grain_files import export_grains
from shapelab.cli.grain_input import SOLVER_KINDS
from shapelab.cli.image_file import frame_of_step
from shapelab.cli.page import export_page
from shapelab.cli.parser import number, refuse, whole_number
from shapelab.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from shapelab.io import Run

__all__ = ["add_options", "run"]

_SIDE = 480
"""Edge of a movie's pictures [pixels]."""
_CELL_COLOUR, _FIELD_COLOUR = (110, 170, 235), (230, 160, 90)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "path",
        type=Path,
        metavar="RUN",
        help="run folder; for finite elements and the files of other programs also a label image, orientation map or diagram (.json)",
    )
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="file to write: .ply .obj .stl .vtk (surface of a frame), .tif (stack), .csv (scalars), .gif .mp4 (movie), "
        ".html (web page for any browser), .inp .msh .vtu (finite elements of cells), "
        f"{SOLVER_KINDS}, or a folder for all tables",
    )
    parser.add_argument("--step", type=whole_number, metavar="N", help="export the surface of this step (default: the last one)")
    parser.add_argument("--all-frames", action="store_true", help="a surface of every frame, in a folder")
    parser.add_argument("--per-cell", action="store_true", help="one mesh per cell, in a folder")
    parser.add_argument("--layer", metavar="NAME", help="image or labels to export (default: the field, else the cells)")
    parser.add_argument(
        "--resolution",
        type=whole_number,
        metavar="K",
        help="draw cells with K pixels per computed pixel along each axis, exactly, from 1 to 16 (default: as they were saved)",
    )
    parser.add_argument("--fps", type=number, metavar="N", help="frames per second of a movie (default 10)")
    parser.add_argument(
        "--max-size", type=number, metavar="MB", help="largest size of a web page (default 10): fewer bits, then fewer frames"
    )
    add_element_options(parser)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Write what the suffix of OUT asks for."""
    from shapelab.crystals.sample import SOLVER_SUFFIXES
    from shapelab.io.element_suffixes import FEM_SUFFIXES
    from shapelab.page import PAGE_SUFFIXES

    suffix = known.out.suffix.lower()
    _refuse_options_of_others(known, suffix)
    if suffix in SOLVER_SUFFIXES:
        print(export_grains(known))
    elif suffix in FEM_SUFFIXES:
        print(export_elements(known))
    elif suffix in PAGE_SUFFIXES:
        print(export_page(known))
    else:
        print(_export_run(known, suffix))
    return 0


def _refuse_options_of_others(known: argparse.Namespace, suffix: str) -> None:
    """Refuse options that belong to other kinds of files."""
    from shapelab.crystals.sample import SOLVER_SUFFIXES
    from shapelab.io.element_suffixes import FEM_SUFFIXES
    from shapelab.io.mesh import WRITTEN_SUFFIXES
    from shapelab.io.movie import MOVIE_SUFFIXES
    from shapelab.page import PAGE_SUFFIXES

    for options, what, suffixes in (
        (("all_frames", "per_cell"), "surfaces", WRITTEN_SUFFIXES),
        (("fps",), "movies", MOVIE_SUFFIXES),
        (("max_size",), "web pages", PAGE_SUFFIXES),
    ):
        if suffix not in suffixes:
            refuse(known, options, f"is for {what} only ({', '.join(suffixes)}): leave it out.")
    if suffix not in (*FEM_SUFFIXES, *SOLVER_SUFFIXES):
        refuse_element_options(known)
        if suffix not in WRITTEN_SUFFIXES:
            refuse(known, ("step",), f"is for surfaces only ({', '.join(WRITTEN_SUFFIXES)}): leave it out.")


def _export_run(known: argparse.Namespace, suffix: str) -> Path:
    """Write surfaces, a stack, a movie or tables of a run folder."""
    from shapelab.crystals.sample import SOLVER_SUFFIXES
    from shapelab.io import load_run
    from shapelab.io.element_suffixes import FEM_SUFFIXES
    from shapelab.io.export import export_meshes, export_tables, export_tiff
    from shapelab.io.mesh import WRITTEN_SUFFIXES
    from shapelab.io.movie import MOVIE_SUFFIXES, check_movie, write_movie
    from shapelab.page import PAGE_SUFFIXES

    kept = load_run(known.path)
    if suffix in WRITTEN_SUFFIXES:
        options = {"layer": known.layer, "per_cell": known.per_cell, "resolution": known.resolution}
        return export_meshes(kept, known.out, _frames(kept, known), **options)
    if suffix in (".tif", ".tiff"):
        return export_tiff(kept, known.out, layer=known.layer, resolution=known.resolution)
    if suffix in MOVIE_SUFFIXES:
        check_movie(known.out)
        fps = 10.0 if known.fps is None else known.fps
        if not 0 < fps <= 100:
            raise InputError(f"--fps must be above 0 and at most 100; received {fps:g}.")
        return write_movie(known.out, _pictures(kept, known.layer, known.resolution), fps)
    if suffix in ("", ".csv"):
        refuse(known, ("resolution", "layer"), "is for pictures and surfaces: leave it out.")
        return export_tables(kept, known.out)
    suffixes = ", ".join((*WRITTEN_SUFFIXES, ".tif", ".csv", *MOVIE_SUFFIXES, PAGE_SUFFIXES[0], *FEM_SUFFIXES, *SOLVER_SUFFIXES))
    raise InputError(f"{known.out.name} must end in {suffixes}, or be a folder.")


def _frames(kept: Run, known: argparse.Namespace) -> Sequence[int]:
    if known.all_frames:
        return range(len(kept))
    return [frame_of_step(kept, known.step)]


def _pictures(kept: Run, name: str | None, resolution: int | None) -> Iterator[np.ndarray]:
    """Draw every frame without a window: surfaces from a corner, flat cells from above, on black."""
    import numpy as np

    from shapelab.batch.thumbnails import thumbnail
    from shapelab.io.export import require_cells, volume

    item = volume(kept, name)
    require_cells(item, resolution)
    for index in range(len(kept)):
        rgba = thumbnail(kept.frame(index, resolution).layer(item.name), _SIDE, _CELL_COLOUR if item.kind == "labels" else _FIELD_COLOUR)
        yield (rgba[..., :3] * (rgba[..., 3:] / 255)).astype(np.uint8)
