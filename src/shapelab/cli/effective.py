"""Options for effective properties, the same of `measure` and of `compare`."""

from __future__ import annotations

import argparse

__all__ = ["add_effective_options"]


def add_effective_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare ``--effective`` (all of them) and ``--properties`` (those that are named); either is found as ``effective``."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--effective", action="store_true", help=what)
    named = "only these effective properties: sizes, chords, tortuosity, pattern, or single ones such as strut_size"
    either.add_argument("--properties", dest="effective", nargs="+", metavar="NAME", help=named)
