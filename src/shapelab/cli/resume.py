"""The ``shapelab resume`` command."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.parser import whole_number
from shapelab.cli.recording import add_recording, record
from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios
from shapelab.errors import InputError

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("path", type=Path, metavar="FOLDER", help="run folder")
    parser.add_argument("--from-step", type=whole_number, metavar="N", help="resume from the checkpoint of this step (needs --out)")
    parser.set_defaults(action=run)
    add_scenario_option(parser)
    add_recording(parser)


def run(known: argparse.Namespace) -> int:
    """Resume a saved run."""
    from shapelab.io import load_run

    take_scenarios(known)
    run = load_run(known.path)
    if known.from_step is not None and known.out is None:
        raise InputError("resuming from an earlier step starts a new run: say where to save it (--out).")
    return record(run.simulation(known.from_step), known, append_to=None if known.out is not None else known.path)
