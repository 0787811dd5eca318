"""What keeping a run costs: steps with and without a recorder, in turn, in one process.

    python benchmarks/recording.py [--repeats 5]

Each line is a run as a dock keeps it, with a checkpoint of every kept frame. "extra" is the time that keeping adds, as
a share of the run alone, by the medians of blocks that take turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import shapelab as sl
from napari_shapelab.recorder import Recorder
from shapelab.simulation import Simulation

CASES: tuple[tuple[str, int, int, Callable[[], Simulation]], ...] = (
    ("tubes 64^3", 50, 100, lambda: sl.Curvatubes("tubes", shape=(64,) * 3, settle=0, max_steps=10**6)),
    ("tubes 100^3", 50, 50, lambda: sl.Curvatubes("tubes", shape=(100,) * 3, settle=0, max_steps=10**6)),
    ("run and tumble 112^2, 60 cells", 10, 100, lambda: sl.Cells("run_and_tumble")),
    ("separation 3-D", 10, 20, lambda: sl.Cells("separation_3d")),
)
"""Name, steps between kept frames, steps per block, run."""


def block(simulation: Simulation, steps: int, recorder: Recorder | None) -> float:
    """Time of some steps [s], kept or not."""
    begin = time.perf_counter()
    for _ in range(steps):
        simulation.step()
        if recorder is not None and (problem := recorder.follow(simulation)):
            raise SystemExit(problem)
    duration = time.perf_counter() - begin
    while recorder is not None and recorder.writing:  # so that the next block is alone
        time.sleep(0.002)
    return duration


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for name, every, steps, make in CASES:
        simulation = make()
        with tempfile.TemporaryDirectory() as folder:
            recorder = Recorder(Path(folder) / "run.zarr", every, "all")
            block(simulation, every, recorder)  # compile, load, make the folder
            alone, kept = [], []
            for _ in range(repeats):
                alone.append(block(simulation, steps, None))
                kept.append(block(simulation, steps, recorder))
            recorder.close()
            size = sum(file.stat().st_size for file in Path(folder).rglob("*")) / 1e6 / recorder.frames
        extra = np.median(kept) / np.median(alone) - 1
        step = 1e3 * np.median(alone) / steps
        print(f"{name:<32} every {every:3} steps of {step:6.1f} ms: extra {100 * extra:5.1f} %, {size:.2f} MB per kept frame")


if __name__ == "__main__":
    main()
