"""The ``shapelab tensions`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, frame_of_run, read_still
from shapelab.cli.parser import number
from shapelab.errors import InputError
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.frame import LayerData

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.infer.options import TensionOptions

    parser.add_argument("path", type=Path, metavar="FILE", help="label image, or run folder of cells (its last frame)")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="one size, or one per axis (z y x)")
    add_image_options(parser)
    parser.add_argument("--periodic", action="store_true", help="the image repeats along all axes")
    parser.add_argument("--plan", action="store_true", help="only say what to expect: cells, error, time, memory")
    parser.add_argument("--cells", action="store_true", help="print the pressures of cells instead of the tensions of interfaces")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as .csv instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_parameters(parser, TensionOptions)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print the tensions of a label image."""
    from shapelab.cli.options import given_parameters
    from shapelab.frame import LayerData
    from shapelab.infer import TensionOptions, infer_tensions, plan_tensions

    options = TensionOptions(**given_parameters(known, TensionOptions))
    if known.out is not None and known.out.suffix.lower() != ".csv":
        raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
    layer = _labels(known)
    spacing: Any = known.voxel_size or layer.meta["scale"]
    print(plan_tensions(layer.data, spacing), file=sys.stderr)
    if known.plan:
        return 0
    found = infer_tensions(LayerData(layer.name, layer.data, "labels", {"scale": spacing}), periodic=known.periodic, options=options)
    print(found, file=sys.stderr)
    _write(found.cells().reset_index() if known.cells else found.table(), known)
    return 0


def _write(table: pd.DataFrame, known: argparse.Namespace) -> None:
    if known.out is not None:
        try:
            table.to_csv(known.out, index=False)
        except OSError as error:
            raise InputError(f"{known.out} cannot be written: {error.strerror or error}.") from None
        print(f"{known.out}: {len(table)} rows")
    elif known.json:
        print(table.to_json(orient="records", indent=2))
    else:
        print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _labels(known: argparse.Namespace) -> LayerData:
    """Return the label image of a file, or the cells in the last frame of a run folder."""
    from shapelab.frame import LayerData
    from shapelab.io import load_run
    from shapelab.labels.check import labels_of

    if not is_file(known.path / "run.json"):
        layer = read_still(known.path, known)
        return LayerData(layer.name, labels_of(layer), "labels", layer.meta)
    frame = frame_of_run(load_run(known.path), known)
    if "cells" not in frame:
        raise InputError(f"The run {known.path.name} has no cells: tensions are inferred from cells, not from a field.")
    return frame.layer("cells")
