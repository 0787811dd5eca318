"""The ``shapelab`` command: run, resume, export, sweep, list, check and measure without a window."""

from shapelab.cli.command import main

__all__ = ["main"]
