"""Short runs, saved."""

from __future__ import annotations

from pathlib import Path

import shapelab as sl
from shapelab.io import Run, RunWriter, load_run


def kept(path: Path, simulation: sl.Simulation, steps: int, every: int) -> Run:
    """Save a short run."""
    with RunWriter(path, simulation) as writer:
        for frame in simulation.run(steps=steps, every=every):
            writer.write(frame)
    return load_run(path)
