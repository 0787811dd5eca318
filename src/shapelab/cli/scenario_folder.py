"""The option that names folders of the user's own scenarios, for every verb that takes one by name."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.errors import InputError
from shapelab.scenario_files import add_folder

__all__ = ["add_scenario_option", "take_scenarios"]


def add_scenario_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--scenarios``."""
    parser.add_argument(
        "--scenarios",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="also load scenarios from the Python files in this folder, which are executed (may be given several times)",
    )


def take_scenarios(known: argparse.Namespace) -> None:
    """Add the folders that were named to the catalogue.

    Raises
    ------
    InputError
        If one does not exist.
    """
    for folder in known.scenarios:
        if not folder.expanduser().is_dir():
            raise InputError(f"--scenarios: there is no folder {folder}.")
        add_folder(folder)
