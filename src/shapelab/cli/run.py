"""The ``shapelab run`` command."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, read_still
from shapelab.cli.parser import Parser, refuse
from shapelab.cli.recording import add_recording, record
from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios
from shapelab.cli.types_file import add_types_options, types_of
from shapelab.errors import InputError

if TYPE_CHECKING:
    from shapelab.frame import LayerData

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that do not depend on the family; `parser` must leave ``--help`` to this command."""
    parser.add_argument("family", metavar="FAMILY", nargs="?", help="family of models (see shapelab list)")
    parser.add_argument("--preset", "--scenario", dest="preset", metavar="NAME", help="preset or scenario to start from")
    parser.add_argument("--start-from", type=Path, metavar="FILE", help="mask, labels or image to start from")
    add_image_options(parser)
    add_types_options(parser)
    parser.add_argument("-h", "--help", action="store_true", help="show this help, with the parameters of FAMILY")
    add_scenario_option(parser)
    add_recording(parser)


def run(known: argparse.Namespace, rest: list[str]) -> int:
    """Run a simulation; `rest` are the words that only the family's parameters explain."""
    from shapelab.catalog import create, families
    from shapelab.cli.options import add_parameters, given_parameters

    parser = Parser(prog=f"shapelab run {known.family or 'FAMILY'}", allow_abbrev=False)
    parser.add_argument("--preset", "--scenario", metavar="NAME", help="preset or scenario to start from")
    parser.add_argument("--start-from", metavar="FILE", help="mask, labels or image to start from")
    add_image_options(parser)
    add_types_options(parser)
    add_scenario_option(parser)
    add_recording(parser)
    if known.family is None:
        if known.help:
            parser.print_help()
            return 0
        raise InputError(f"say which family to run: {', '.join(families())}.")
    take_scenarios(known)
    parameters_type = create(known.family, known.preset).model.parameters_type
    add_parameters(parser, parameters_type)
    if known.help:
        parser.print_help()
        return 0
    changes: dict[str, Any] = given_parameters(parser.parse_args(rest), parameters_type)
    if known.start_from is not None:
        layer = read_still(known.start_from, known)
        if not layer.data.any():
            raise InputError(f"{known.start_from.name} is empty: every pixel is 0, so there is nothing to start from.")
        changes["initial"] = _with_types(layer, known)
    else:
        refuse(known, ("types", "types_column"), "says which cells of --start-from are of which type: give both.")
    return record(create(known.family, known.preset, **changes), known)


def _with_types(layer: LayerData, known: argparse.Namespace) -> LayerData:
    """Return the labels with the types that the options give, in the column "type" of their features."""
    import numpy as np

    from shapelab.estimate.target import FAMILIES

    if known.family not in FAMILIES:
        refuse(known, ("types", "types_column"), f"is for {' and '.join(FAMILIES)}: {known.family} has no types of cells.")
        return layer
    types = types_of(known, np.asarray(layer.data))
    if types is None:
        return layer
    return replace(layer, kind="labels", meta={**layer.meta, "features": {"index": list(types), "type": list(types.values())}})
