"""The ``shapelab list`` command."""

from __future__ import annotations

import argparse

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("family", metavar="FAMILY", nargs="?")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print every family with its presets or scenarios."""
    from shapelab import catalog

    names = [known.family] if known.family else list(catalog.families())
    for name in names:
        family = catalog.family(name)
        try:
            entries = catalog.scenarios(name)
        except (ModuleNotFoundError, AttributeError):
            continue  # listed in the catalog, not part of this installation
        print(f"{family.name}: {family.description}")
        width = max((len(key) for key in entries), default=0)
        for key, entry in entries.items():
            print(f"  {key:<{width}}  {entry.description}")
    return 0
