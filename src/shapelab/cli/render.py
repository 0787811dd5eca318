"""The ``shapelab render`` command: cells as a microscope would show them, with their exact labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from shapelab.cli.image_file import add_image_options, frame_of_run, read_movie, read_still
from shapelab.cli.parser import number
from shapelab.io.presence import is_file

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.microscopy import MicroscopeParameters

    parser.add_argument("path", type=Path, metavar="FILE", help="label image, or run folder of cells (all frames, or --frame)")
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write: .zarr (OME-Zarr with labels), or .tif (labels beside it)")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size: one number, or one per axis (z y x)")
    parser.add_argument("--unit", default="", help="unit of the voxel size (default: that of the image)")
    parser.add_argument("--over-time", action="store_true", help="treat the image as a movie and render all frames (runs always are)")
    parser.add_argument("--interval", type=number, metavar="TIME", help="time between two frames")
    parser.add_argument("--time-unit", default="", metavar="UNIT", help="unit of the interval, such as min")
    parser.add_argument("--periodic", action="store_true", help="the image is periodic along all axes (runs know this themselves)")
    add_image_options(parser)
    add_parameters(parser, MicroscopeParameters)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Write the image and the labels."""
    from shapelab.cli.options import given_parameters
    from shapelab.cli.progress import work_line
    from shapelab.io.output import require_new
    from shapelab.microscopy import MicroscopeParameters, render_microscopy

    require_new(known.out)
    parameters = MicroscopeParameters(**given_parameters(known, MicroscopeParameters))
    rendered = render_microscopy(
        _given(known),
        known.voxel_size,
        interval=known.interval,
        unit=known.unit,
        time_unit=known.time_unit,
        periodic=known.periodic or None,
        parameters=parameters,
    )
    with work_line() as show:
        paths = rendered.save(known.out, lambda done, count: show(done / count, f"frame {done} of {count}"))
    print(f"{', '.join(map(str, paths))}: {rendered}")
    return 0


def _given(known: argparse.Namespace) -> Any:
    """Return the run, movie or still image that the options ask for."""
    from shapelab.io import load_run

    if not is_file(known.path / "run.json"):
        return read_movie(known.path, known) if known.over_time else read_still(known.path, known)
    run = load_run(known.path)
    frame = frame_of_run(run, known)  # refuses options of image files
    return run if known.frame is None else frame
