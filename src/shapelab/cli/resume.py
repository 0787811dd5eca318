"""The ``shapelab resume`` command."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.recording import add_recording, record
from shapelab.errors import InputError

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("path", type=Path, metavar="FOLDER", help="run folder")
    parser.add_argument("--from-step", type=int, metavar="N", help="go on from this kept step (then --out is needed)")
    parser.set_defaults(action=run)
    add_recording(parser)


def run(known: argparse.Namespace) -> int:
    """Go on with a saved run."""
    from shapelab.io import load_run

    run = load_run(known.path)
    if known.from_step is not None and known.out is None:
        raise InputError("going on from an earlier step makes another run: say where with --out.")
    return record(run.simulation(known.from_step), known, append_to=None if known.out is not None else known.path)
