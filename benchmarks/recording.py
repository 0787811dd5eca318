"""What keeping a run costs: a dock's worker that keeps nothing and that keeps frames, in turn, in one run.

    python benchmarks/recording.py [--repeats 5] [--seconds 3]

Frames are taken ten times a second, as a window does. Every kept frame has its checkpoint. "extra" is the median over
the repeats of what a step costs more: in time, and in processor time of all threads, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import shapelab as sl
from napari_shapelab.run.recorder import Recorder
from napari_shapelab.run.worker import Worker
from shapelab.simulation import Simulation

CASES: tuple[tuple[str, int, Callable[[], Simulation]], ...] = (
    ("tubes 64^3", 100, lambda: sl.Curvatubes("tubes", shape=(64,) * 3, settle=0, max_steps=10**6)),
    ("tubes 100^3", 100, lambda: sl.Curvatubes("tubes", shape=(100,) * 3, settle=0, max_steps=10**6)),
    ("run and tumble 112^2, 60 cells", 100, lambda: sl.Cells("run_and_tumble")),
    ("separation in 3-D", 100, lambda: sl.Cells("separation_3d")),
)
"""Name, steps between kept frames as a dock proposes them, run."""


def cost(worker: Worker, seconds: float) -> tuple[float, float]:
    """Time and processor time of a step [s]."""
    first, begin, processor = last_step(worker), time.perf_counter(), time.process_time()
    while time.perf_counter() < begin + seconds:
        worker.frames.take()
        time.sleep(0.1)
    steps = last_step(worker) - first
    return (time.perf_counter() - begin) / steps, (time.process_time() - processor) / steps


def last_step(worker: Worker) -> int:
    """Return the step that the run has reached, between two steps."""
    steps: list[int] = []
    worker.visit(lambda simulation: steps.append(simulation.step_number))
    while not steps:
        time.sleep(0.001)
    return steps[0]


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    for name, every, make in CASES:
        worker = Worker(make())
        worker.start()
        while last_step(worker) < 5:  # kernels are compiled
            time.sleep(0.1)
        alone, kept, size = [], [], 0.0
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.repeats):
                recorder = Recorder(Path(folder) / f"run-{number}.zarr", every, "all")
                alone.append(cost(worker, options.seconds))
                worker.keep(recorder)
                last_step(worker)
                kept.append(cost(worker, options.seconds))
                worker.keep(None)
                last_step(worker)
                size = sum(file.stat().st_size for file in recorder.path.rglob("*")) / 1e6 / recorder.frames
            worker.stop()
            worker.join()
        extra = 100 * (np.median(np.divide(kept, alone), axis=0) - 1)
        print(
            f"{name:<32} {1 / np.median(alone, axis=0)[0]:6.1f} steps/s; keeping every {every}: extra {extra[0]:5.1f} % of time, "
            f"{extra[1]:5.1f} % of processor time; {size:.2f} MB per frame",
            flush=True,
        )


if __name__ == "__main__":
    main()
