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
    from shapelab.catalog import families, family, scenarios

    names = [known.family] if known.family else list(families())
    for name in names:
        entry = family(name)
        try:
            entries = scenarios(name)
        except (ModuleNotFoundError, AttributeError):
            continue  # listed in the catalog, not part of this installation
        print(f"{entry.name}: {entry.description}")
        width = max((len(key) for key in entries), default=0)
        for key, item in entries.items():
            print(f"  {key:<{width}}  {item.description}")
    return 0
