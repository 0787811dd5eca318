"""What `memory.py` measures: runs, fits, comparisons, meshes and pages, with what is estimated before they begin."""

from __future__ import annotations

import atexit
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["CASES"]

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


def tetrahedra(shape: tuple[int, int, int], count: int, size: float) -> Work:
    """Return tetrahedra that fill cells, from a lattice with cubes of `size` voxels."""

    def case(scale: float) -> tuple[int, Callable[[], Any]]:
        from shapelab import memory
        from shapelab.mesh import conforming_tetrahedra

        grid = tuple(max(16, round(n * scale)) for n in shape)
        labels = drawn(grid, max(8, round(count * scale**3)))
        return memory.of_tetrahedra(grid, [round(n / size) for n in grid]), lambda: conforming_tetrahedra(labels, size=size)

    return case


def properties(shape: tuple[int, ...], count: int, *groups: str) -> Work:
    """Return some of the effective properties of a mask, by default all."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        from shapelab import memory
        from shapelab.measure.effective import EFFECTIVE_GROUPS, effective_properties

        grid = tuple(max(24, round(n * size)) for n in shape)
        mask = drawn(grid, max(8, round(count * size ** len(shape)))) % 2 > 0
        names = groups or EFFECTIVE_GROUPS
        return memory.of_effective_properties(grid, names), lambda: effective_properties(mask, names=names)

    return case


def page(family: str, scenario: str, shape: tuple[int, ...], frames: int, **given: Any) -> Work:
    """Return the page of a saved run."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        from shapelab import memory
        from shapelab.catalog import create
        from shapelab.io import RunWriter, load_run
        from shapelab.page import make_page

        grid = tuple(max(24, round(n * size)) for n in shape)
        simulation = create(family, scenario, shape=grid, seed=1, **given)
        path = Path(tempfile.mkdtemp(prefix="memory-")) / "run.zarr"
        atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
        with RunWriter(path, simulation, keep="last") as writer:
            writer.write(simulation.frame())
            for frame in simulation.run(frames - 1, every=1):
                writer.write(frame)
        run = load_run(path)
        return memory.of_page(grid, labels=family == "cells"), lambda: make_page(run)

    return case


def fitted(scenario: str, shape: tuple[int, ...], n_cells: int, frames: int, **given: Any) -> Work:
    """Return a fit of a model of cells to a film that it made."""

    def case(size: float) -> tuple[int, Callable[[], Any]]:
        import shapelab as sl
        from shapelab.estimate.target import Target
        from shapelab.movies import as_movie

        grid = tuple(max(24, round(n * size)) for n in shape)
        simulation = sl.Cells(scenario, shape=grid, n_cells=max(8, round(n_cells * size ** len(shape))), seed=1, **given)
        movie = as_movie([simulation.frame(), *simulation.run(2 * frames, every=2)], periodic=True)
        target = Target.of(movie, scenario, {}, None, None)
        return target.memory(), lambda: sl.fit_cells(movie, scenario, {"speed": (0.05, 1.0)}, simulations=20, rounds=1)

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
    "tetrahedra": tetrahedra((48, 48, 48), 60, 1.5),
    "tetrahedra, few": tetrahedra((32, 32, 32), 20, 2.0),
    "tetrahedra, coarse": tetrahedra((96, 96, 96), 60, 4.0),
    "effective properties, 2-D": properties((1200, 1200), 300),
    "effective properties, 3-D": properties((96, 96, 96), 300),
    "correlation of a pattern, 3-D": properties((96, 96, 96), 300, "pattern"),
    "sizes of struts and pores, 3-D": properties((128, 128, 128), 300, "sizes"),
    "tortuosity, 3-D": properties((128, 128, 128), 300, "tortuosity"),
    "page of a texture": page("curvatubes", "tubes", (64, 64, 64), 8),
    "page of cells, 3-D": page("cells", "separation_3d", (64, 64, 64), 8, n_cells=100),
    "fit of cells": fitted("active_liquid", (300, 300), 150, 8),
    "measured labels, 3-D": call("measure", (128, 128, 128), 300),
}
