"""The ``shapelab list`` command."""

from __future__ import annotations

import argparse
import sys

from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("family", metavar="FAMILY", nargs="?", help="list this family only")
    add_scenario_option(parser)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print every family with its presets or scenarios; what is broken is named, and makes the exit code 1."""
    from shapelab.catalog import families, family, problems, scenarios

    take_scenarios(known)
    for name in [known.family] if known.family else list(families()):
        entry, items = family(name), scenarios(name)
        print(f"{entry.name}: {entry.description}")
        width = max((len(key) for key in items), default=0)
        for key, item in items.items():
            print(f"  {key:<{width}}  {item.description}")
    found = problems()
    for problem in found:
        print(f"shapelab: {problem}", file=sys.stderr)
    return 1 if found else 0
