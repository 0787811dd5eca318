"""What saving a run costs: a dock's worker that saves nothing and that saves frames, in turn, in one run.

    python benchmarks/recording.py [--repeats 5] [--intervals 3] [--only tubes]

Frames are taken ten times a second, as a window does. Every saved frame has its checkpoint. "extra" is the median over
the repeats of what an interval between saved frames costs more: in time, and in processor time of all threads, which other
programs disturb less. What making the folder and its first frame takes is told apart.
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
"""Name, steps between saved frames as a dock proposes them, run."""


def cost(worker: Worker, steps: int) -> tuple[float, float]:
    """Time and processor time [s] of so many steps."""
    first, begin, processor = last_step(worker), time.perf_counter(), time.process_time()
    while (now := last_step(worker)) < first + steps:
        worker.frames.take()
        time.sleep(0.1)
    share = steps / (now - first)
    return share * (time.perf_counter() - begin), share * (time.process_time() - processor)


def begun(worker: Worker, recorder: Recorder) -> float:
    """Let a run be saved; return the processor time until its first frame is complete [s]."""
    begin = time.process_time()
    worker.record(recorder)
    while not recorder.frames and not recorder.problem:
        time.sleep(0.01)
    return time.process_time() - begin


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
    parser.add_argument("--only", default="", help="cases whose names begin so")
    parser.add_argument("--intervals", type=int, default=3, help="saved frames in a repeat, besides the first")
    options = parser.parse_args()
    for name, every, make in (case for case in CASES if case[0].startswith(options.only)):
        worker = Worker(make())
        worker.start()
        while last_step(worker) < 5:  # kernels are compiled
            time.sleep(0.1)
        alone, saved, first = [], [], []
        steps, size = every * options.intervals, 0.0
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.repeats):
                recorder = Recorder(Path(folder) / f"run-{number}.zarr", every, "all")
                alone.append(cost(worker, steps))
                first.append(begun(worker, recorder))
                saved.append(cost(worker, steps))
                worker.record(None)
                last_step(worker)
                size = sum(file.stat().st_size for file in recorder.path.rglob("*")) / 1e6 / recorder.frames
            worker.stop()
            worker.join()
        extra = 100 * (np.median(np.divide(saved, alone), axis=0) - 1)
        print(
            f"{name:<32} {steps / np.median(alone, axis=0)[0]:6.1f} steps/s; saving every {every}: extra {extra[0]:5.1f} % of time, "
            f"{extra[1]:5.1f} % of processor time ({1000 * np.median(first):.0f} ms at the start); {size:.2f} MB per frame",
            flush=True,
        )


if __name__ == "__main__":
    main()
