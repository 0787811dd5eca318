"""The ``shapelab check`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.parser import whole_number
from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios
from shapelab.errors import ParameterError

if TYPE_CHECKING:
    from shapelab.catalog import Scenario

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("names", metavar="NAME", nargs="+", help="preset, scenario, or Python file of scenarios")
    parser.add_argument("--seed", type=whole_number, default=1, metavar="N", help="random seed of the run (default 1)")
    add_scenario_option(parser)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Test scenarios at their quick size; the exit code is 1 if one fails."""
    from shapelab.scenario_check import check_scenario

    take_scenarios(known)
    failed = []
    for item in [item for name in known.names for item in _scenarios(name)]:
        print(f"{item.name} ({item.family}, {item.ndim}-D): {item.title}")
        passed = True
        for finding in check_scenario(item, known.seed):
            print(f"  {'ok  ' if finding.passed else 'FAIL'}  {finding.sentence}", flush=True)
            passed = passed and finding.passed
        failed += [] if passed else [item.name]
    if failed:
        print(f"shapelab: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _scenarios(name: str) -> list[Scenario]:
    """Return the scenario of that name, or those of a file."""
    from shapelab.catalog import families, scenarios, take_file

    if name.endswith(".py"):
        return take_file(Path(name))
    found = [scenarios(family)[name] for family in families() if name in scenarios(family)]
    if found:
        return found
    tried = [_refusal(family, name) for family in families()]
    raise ParameterError(next((text for text in tried if "did you mean" in text), tried[-1]))


def _refusal(family: str, name: str) -> str:
    from shapelab.catalog import scenario

    try:
        scenario(family, name)
    except ParameterError as error:
        return str(error)
    return ""
