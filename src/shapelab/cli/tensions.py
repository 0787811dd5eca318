"""The ``shapelab tensions`` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.image_file import add_image_options, frame_of_run, read_still
from shapelab.cli.parser import number
from shapelab.errors import InputError
from shapelab.io.output import new_file, require_new
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

__all__ = ["add_options", "run"]

_NO_CELLS = "The run {} has no cells: tensions are inferred from cells, not from a field."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.infer.options import TensionOptions

    parser.add_argument("path", type=Path, metavar="FILE", help="label image, or run folder of cells (its last frame)")
    parser.add_argument("--voxel-size", type=number, nargs="+", metavar="SIZE", help="one size, or one per axis (z y x)")
    add_image_options(parser)
    parser.add_argument("--over-time", action="store_true", help="every frame of a film or run; the table has a column 'frame'")
    parser.add_argument("--width", type=number, metavar="FRAMES", help="with --over-time: smoothing in time (1; 0 for none)")
    parser.add_argument("--periodic", action="store_true", help="the image repeats along all axes")
    parser.add_argument("--plan", action="store_true", help="only say what to expect: cells, error, time, memory")
    parser.add_argument("--cells", action="store_true", help="print the pressures of cells instead of the tensions of interfaces")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as .csv instead of printing it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_parameters(parser, TensionOptions)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print the tensions of a label image, or of all frames of a film."""
    from shapelab.cli.options import given_parameters
    from shapelab.frame import LayerData
    from shapelab.infer import TensionOptions, infer_tensions, infer_tensions_over_time, plan_tensions

    options = TensionOptions(**given_parameters(known, TensionOptions))
    if known.out is not None and known.out.suffix.lower() != ".csv":
        raise InputError(f"A table is written as .csv; received {known.out.name!r}.")
    if known.out is not None:
        require_new(known.out)
    if known.over_time and known.frame is not None:
        raise InputError("--frame takes one frame and --over-time all of them: choose one of the two.")
    if known.width is not None and not known.over_time:
        raise InputError("--width smooths in time: it needs --over-time.")
    frames, scale = _film(known) if known.over_time else _still(known)
    spacing: Any = known.voxel_size or scale
    print(plan_tensions(frames[0], spacing), file=sys.stderr)
    if known.plan:
        return 0
    if known.over_time:
        width = 1.0 if known.width is None else known.width
        film = infer_tensions_over_time(frames, spacing, periodic=known.periodic, options=options, width=width, progress=_tell)
        print(film, file=sys.stderr)
        _write(film.cells() if known.cells else film.table(), known)
        return 0
    found = infer_tensions(LayerData("cells", frames[0], "labels", {"scale": spacing}), periodic=known.periodic, options=options)
    print(found, file=sys.stderr)
    _write(found.cells().reset_index() if known.cells else found.table(), known)
    return 0


def _tell(done: int, count: int) -> None:
    print(f"\rframe {done} of {count}", end="\n" if done == count else "", file=sys.stderr)


def _write(table: pd.DataFrame, known: argparse.Namespace) -> None:
    if known.out is not None:
        with new_file(known.out) as partial:
            table.to_csv(partial, index=False)
        print(f"{known.out}: {len(table)} rows")
    elif known.json:
        print(table.to_json(orient="records", indent=2))
    else:
        print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _still(known: argparse.Namespace) -> tuple[Sequence[np.ndarray], Any]:
    """Return the label image of a file, or the cells in the last frame of a run folder, and its voxel size."""
    from shapelab.io import load_run
    from shapelab.labels.check import labels_of

    if not is_file(known.path / "run.json"):
        layer = read_still(known.path, known)
        return [labels_of(layer)], layer.meta["scale"]
    frame = frame_of_run(load_run(known.path), known)
    if "cells" not in frame:
        raise InputError(_NO_CELLS.format(known.path.name))
    layer = frame.layer("cells")
    return [layer.data], layer.meta["scale"]


def _film(known: argparse.Namespace) -> tuple[Sequence[np.ndarray], Any]:
    """Return the label images of all frames, and their voxel size."""
    from shapelab.io import load_run, read_image

    if (known.path / "run.json").is_file():
        run = load_run(known.path)
        last = frame_of_run(run, known)
        if "cells" not in last:
            raise InputError(_NO_CELLS.format(known.path.name))
        return [run.frame(index)["cells"] for index in range(len(run))], last.layer("cells").meta["scale"]
    layer = read_image(known.path, key=known.key, kind="labels", channel=known.channel)
    axes = layer.meta["axis_labels"]
    if layer.data.ndim not in (3, 4) or "c" in axes[1:]:
        raise InputError(
            f"A film has the axes (t, y, x) or (t, z, y, x); {known.path.name} has {', '.join(axes)}, shape {layer.data.shape}."
        )
    if axes[0] != "t":
        print(f"shapelab: {known.path.name}: its first axis, of {len(layer.data)} entries, was taken as time.", file=sys.stderr)
    return list(layer.data), layer.meta["scale"][1:]
