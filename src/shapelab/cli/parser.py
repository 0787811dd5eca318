"""The parser of the command and of its verbs: an error is one line that says where help is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from shapelab.errors import InputError

__all__ = ["FAILED", "INTERRUPTED", "JSON_OR_TABLE", "USAGE", "Parser", "at_least", "number", "refuse", "whole_number"]

FAILED = 1
"""Exit code of work that failed."""
JSON_OR_TABLE = "prints, and --out writes a table as .csv: choose one of the two."
"""Why --json is refused beside --out."""
USAGE = 2
"""Exit code of a wrong request."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with the message and exit code 2."""
        self.exit(USAGE, f"{self.prog}: {message}. See {self.prog} --help.\n")


def whole_number(text: str) -> int:
    """Type of an option that takes a whole number; `at_least` checks its range."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not allowed, choose a whole number") from None


def number(text: str) -> float:
    """Type of an option that takes a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not allowed, choose a number") from None


def at_least(least: int, **options: int | None) -> None:
    """Refuse an option that is below `least`; one that is not given passes."""
    for name, value in options.items():
        if value is not None and value < least:
            raise InputError(f"--{name.replace('_', '-')}: {value} is not allowed, choose a whole number of at least {least}.")


def refuse(known: argparse.Namespace, options: Sequence[str], because: str) -> None:
    """Refuse the first of these options that is given, by name as in ``known``, with the end of a sentence; raises InputError."""
    for option in options:
        value = getattr(known, option)
        if value is not None and value is not False:
            raise InputError(f"--{option.replace('_', '-')} {because}")
