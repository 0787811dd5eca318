"""What runs, fits, comparisons and meshes take at their highest, beside what is estimated before they begin.

    python benchmarks/memory.py [--only tubes] [--size 1.0] [--default]

Each case runs in a process of its own, after a small one of its kind that loads libraries and kernels. The peak is that of
the resident memory above the level before (Linux: VmHWM, which /proc/self/clear_refs resets). A run is prepared, takes four
steps, and hands out three frames of which the last two are held, as a window or a writer does.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Work = Callable[[float], tuple[int, Callable[[], Any]]]
"""From a factor on the size: what is estimated [bytes], and what is measured."""


def texture(side: int = 112, *, from_mask: bool = False, **given: Any) -> Work:
    """Return a run of a texture."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl

        shape = (max(16, round(side * size)),) * 3
        if from_mask:
            simulation = sl.Curvatubes("tubes", initial=drawn(shape, 40) % 2 > 0, seed=1, **given)
        else:
            simulation = sl.Curvatubes("tubes", shape=shape, seed=1, **given)
        return simulation.model.memory(simulation.parameters, simulation.initial), lambda: follow(simulation)

    return case


def cells(scenario: str, shape: tuple[int, ...], n_cells: int, *, from_labels: bool = False, **given: Any) -> Work:
    """Return a run of cells."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl

        grid = tuple(max(24, round(n * size)) for n in shape)
        count = max(8, round(n_cells * size ** len(shape)))
        if not from_labels:
            simulation = sl.Cells(scenario, shape=grid, n_cells=count, seed=1, **given)
        else:
            simulation = sl.Cells(scenario, initial=drawn(grid, count), seed=1, **given)
        return simulation.model.memory(simulation.parameters, simulation.initial), lambda: follow(simulation)

    return case


def foam(shape: tuple[int, ...], n_cells: int, *, from_labels: bool = False, **given: Any) -> Work:
    """Return a run of a foam."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl

        grid = tuple(max(24, round(n * size)) for n in shape)
        count = max(8, round(n_cells * size ** len(shape)))
        if from_labels:
            simulation = sl.Foam(labels=drawn(grid, count), background="none", **given)
        else:
            preset = "foam_sorting" if len(shape) == 2 else "foam_sorting_3d"
            simulation = sl.Foam(preset, shape=grid, n_cells=count, seed=1, **given)
        return simulation.model.memory(simulation.parameters, simulation.initial), lambda: follow(simulation)

    return case


def settled(shape: tuple[int, ...], n_cells: int) -> Work:
    """Return the exact settling of a foam, which makes a mesh."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl
        from shapelab import memory
        from shapelab.foam import settle_exactly

        grid = tuple(max(24, round(n * size)) for n in shape)
        labels = drawn(grid, max(8, round(n_cells * size ** len(shape))))
        simulation = sl.Foam(labels=labels, background="none")
        simulation.prepare()
        return memory.of_mesh(grid, faces(labels)), lambda: settle_exactly(simulation, max_steps=5)

    return case


def follow(simulation: Any) -> None:
    """Take a few steps, and hold the last two frames."""
    held = [simulation.frame()]
    for frame in simulation.run(4, every=2):
        held = [held[-1], frame]


def call(function: str, shape: tuple[int, ...], count: int, **given: Any) -> Work:
    """Return a call of a function of shapelab on labels, or on two masks ("compare" with `count` 0)."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl
        from shapelab import memory
        from shapelab.mesh import conforming_triangles, interface_mesh

        grid = tuple(max(24, round(n * size)) for n in shape)
        cells = max(8, round(count * size ** len(shape)))
        if function == "generate_crystal":
            return memory.of_new_crystal(grid, cells), lambda: sl.generate_crystal(cells, grid, **given)
        labels = drawn(grid, cells)
        if function == "compare":
            pair = (labels, np.roll(labels, 2, 0)) if count else (labels % 2 > 0, np.roll(labels % 2 > 0, 2, 0))
            return memory.of_comparison(grid, labels=count > 0), lambda: sl.compare(*pair)
        if function == "fit_diagram":
            return memory.of_crystal_fit(grid, exact_volumes="exact_volumes" in given), lambda: sl.fit_diagram(labels, effort=0.05, **given)
        if function == "conforming_triangles":
            sizes = np.bincount(labels.ravel())[1:]
            squares = math.prod(round(n / given.get("size", 0.25 * float(np.sqrt(np.median(sizes))))) for n in grid)
            return memory.of_triangles(grid, squares), lambda: conforming_triangles(labels, **given)
        if function == "render_microscopy":
            image = sl.render_microscopy(labels[None], **given)
            return memory.of_microscope_image(grid, nuclei=given["stain"] == "nucleus"), lambda: image.image(0)
        if function == "measure":
            return memory.of_mesh(grid, faces(labels)), lambda: sl.measure(labels, 1.0, labels=True)
        if function == "infer_tensions":
            return memory.of_tensions(grid, faces(labels)), lambda: sl.infer_tensions(labels)
        return memory.of_mesh(grid, faces(labels)), lambda: interface_mesh(labels)

    return case


def faces(labels: np.ndarray) -> int:
    """Return the number of neighbours that differ."""
    return sum(int(np.count_nonzero(np.diff(labels, axis=axis))) for axis in range(labels.ndim))


def drawn(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Return labels of nearest seeds."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(1)
    tree = cKDTree(rng.uniform(0, 1, (count, len(shape))) * shape)
    rows = np.indices(shape, dtype=np.float32).reshape(len(shape), -1).T
    return (1 + tree.query(rows)[1]).astype(np.int32).reshape(shape)


CASES: dict[str, Work] = {
    "tubes": texture(),
    "tubes, float64": texture(dtype="float64"),
    "tubes, published flow": texture(flow="published"),
    "tubes, prepared flow": texture(flow="prepared"),
    "tubes, published flow, float64": texture(flow="published", dtype="float64"),
    "tubes, free flow": texture(flow="free"),
    "tubes, averaged flow": texture(flow="averaged"),
    "tubes, replicate": texture(boundary="replicate"),
    **{
        f"tubes, start {start}": texture(start=start)
        for start in ("waves", "balls", "tubes", "gyroid", "ball", "torus", "rings", "cylinder")
    },
    "tubes, from a mask": texture(from_mask=True),
    "tubes, a sequence": texture(sequence="tubes,sponge"),
    "cells 2-D": cells("run_and_tumble", (700, 700), 300),
    "cells 2-D, many": cells("run_and_tumble", (400, 400), 2000),
    "cells 2-D, drawn finer": cells("run_and_tumble", (400, 400), 200, fineness=3),
    "cells 2-D, from labels": cells("run_and_tumble", (700, 700), 300, from_labels=True),
    "cells 3-D": cells("separation_3d", (80, 80, 80), 200),
    "cells 3-D, many": cells("separation_3d", (64, 64, 64), 1500),
    "fit, 2-D, order 2": call("fit_diagram", (600, 600), 200),
    "fit, 2-D, order 3": call("fit_diagram", (600, 600), 200, order=3),
    "fit, 2-D, order 4": call("fit_diagram", (600, 600), 200, order=4),
    "fit, 3-D, order 2": call("fit_diagram", (80, 80, 80), 200),
    "fit, 3-D, order 3": call("fit_diagram", (80, 80, 80), 200, order=3),
    "fit, exact volumes": call("fit_diagram", (600, 600), 200, exact_volumes=True),
    "generate, 2-D": call("generate_crystal", (600, 600), 300),
    "generate, 3-D": call("generate_crystal", (72, 72, 72), 300),
    "compare masks, 2-D": call("compare", (1200, 1200), 0),
    "compare masks, 3-D": call("compare", (112, 112, 112), 0),
    "compare labels, 2-D": call("compare", (1000, 1000), 200),
    "compare labels, 3-D": call("compare", (88, 88, 88), 60),
    "mesh, 2-D": call("interface_mesh", (1000, 1000), 300),
    "mesh, 3-D": call("interface_mesh", (96, 96, 96), 200),
    "mesh, 3-D, many cells": call("interface_mesh", (80, 80, 80), 3000),
    "tensions, 2-D": call("infer_tensions", (1000, 1000), 300),
    "foam preset, 2-D": foam((500, 500), 300),
    "foam preset, 3-D": foam((72, 72, 72), 150),
    "foam preset, 2-D, many cells": foam((400, 400), 1500),
    "foam preset, 3-D, few cells": foam((80, 80, 80), 8),
    "foam from labels, 2-D": foam((500, 500), 300, from_labels=True),
    "foam from labels, 3-D": foam((72, 72, 72), 150, from_labels=True),
    "settled foam, 3-D": settled((64, 64, 64), 100),
    "triangles, 2-D": call("conforming_triangles", (500, 500), 200),
    "triangles, 2-D, fine": call("conforming_triangles", (500, 500), 200, size=2.0),
    "tensions, 3-D": call("infer_tensions", (96, 96, 96), 200),
    "microscope, membranes, 2-D": call("render_microscopy", (1500, 1500), 300, stain="membrane"),
    "microscope, membranes, 3-D": call("render_microscopy", (128, 128, 128), 60, stain="membrane"),
    "microscope, nuclei, 2-D": call("render_microscopy", (1500, 1500), 300, stain="nucleus"),
    "microscope, nuclei, 3-D": call("render_microscopy", (128, 128, 128), 60, stain="nucleus"),
    "measured labels, 3-D": call("measure", (128, 128, 128), 300),
}


def status(key: str) -> int:
    """Return an entry of this process's memory [bytes]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def return_freed_arrays() -> None:
    """Have arrays of 1 MB and more returned when they are freed: glibc else keeps some in its heap, and which ones is chance."""
    mmap = -3  # M_MMAP_THRESHOLD of malloc.h
    ctypes.CDLL(None).mallopt(mmap, 1 << 20)


def measured(work: Callable[[], Any]) -> int:
    """Return what `work` takes at its highest beyond what there is [bytes]."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    work()
    return status("VmHWM") - before


def both(name: str, size: float, *, default: bool) -> tuple[int, int]:
    """Return the estimate and the peak of a case, after a small one of its kind [bytes]."""
    if not default:
        return_freed_arrays()
    CASES[name](0.3)[1]()
    estimate, work = CASES[name](size)
    return estimate, measured(work)


def main() -> int:
    """Print a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose names begin so")
    parser.add_argument("--size", type=float, default=1.0, help="factor on the sides of all grids")
    parser.add_argument("--case", help="measure this one in this process, and print estimate and peak as JSON")
    parser.add_argument("--default", action="store_true", help="leave the allocator as it is: it keeps some of the arrays that are freed")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(both(options.case, options.size, default=options.default)))
        return 0
    print(f"{'':40}{'estimated [MB]':>16}{'measured [MB]':>15}{'ratio':>8}")
    for name in CASES:
        if name.startswith(options.only):
            command = [sys.executable, __file__, "--case", name, "--size", str(options.size), *(["--default"] if options.default else [])]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            estimate, peak = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:40}{estimate / 1e6:16.0f}{peak / 1e6:15.0f}{estimate / peak:8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
