"""The ``shapelab draw`` command: a saved diagram as labels, at any resolution."""

from __future__ import annotations

import argparse
from pathlib import Path

from shapelab.cli.grain_input import ELEMENT_KINDS, SOLVER_KINDS, save_all
from shapelab.cli.parser import at_least, whole_number
from shapelab.errors import InputError

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("path", type=Path, metavar="FILE", help="diagram (.json), from shapelab fit or generate")
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help=f"file to write: .tif .nii .h5 (labels), {SOLVER_KINDS}, {ELEMENT_KINDS}",
    )
    parser.add_argument(
        "--resolution",
        type=whole_number,
        default=1,
        metavar="K",
        help="how many times finer than the image that the diagram was made for, along each axis (default 1)",
    )
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Draw the diagram."""
    from shapelab.crystals.diagram_file import load_diagram
    from shapelab.crystals.sample import SAMPLE_SUFFIXES, GrainSample
    from shapelab.io.output import require_new

    suffixes = tuple(suffix for suffix in SAMPLE_SUFFIXES if suffix not in (".csv", ".json"))
    if not known.out.name.lower().endswith(suffixes):
        raise InputError(f"{known.out.name} must end in {', '.join(suffixes)}.")
    at_least(1, resolution=known.resolution)
    require_new(known.out)
    save_all(known.path.name, GrainSample.drawn(load_diagram(known.path), known.resolution), [known.out])
    return 0
