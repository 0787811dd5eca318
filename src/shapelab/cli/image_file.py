"""What a verb reads: a mesh, the image of a file that its options choose, or a frame of a run folder."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.parser import refuse, whole_number
from shapelab.errors import InputError
from shapelab.io.presence import is_file, readable

if TYPE_CHECKING:
    from shapelab.frame import Frame, LayerData
    from shapelab.io import Run

__all__ = ["IMAGE_OPTIONS", "add_image_options", "frame_of_run", "frame_of_step", "read_movie", "read_shape", "read_still"]

IMAGE_OPTIONS = ("key", "frame", "channel", "labels")
"""Options of `add_image_options`."""


def add_image_options(parser: argparse._ActionsContainer) -> None:
    """Declare ``--key``, ``--frame``, ``--channel`` and ``--labels``."""
    parser.add_argument("--key", help="which array, in a file that holds several")
    parser.add_argument("--frame", type=whole_number, metavar="N", help="which frame of a time series, counted from 0")
    parser.add_argument("--channel", type=whole_number, metavar="N", help="which channel, counted from 0")
    parser.add_argument("--labels", action="store_true", help="treat the image as labels: its numbers are ids of objects")


def frame_of_run(run: Run, known: argparse.Namespace) -> Frame:
    """Return the frame of a saved run that ``--frame`` asks for, else the last.

    Raises
    ------
    InputError
        If there is none, or for an option that only means something for a file.
    """
    refuse(known, ("key", "channel", "labels"), f"is for image files: {run.path.name} is a run.")
    index = len(run) - 1 if known.frame is None else known.frame
    if not 0 <= index < len(run):
        there = f"frames 0 to {len(run) - 1}" if len(run) > 1 else "one frame, number 0"
        raise InputError(f"There is no frame {index}: the run {run.path.name} has {there}.")
    return run.frame(index)


def frame_of_step(run: Run, step: int | None) -> int:
    """Return the index of the frame of a step, of the last one for None; InputError if there is none."""
    if step is None:
        return len(run) - 1
    if step not in run.steps:
        raise InputError(f"The run {run.path.name} has no frame of step {step}; it has {', '.join(map(str, run.steps[-20:]))}.")
    return run.steps.index(step)


def read_still(path: Path, known: argparse.Namespace, *, lazy: bool = False) -> LayerData:
    """Return the image that the options ask for, one frame and one channel; what is to be said of it goes to stderr.

    With `lazy`, the array of a Zarr folder is left where it is.

    Raises
    ------
    InputError
        If it cannot be read, or has several frames or channels and none is chosen.
    """
    from shapelab.frame import require_space
    from shapelab.io import read_image

    layer = read_image(path, key=known.key, kind="labels" if known.labels else None, frame=known.frame, channel=known.channel, lazy=lazy)
    require_space(layer)
    for note in layer.meta.get("metadata", {}).get("notes", ()):
        print(f"shapelab: {path.name}: {note}", file=sys.stderr)
    return layer


def read_shape(path: Path, known: argparse.Namespace, *, lazy: bool = False) -> tuple[LayerData, Any]:
    """Return the mesh or image of a file, or the first volume of a run's frame, and how it goes on beyond its box.

    `lazy` is that of `read_still`.

    Raises
    ------
    InputError
        If there is none.
    """
    from shapelab.io import load_run
    from shapelab.io.mesh import MESH_SUFFIXES
    from shapelab.io.run import UNKNOWN_BOX

    if path.suffix.lower() in MESH_SUFFIXES:
        return _surface(path, known), "replicate"
    if not is_file(path / "run.json"):
        return read_still(path, known, lazy=lazy), "replicate"
    run = load_run(path)
    volumes = [layer for layer in frame_of_run(run, known) if layer.kind in ("image", "labels")]
    if not volumes:
        raise InputError(f"The run {path.name} holds no image or labels.")
    if run.periodic is None:
        print(f"shapelab: {path.name}: {UNKNOWN_BOX}", file=sys.stderr)
    return volumes[0], "periodic" if run.periodic else "replicate"


def _surface(path: Path, known: argparse.Namespace) -> LayerData:
    from shapelab.frame import LayerData
    from shapelab.io.mesh import read_mesh_file

    refuse(known, IMAGE_OPTIONS, f"is for images: {path.name} is a triangle mesh.")
    found = read_mesh_file(path)
    for note in found.notes:
        print(f"shapelab: {path.name}: {note}", file=sys.stderr)
    return LayerData(readable(path.stem), (found.mesh.vertices, found.mesh.faces), "surface")


def read_movie(path: Path, known: argparse.Namespace) -> LayerData:
    """Return the labels of a file over time, one channel, those of a Zarr folder not read yet; what is to be said of it goes to stderr.

    Raises
    ------
    InputError
        If it cannot be read, or has other axes than (t, y, x) or (t, z, y, x).
    """
    from shapelab.io import read_image

    layer = read_image(path, key=known.key, kind="labels", channel=known.channel, lazy=True)
    axes = layer.meta["axis_labels"]
    if layer.data.ndim not in (3, 4) or "c" in axes[1:]:
        raise InputError(f"A movie has the axes (t, y, x) or (t, z, y, x); {path.name} has {', '.join(axes)}, shape {layer.data.shape}.")
    if axes[0] != "t":
        print(f"shapelab: {path.name}: its first axis, of {len(layer.data)} entries, was taken as time.", file=sys.stderr)
        layer = replace(layer, meta={**layer.meta, "axis_labels": ("t", *axes[1:])})
    for note in layer.meta.get("metadata", {}).get("notes", ()):
        print(f"shapelab: {path.name}: {note}", file=sys.stderr)
    return layer
