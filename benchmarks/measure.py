"""Measures, meshes and run folders: times, and how long the interpreter lock is held.

    python benchmarks/measure.py [--size 100]

"gap" is the longest time that a thread which wakes every 5 ms had to wait while the work ran in another one: what a
window would feel.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

import shapelab as sl
from shapelab.convert import field_to_mesh, mask_to_isotropic_field
from shapelab.io import RunWriter
from shapelab.measure import curvature_diagram, measure_labels


def blobs(n: int) -> np.ndarray:
    """A smooth random field of both signs, as a phase field."""
    noise = np.random.default_rng(0).standard_normal((n, n, n)).astype(np.float32)
    smooth = gaussian_filter(noise, 4, mode="wrap")
    return np.tanh(2 * smooth / smooth.std())


def median_time(work: Callable[[], object], repeats: int = 5) -> float:
    """Median time of a call [ms]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def longest_gap(work: Callable[[], object]) -> float:
    """Longest pause of this thread while `work` runs in another one [ms]."""
    thread = threading.Thread(target=work)
    last, longest = time.perf_counter(), 0.0
    thread.start()
    while thread.is_alive():
        time.sleep(0.005)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return 1e3 * longest


def run_folder() -> None:
    """Time of a step and of keeping a frame with its checkpoint."""
    simulation = sl.Curvatubes(preset="tubes", shape=(64, 64, 64), seed=1)
    simulation.step()
    with tempfile.TemporaryDirectory() as folder, RunWriter(Path(folder) / "run.zarr", simulation) as writer:
        writer.write(simulation.frame())
        steps, writes = [], []
        for _ in range(6):
            start = time.perf_counter()
            for _ in range(5):
                simulation.step()
            middle = time.perf_counter()
            writer.write(simulation.frame())
            steps.append((middle - start) / 5)
            writes.append(time.perf_counter() - middle)
    step, write = 1e3 * float(np.median(steps)), 1e3 * float(np.median(writes))
    share = 100 * write / (50 * step)
    print(f"run folder at 64^3: {write:.0f} ms per kept frame; {share:.1f} % of a run that keeps one in 50 steps of {step:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100, help="edge of the cube [voxels]")
    n = parser.parse_args().size
    u = blobs(n)
    small = blobs(64)
    labels = (np.arange(n**3).reshape(n, n, n) // (n * n * 10) + 1) * (u > 0)
    work: dict[str, Callable[[], object]] = {
        "diagram of a field, 64^3": lambda: curvature_diagram(small, 0.01),
        f"diagram of a field, {n}^3": lambda: curvature_diagram(u, 0.01),
        f"mask to field, {n}^3": lambda: mask_to_isotropic_field(u > 0),
        f"mesh, {n}^3": lambda: field_to_mesh(u),
        f"mesh in one piece, {n}^3": lambda: field_to_mesh(u, slab=n),
        f"measure a field, {n}^3": lambda: sl.measure(u, 0.01),
        f"measure a mask, {n}^3": lambda: sl.measure(u > 0, 0.01),
        f"table of labels, {n}^3": lambda: measure_labels(labels),
    }
    for name, call in work.items():
        call()  # compile, load
        print(f"{name:<28} {median_time(call):8.1f} ms   gap {longest_gap(call):6.1f} ms")
    run_folder()


if __name__ == "__main__":
    main()
