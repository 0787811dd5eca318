"""Foams against closed forms, and how fast they are: the long tables of docs/foam.md.

python benchmarks/foam.py [angles] [angles_3d] [neumann] [macpherson] [kelvin] [sorting] [sorting_3d] [speed]

Times are process times: the machine may be shared.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

sys.path.insert(0, "tests/foam")

from bubbles import measured, measured_on_mesh, two_bubbles, young
from turning import expected_growth

import shapelab as sl
from shapelab.foam import settle_exactly
from shapelab.foam.lattices import KELVIN, WEAIRE_PHELAN, lattice_foam
from shapelab.labels.contacts import contact_pairs

SEEDS = 10
SORTING = ("foam_sorting", "foam_engulfment", "foam_checkerboard", "foam_separation")


def run(simulation: sl.Foam, steps: int) -> tuple[sl.Frame, float]:
    """Take steps; return the last frame and the largest volume error of all steps after the first 25, when cells have their volumes."""
    worst = 0.0
    frame = simulation.frame()
    for frame in simulation.run(steps, every=1):
        if frame.step > 25:
            worst = max(worst, frame.scalars["max_volume_error"])
    return frame, worst


def double_bubbles(ndim: int, rows: tuple[tuple[int, int, int], ...]) -> None:
    """Angle, pressure and volume of two bubbles of random tensions, live and settled."""
    for radius, steps, seeds in rows:
        angles, settled, pressures, settled_pressures, volumes = [], [], [], [], []
        begin = time.process_time()
        for seed in range(seeds):
            simulation, tensions = two_bubbles(radius, seed, ndim)
            frame, worst = run(simulation, steps)
            found = measured(simulation, 5)
            pressure = frame.layer("seeds").meta["features"]["pressure"]
            angles.append(found.angle - young(*tensions))
            pressures += [pressure[i] * found.radii[i] / ((ndim - 1) * tensions[i]) - 1 for i in (0, 1)]
            foam = settle_exactly(simulation)
            exact = measured_on_mesh(foam.mesh, 3)
            settled.append(exact.angle - young(*tensions))
            settled_pressures += [foam.pressures[i + 1] * exact.radii[i] / ((ndim - 1) * tensions[i]) - 1 for i in (0, 1)]
            volumes.append(worst)
        print(
            f"{ndim}-D R {radius}, {seeds} seeds: angle rms {rms(angles):.2f} largest {np.abs(angles).max():.2f}°, "
            f"pressure rms {100 * rms(pressures):.2f} %, volume {max(volumes):.1e}; "
            f"settled {rms(settled):.3f}°, {100 * rms(settled_pressures):.2f} %; {time.process_time() - begin:.0f} s",
            flush=True,
        )


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def angles() -> None:
    double_bubbles(2, ((8, 180, SEEDS), (16, 530, SEEDS), (32, 1500, 3)))


def angles_3d() -> None:
    double_bubbles(3, ((8, 80, 3), (12, 150, 3), (16, 200, 2)))


def neumann() -> None:
    """dA/dt = (pi/3) (n - 6) in a periodic foam without volumes."""
    grown, sides = [], []
    for seed in range(2):
        simulation = sl.Foam("coarsening", shape=(256, 256), n_cells=60, seed=seed, smoothing=2.5)
        run(simulation, 24)
        for _ in range(12):
            before, first = simulation.frame(), many_sided(simulation.frame())
            after, _ = run(simulation, 8)
            last = many_sided(after)
            elapsed = after.time - before.time
            old, new = (dict(zip(f["id"].tolist(), f["volume"].tolist(), strict=True)) for f in (cells(before), cells(after)))
            for cell in first.keys() & last.keys():
                if first[cell] == last[cell] and min(old[cell], new[cell]) > 250:
                    sides.append(first[cell] - 6)
                    grown.append((new[cell] - old[cell]) / elapsed)
    slope, zero = np.polyfit(sides, grown, 1)
    print(f"von Neumann: slope / (pi/3) = {slope / (np.pi / 3):.3f}, intercept {zero:.3f}, n = {len(sides)}", flush=True)


def cells(frame: sl.Frame) -> dict[str, np.ndarray]:
    return frame.layer("seeds").meta["features"]


def many_sided(frame: sl.Frame) -> dict[int, int]:
    """Return the number of sides of each cell whose sides are all longer than six pixels."""
    pairs, lengths = contact_pairs(frame["cells"].astype(np.int64), (1.0, 1.0), periodic=True)
    found = {}
    for cell in np.unique(frame["cells"]).tolist():
        own = lengths[(pairs == cell).any(axis=1)]
        if own.min() > 6:
            found[cell] = len(own)
    return found


def macpherson() -> None:
    """dV/dt = -2 pi (L - E/6) in a periodic foam in space: mean width and length of lines of each cell."""
    for smoothing in (2.0, 3.0):
        expected, grown = [], []
        for seed in (1, 2):
            simulation = sl.Foam(
                "coarsening", shape=(72,) * 3, voxel_size=(1.0,) * 3, n_cells=16, seed=seed, junctions="fine", smoothing=smoothing
            )
            run(simulation, 20)
            for _ in range(4):
                before = simulation.frame()
                run(simulation, 2)
                rates = expected_growth(simulation)
                after, _ = run(simulation, 2)
                old, new = (dict(zip(f["id"].tolist(), f["volume"].tolist(), strict=True)) for f in (cells(before), cells(after)))
                for cell, rate in rates.items():
                    if cell in new and min(old[cell], new[cell]) > 2000:
                        expected.append(rate)
                        grown.append((new[cell] - old[cell]) / (after.time - before.time))
        slope, zero = np.polyfit(expected, grown, 1)
        r = np.corrcoef(expected, grown)[0, 1]
        print(
            f"MacPherson-Srolovitz, smoothing {smoothing:g}: slope {slope:.3f}, intercept {zero:.1f}, r = {r:.4f}, n = {len(grown)}",
            flush=True,
        )


def kelvin() -> None:
    """Surface of a cell of volume 1 in the foams of Kelvin and of Weaire and Phelan, settled: 5.306 and 5.288."""
    for lattice, known, side, repeats in ((KELVIN, 5.306, 24, 2), (WEAIRE_PHELAN, 5.288, 40, 1)):
        begin = time.process_time()
        simulation = lattice_foam(lattice, side, repeats=repeats)
        run(simulation, 40)
        foam = settle_exactly(simulation)
        n = len(foam.volumes)
        volume = float(np.mean(list(foam.volumes.values())))
        surface = 2 * foam.energy / (n * volume ** (2 / 3))
        print(
            f"{lattice.name}: {n} cells, surface {surface:.4f} against {known} ({100 * (surface / known - 1):+.2f} %), volume error "
            f"{foam.volume_error:.1e}, {foam.steps} steps, {time.process_time() - begin:.0f} s",
            flush=True,
        )


def sorting() -> None:
    """No cell is split or lost, and volumes are exact, over seeds."""
    for name in SORTING:
        sorts(name, SEEDS, 600, n_cells=64, shape=(192, 192))


def sorting_3d() -> None:
    sorts("foam_sorting_3d", 2, 150)


def sorts(name: str, seeds: int, steps: int, **parameters) -> None:
    lost = split = 0
    returned, worst, first, last = [], [], [], []
    begin = time.process_time()
    observable = "first_outside" if name == "foam_engulfment" else "heterotypic_contact"
    for seed in range(seeds):
        simulation = sl.Foam(name, seed=seed, **parameters)
        first.append(simulation.frame().scalars[observable])
        for frame in simulation.run(steps, every=5):
            worst += [frame.scalars["max_volume_error"]] if frame.step > 25 else []
            split += pieces(frame["cells"])
        lost += simulation.parameters.n_cells - int(frame.scalars["cells"])
        last.append(frame.scalars[observable])
        returned.append(frame.scalars["returned"])
    print(
        f"{name}, {seeds} seeds, {steps} steps: {observable} {np.mean(first):.2f} -> {np.mean(last):.2f}, lost {lost}, split {split}, "
        f"worst volume {max(worst):.1e} (99 %: {np.quantile(worst, 0.99):.1e}), returned pixels {np.mean(returned):.0f} a run; "
        f"{time.process_time() - begin:.0f} s",
        flush=True,
    )


def pieces(labels: np.ndarray) -> int:
    """Return the number of pieces beyond one of each cell."""
    from skimage.measure import label

    return int(label(labels, connectivity=1).max()) - (len(np.unique(labels)) - 1)


def speed() -> None:
    """Steps with a frame each."""
    cases = (("foam_sorting", {"n_cells": 100, "shape": (232, 232), "filling": 0.58}, 40), ("foam_sorting_3d", {}, 10))
    for name, parameters, steps in cases:
        simulation = sl.Foam(name, seed=1, **parameters)
        run(simulation, 12)
        cpu, wall = time.process_time(), time.perf_counter()
        run(simulation, steps)
        cpu, wall = (time.process_time() - cpu) / steps, (time.perf_counter() - wall) / steps
        print(f"{name}: {1000 * cpu:.1f} ms of processor time and {1000 * wall:.1f} ms a step shown ({1 / wall:.0f}/s)", flush=True)


TABLES: dict[str, Callable[[], None]] = {
    f.__name__: f for f in (angles, angles_3d, neumann, macpherson, kelvin, sorting, sorting_3d, speed)
}

if __name__ == "__main__":
    for name in sys.argv[1:] or list(TABLES):
        TABLES[name]()
