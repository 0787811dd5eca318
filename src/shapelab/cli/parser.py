"""The parser of the command and of its verbs: an error is one line that says where help is."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["USAGE", "Parser"]

USAGE = 2
"""Exit code of a wrong request."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with the message and exit code 2."""
        self.exit(USAGE, f"{self.prog}: {message}. See {self.prog} --help.\n")
