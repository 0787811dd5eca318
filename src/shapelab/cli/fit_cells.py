"""The ``shapelab fit-cells`` command: the parameters with which a model of cells looks like a movie or a segmentation."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path
from typing import Any

from shapelab.cli.cells_over_time import add_movie_options, movie_of
from shapelab.cli.parser import INTERRUPTED, number, whole_number
from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios
from shapelab.cli.types_file import add_types_options, types_of
from shapelab.errors import InputError

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.estimate.options import FitOptions

    add_movie_options(parser)
    parser.add_argument("--scenario", required=True, metavar="NAME", help="model to fit: a scenario of cells, or a preset of foams")
    parser.add_argument(
        "--parameter",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "LOW", "HIGH"),
        help="a parameter to fit and its range (may be given several times)",
    )
    parser.add_argument(
        "--fixed",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="fix another parameter of the model (may be given several times)",
    )
    add_types_options(parser)
    parser.add_argument("--duration", type=number, metavar="TIME", help="for a single image: how long the model runs before it is compared")
    parser.add_argument("--processes", type=whole_number, default=1, metavar="N", help="number of runs at a time (default 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler to compute on, such as tcp://host:8786")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to save the fit in; an unfinished fit is resumed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_scenario_option(parser)
    add_parameters(parser, FitOptions)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Fit; write the samples and, where matplotlib is there, the picture of the posterior."""
    from shapelab.cli.options import given_parameters
    from shapelab.cli.progress import on_interrupt, work_line
    from shapelab.cli.report import print_table
    from shapelab.errors import Stopped
    from shapelab.estimate import FitOptions, fit_cells
    from shapelab.stopping import stoppable

    take_scenarios(known)
    options = FitOptions(**given_parameters(known, FitOptions))
    ranges = {name: (_number(name, low), _number(name, high)) for name, low, high in known.parameter}
    movie = movie_of(known)
    types = types_of(known, movie[0])
    stop = threading.Event()
    with on_interrupt(stop.set), stoppable(stop), work_line() as show:
        try:
            fit = fit_cells(
                movie,
                known.scenario,
                ranges,
                fixed={name: _value(text) for name, text in known.fixed},
                types=types,
                duration=known.duration,
                options=options,
                folder=known.out,
                processes=known.processes,
                scheduler=known.scheduler,
                progress=lambda done, count: show(done / count, f"run {done} of {count}"),
            )
        except Stopped:
            print(f"Interrupted: what is done is saved; the same command resumes {known.out}.", file=sys.stderr)
            return INTERRUPTED
    paths = fit.save(known.out)
    if known.json:
        print_table(fit.estimates.table(), as_json=True)
        return 0
    print(fit)
    command = fit.command(str(known.path), types=None if known.types is None else str(known.types), column=known.types_column)
    print(f"{', '.join(map(str, paths))}\nA run with the best parameters: {command}")
    return 0


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--parameter {name}: {text} is not allowed, give two numbers: the lowest and the highest.") from None


def _value(text: str) -> Any:
    """Return a value as JSON reads it, else the text itself; the model checks it."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return tuple(found) if isinstance(found, list) else found
