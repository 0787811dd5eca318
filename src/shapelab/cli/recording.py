"""What `run` and `resume` share: the options that say what to save, and the loop that saves it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.cli.parser import INTERRUPTED, at_least, whole_number
from shapelab.errors import InputError

if TYPE_CHECKING:
    from shapelab.simulation import Simulation

__all__ = ["add_recording", "record"]

_STEPS = 500
"""Steps of a run that would not end by itself."""
_WITH_SURFACE = "curvatubes"
"""The family whose frames have a surface."""


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="run folder to make, such as tubes.zarr")
    parser.add_argument(
        "--steps", type=whole_number, metavar="N", help=f"take at most this many steps (default: until the run ends, or {_STEPS})"
    )
    parser.add_argument("--every", type=whole_number, default=50, metavar="N", help="save a frame every N steps (default 50)")
    parser.add_argument(
        "--keep", choices=("last", "all", "none"), help="checkpoints to keep (default: the last one, or those that a resumed run keeps)"
    )
    parser.add_argument("--mesh", type=Path, metavar="FILE", help="also save the last surface (.ply with curvature, .obj, .stl)")


def record(simulation: Simulation, known: argparse.Namespace, append_to: Path | None = None) -> int:
    """Run `simulation` and save its frames; an interrupt ends it after the current step."""
    from shapelab.cli.progress import Progress, interruptible
    from shapelab.io import RunWriter
    from shapelab.io.mesh import check_suffix
    from shapelab.io.output import require_folder

    at_least(1, every=known.every)
    at_least(0, steps=known.steps)
    path = append_to or known.out
    if path is None and known.mesh is None:
        raise InputError("say where to save the run (--out tubes.zarr) or its surface (--mesh tubes.ply).")
    if known.mesh is not None:
        check_suffix(known.mesh)
        require_folder(known.mesh)
        if simulation.model.name != _WITH_SURFACE:
            raise InputError(f"--mesh is for {_WITH_SURFACE}: a run of {simulation.model.name} has no surface; see shapelab export.")
    steps = known.steps
    if steps is None and "max_steps" not in type(simulation.parameters).model_fields:
        steps = _STEPS
    writer = RunWriter(path, simulation, keep=known.keep, append=append_to is not None) if path is not None else None
    frame = None
    try:
        with interruptible(simulation) as interrupted, Progress(simulation, steps) as progress:
            for frame in simulation.run(steps, every=known.every):
                if writer is not None:
                    writer.write(frame)
                progress.show(frame)
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        count = f"{writer.frames} frame{'s' if writer.frames != 1 else ''}"
        print(f"{path}: {count}, step {simulation.step_number}. {simulation.reason or ''}".rstrip())
    if known.mesh is not None and frame is not None:
        from shapelab.io.surface import write_surface

        print(write_surface(known.mesh, frame))
    if simulation.failed:
        print(f"shapelab: {simulation.reason}", file=sys.stderr)
        return 1
    return INTERRUPTED if interrupted.is_set() else 0
