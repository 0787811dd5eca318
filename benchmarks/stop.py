"""How long it takes until work ends that is asked to stop: worst and median of every long operation.

    python benchmarks/stop.py [--tries 10] [--seed 1] [--only foam] [--cold 3]

Each operation runs on a thread of its own and is asked to stop at a random moment of the time that it takes undisturbed
(which is measured once and includes no compiling). An operation that had ended before does not count. With `--cold`, each try is
a process of its own with an empty cache of numba, which is asked to stop when it has used a random part of ten seconds of the
processor, in which it loads libraries and compiles. Latencies are by the clock, so other programs make them longer; beside the
worst of them stands the worst time of the processor, of all threads together, that this process took from the wish to the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import shapelab as sl
from shapelab.batch import fit_texture
from shapelab.crystals import EbsdMap, segment_grains
from shapelab.errors import Stopped
from shapelab.foam import settle_exactly
from shapelab.io import RunWriter, load_run, save_run
from shapelab.io.export import export_meshes, export_tables, export_tiff
from shapelab.io.fem import write_triangles
from shapelab.measure import effective_properties
from shapelab.mesh import conforming_tetrahedra, conforming_triangles, interface_mesh
from shapelab.movies import as_movie, link_cells, measure_over_time
from shapelab.page import make_page
from shapelab.stopping import stoppable

COLD_SECONDS = 10.0
"""Moments at which a cold process is asked to stop [s of the processor]: by the clock, a busy machine would not come to compile."""

Work = Callable[[], Any]
folder = Path()
"""Where runs and exports go."""


def cells_of(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Return labels of nearest seeds."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.random.default_rng(1).uniform(0, 1, (count, len(shape))) * shape)
    rows = np.indices(shape, dtype=np.float32).reshape(len(shape), -1).T
    return (1 + tree.query(rows)[1]).astype(np.int32).reshape(shape)


@cache
def texture() -> Any:
    simulation = sl.Curvatubes("tubes", shape=(160,) * 3, seed=1, settle=0)
    simulation.step()
    return simulation


def field() -> np.ndarray:
    return np.asarray(texture().frame()["field"])


def steps(simulation: Any, count: int) -> Work:
    """Return some steps from the same state, after the first one."""
    simulation.step()
    state = simulation.state()
    snapshot = simulation.model.snapshot(state)

    def work() -> None:
        simulation.restore(snapshot)
        for _ in range(count):
            simulation.model.step(simulation.state())

    return work


def foam(shape: tuple[int, ...], cells: int) -> Any:
    return sl.Foam(labels=cells_of(shape, cells), background="none", max_steps=10**6)


def prepared(labels: np.ndarray) -> Work:
    return lambda: sl.Foam(labels=labels, background="none").prepare()


def settled(shape: tuple[int, ...], cells: int) -> Work:
    simulation = foam(shape, cells)
    for _ in range(30):
        simulation.step()
    return lambda: settle_exactly(simulation)


def power(p: float) -> Work:
    seeds = np.random.default_rng(0).uniform(0.05, 0.95, (400, 3))
    cost = sl.costs.Power(p=p)
    return lambda: sl.solve_cells(seeds, np.full(400, 0.002), (96,) * 3, (1 / 96,) * 3, cost=cost)


def saved(frames: int, simulation: Any) -> Any:
    """Return a run on the disk."""
    path = folder / f"{simulation.model.name}-{frames}.zarr"
    if frames == 1:
        return load_run(save_run(path, simulation))
    with RunWriter(path, simulation, keep="last") as writer:
        writer.write(simulation.frame())
        for frame in simulation.run(frames - 1, every=1):
            writer.write(frame)
    return load_run(path)


def export(write: Callable[..., Any], run: Any, suffix: str, **given: Any) -> Work:
    return lambda: write(run, folder / f"{time.time_ns()}{suffix}", **given)


def scan(side: int = 400) -> EbsdMap:
    from scipy.spatial.transform import Rotation

    grains = cells_of((side, side), 300)
    turned = Rotation.random(301, random_state=1).as_quat()[grains]
    noise = np.random.default_rng(0).normal(0, 0.003, turned.shape)
    turned = turned + noise
    return EbsdMap(turned / np.linalg.norm(turned, axis=-1, keepdims=True), np.ones((side, side), int), (1.0, 1.0))


def bound(call: Callable[..., Any], *given: Any, **named: Any) -> Work:
    return lambda: call(*given, **named)


OPERATIONS: dict[str, Callable[[], Work]] = {
    "prepare a texture, 192^3": lambda: lambda: sl.Curvatubes("tubes", shape=(192,) * 3, seed=1).prepare(),
    "ten steps of a texture, 160^3": lambda: steps(sl.Curvatubes("tubes", shape=(160,) * 3, seed=1, settle=0), 10),
    "published flow, ten steps, 96^3": lambda: steps(sl.Curvatubes("tubes", shape=(96,) * 3, flow="published", settle=0), 10),
    "prepare cells in 3-D": lambda: lambda: sl.Cells("separation_3d", shape=(96,) * 3, n_cells=200).prepare(),
    "ten steps of cells in 3-D": lambda: steps(sl.Cells("separation_3d", shape=(96,) * 3, n_cells=200), 10),
    "solve 400 cells in 96^3": lambda: power(2.0),
    "solve them with p = 0.5 (annealed)": lambda: power(0.5),
    "prepare a foam, 100 cells in 64^3": lambda: prepared(cells_of((64,) * 3, 100)),
    "foam preset, its start in 2-D": lambda: lambda: sl.Foam("foam_sorting", shape=(256, 256), n_cells=300).prepare(),
    "20 steps of a foam, 300 cells in 256^2": lambda: steps(foam((256, 256), 300), 20),
    "20 steps of a foam, 100 cells in 64^3": lambda: steps(foam((64,) * 3, 100), 20),
    "settle_exactly, 100 cells in 128^2": lambda: settled((128, 128), 100),
    "settle_exactly, 30 cells in 40^3": lambda: settled((40,) * 3, 30),
    "fit a diagram, 60 cells in 256^2": lambda: bound(sl.fit_diagram, cells_of((256, 256), 60), order=2),
    "fit order 4, exact steps, 100 in 48^3": lambda: bound(sl.fit_diagram, cells_of((48,) * 3, 100), order=4, effort=0.3),
    "fit with exact volumes": lambda: bound(sl.fit_diagram, cells_of((256, 256), 60), order=2, method="moments", exact_volumes=True),
    "generate a crystal, 200 grains": lambda: bound(sl.generate_crystal, n_grains=200, shape=(256, 256)),
    "generate a crystal, 300 grains, 3-D": lambda: bound(sl.generate_crystal, n_grains=300, shape=(64,) * 3),
    "grains of an EBSD map, 400^2": lambda: bound(segment_grains, scan()),
    "measure a field, 160^3": lambda: bound(sl.measure, field(), 0.01),
    "measure labels, 500 in 128^3": lambda: bound(sl.measure, cells_of((128,) * 3, 500), 1.0, labels=True),
    "compare two fields, 160^3": lambda: bound(sl.compare, field(), np.roll(field(), 3, axis=0)),
    "compare two label images, 128^3": lambda: bound(sl.compare, cells_of((128,) * 3, 300), np.roll(cells_of((128,) * 3, 300), 3, 0)),
    "fit a texture to a mask, 64^3": lambda: bound(fit_texture, field()[:64, :64, :64] > 0, trials=3, steps=100),
    "infer tensions, 300 cells in 1000^2": lambda: bound(sl.infer_tensions, cells_of((1000, 1000), 300)),
    "infer tensions, 200 cells in 96^3": lambda: bound(sl.infer_tensions, cells_of((96,) * 3, 200)),
    "mesh of labels, 300 cells in 2000^2": lambda: bound(interface_mesh, cells_of((2000, 2000), 300)),
    "mesh of labels, 1000 cells in 128^3": lambda: bound(interface_mesh, cells_of((128,) * 3, 1000)),
    "triangles, 200 cells in 512^2": lambda: bound(conforming_triangles, cells_of((512, 512), 200)),
    "tetrahedra, 30 cells in 32^3": lambda: bound(conforming_tetrahedra, cells_of((32,) * 3, 30)),
    "write triangles (.inp)": lambda: fem(),
    "export a surface, 160^3": lambda: export(export_meshes, saved(1, texture()), ".ply"),
    "export all cells of a foam, 64^3": lambda: export(export_meshes, saved(1, foam((64,) * 3, 100)), ".ply", per_cell=True),
    "export 100 frames as TIFF": lambda: export(export_tiff, saved(100, sl.Cells("run_and_tumble", seed=1)), ".tif"),
    "link cells, 12 frames of 400^2": lambda: bound(link_cells, film()),
    "measure a movie, 12 frames of 400^2": lambda: bound(measure_over_time, film()),
    "compare two movies, 12 frames": lambda: bound(sl.compare_movies, film(), np.roll(film(), 5, axis=1)),
    "estimate motion, 12 frames": lambda: bound(sl.estimate_motion, film(), 1.0),
    "fit a model of cells": lambda: fitted(),
    "render 12 frames (OME-Zarr)": lambda: rendered(),
    "effective properties, 96^3": lambda: bound(effective_properties, cells_of((96,) * 3, 300) % 2 > 0, 1.0),
    "page of 100 frames": lambda: bound(make_page, saved(100, sl.Cells("active_liquid", seed=1))),
    "export the tables of 100 frames": lambda: export(export_tables, saved(100, sl.Cells("active_liquid", seed=1)), ".csv"),
}


def film(frames: int = 12, side: int = 400, cells: int = 300) -> np.ndarray:
    """Return labels that move by two pixels a frame."""
    whole = cells_of((side + 2 * frames, side), cells)
    return np.stack([whole[2 * frame : 2 * frame + side] for frame in range(frames)])


def rendered() -> Work:
    movie = sl.render_microscopy(film())
    return lambda: movie.save(folder / f"{time.time_ns()}.zarr")


def fitted() -> Work:
    simulation = sl.Cells("active_liquid", shape=(64, 64), n_cells=30, filling=0.8, p=2.0, seed=1)
    frames = [simulation.frame(), *simulation.run(20, every=5)]
    return lambda: sl.fit_cells(as_movie(frames, periodic=True), "active_liquid", {"speed": (0.05, 1.0)}, simulations=40, rounds=2)


def fem() -> Work:
    mesh = conforming_triangles(cells_of((512, 512), 200), size=2.0)
    return lambda: write_triangles(folder / f"{time.time_ns()}.inp", mesh)


def latency(work: Work, moment: float, clock: Callable[[], float] = time.perf_counter) -> tuple[float, float] | None:
    """Return the time from the wish to the end, by the clock and of the processor [s]; None if the work had ended before.

    The wish comes after `moment` of `clock`.
    """
    event, stopped = threading.Event(), list[tuple[float, float]]()

    def run() -> None:
        try:
            with stoppable(event):
                work()
        except Stopped:
            stopped.append((time.perf_counter(), time.process_time()))

    thread = threading.Thread(target=run)
    begin = clock()
    thread.start()
    while thread.is_alive() and (left := moment - (clock() - begin)) > 0:
        thread.join(min(left, 0.05) if clock is time.process_time else left)
    asked = time.perf_counter(), time.process_time()
    event.set()
    thread.join()
    return (stopped[0][0] - asked[0], stopped[0][1] - asked[1]) if stopped else None


def cold(title: str, moment: float) -> tuple[float, float] | None:
    """Return the same of a process that has compiled nothing yet."""
    with tempfile.TemporaryDirectory(prefix="stop-cold-") as name:
        command = [sys.executable, __file__, "--one", title, "--moment", str(moment)]
        done = subprocess.run(command, env=os.environ | {"NUMBA_CACHE_DIR": name}, stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return None if answer is None else (answer[0], answer[1])


def row(title: str, tries: int, rng: np.random.Generator, *, first: bool) -> None:
    """Measure one operation, and print it."""
    duration = np.nan
    if first:
        found = [cold(title, float(rng.uniform(0, COLD_SECONDS))) for _ in range(tries)]
    else:
        work = OPERATIONS[title]()
        work()
        begin = time.perf_counter()
        work()
        duration = time.perf_counter() - begin
        found = [latency(work, float(rng.uniform(0, 0.9)) * duration) for _ in range(tries)]
    known = np.array([value for value in found if value is not None]).reshape(-1, 2)
    summary = (
        f"{np.median(known[:, 0]):12.3f}{known[:, 0].max():11.3f}{known[:, 1].max():15.3f}"
        if len(known)
        else f"{'-':>12}{'-':>11}{'-':>15}"
    )
    print(f"{title:40}{duration:10.2f}{summary}{len(known):9}", flush=True)


def main() -> None:
    """Measure every operation."""
    global folder
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="operations whose titles contain this")
    parser.add_argument("--cold", type=int, metavar="TRIES", default=0, help="in processes that have compiled nothing")
    parser.add_argument("--one", help="stop this one, once, and print the latency")
    parser.add_argument("--moment", type=float, help="when to stop it [s of the processor]")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory(prefix="stop-") as name:
        folder = Path(name)
        if options.one:
            print(json.dumps(latency(OPERATIONS[options.one](), options.moment, time.process_time)))
            return
        print(f"{'':40}{'takes [s]':>10}{'median [s]':>12}{'worst [s]':>11}{'processor [s]':>15}{'stopped':>9}")
        for title in OPERATIONS:
            if options.only in title:
                row(title, options.cold or options.tries, rng, first=options.cold > 0)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
