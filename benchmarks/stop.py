"""How long it takes until work ends that is asked to stop: worst and median of every long operation.

    python benchmarks/stop.py [--tries 10] [--seed 1]

Each operation runs on a thread of its own and is asked to stop at a random moment of the time that it takes undisturbed
(which is measured once and includes no compiling). An operation that had ended before does not count. Latencies are by the
clock, so other programs make them longer.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import shapelab as sl
from shapelab.errors import Stopped
from shapelab.io import load_run, save_run
from shapelab.io.export import export_meshes
from shapelab.stopping import stoppable


def _labels(size: int, cells: int) -> np.ndarray:
    seeds = np.random.default_rng(1).uniform(0, size, (cells, 2))
    y, x = np.indices((size, size))
    return 1 + np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in seeds], axis=0).astype(np.int32)


def operations(folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what is stopped."""
    texture = sl.Curvatubes("tubes", shape=(160,) * 3, seed=1, settle=0)
    texture.step()
    state = texture.state()
    kept = load_run(save_run(folder / "run.zarr", texture))
    field = np.asarray(texture.frame()["field"])
    rng = np.random.default_rng(0)
    seeds = rng.uniform(0.05, 0.95, (400, 3))
    return {
        "prepare a texture, 192^3": lambda: sl.Curvatubes("tubes", shape=(192,) * 3, seed=1).prepare(),
        "ten steps of a texture, 160^3": lambda: [texture.model.step(state) for _ in range(10)],
        "prepare cells in 3-D": lambda: sl.Cells("separation_3d", shape=(96,) * 3, n_cells=200).prepare(),
        "solve_cells, 400 cells in 96^3": lambda: sl.solve_cells(seeds, np.full(400, 0.002), (96,) * 3, (1 / 96,) * 3),
        "fit_diagram, 60 cells in 256^2": lambda: sl.fit_diagram(_labels(256, 60), order=2),
        "generate_crystal, 200 grains": lambda: sl.generate_crystal(n_grains=200, shape=(256, 256)),
        "measure a field, 160^3": lambda: sl.measure(field, 0.01),
        "compare two fields, 160^3": lambda: sl.compare(field, np.roll(field, 3, axis=0)),
        "export a surface, 160^3": lambda: export_meshes(kept, folder / f"{time.time_ns()}.ply"),
    }


def latency(work: Callable[[], Any], moment: float) -> float | None:
    """Return the time from the wish to the end [s], None if the work had ended before."""
    event, stopped = threading.Event(), []

    def run() -> None:
        try:
            with stoppable(event):
                work()
        except Stopped:
            stopped.append(time.perf_counter())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(moment)
    asked = time.perf_counter()
    event.set()
    thread.join()
    return stopped[0] - asked if stopped else None


def main() -> None:
    """Measure every operation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print(f"{'':36}{'takes [s]':>10}{'median [s]':>12}{'worst [s]':>11}{'stopped':>9}")
    with tempfile.TemporaryDirectory(prefix="stop-") as name:
        for title, work in operations(Path(name)).items():
            work()
            begin = time.perf_counter()
            work()
            duration = time.perf_counter() - begin
            found = [latency(work, float(rng.uniform(0, 0.9)) * duration) for _ in range(options.tries)]
            known = [value for value in found if value is not None]
            summary = f"{np.median(known):12.3f}{max(known):11.3f}" if known else f"{'-':>12}{'-':>11}"
            print(f"{title:36}{duration:10.2f}{summary}{len(known):9}", flush=True)


if __name__ == "__main__":
    main()
