"""The ``shapelab`` command: run, resume, export, sweep, list and measure without a window."""

from shapelab.cli.command import main

__all__ = ["main"]
