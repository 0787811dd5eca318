"""What the cells do, as curves beside what is expected: ``python benchmarks/cells.py [name …] [--quick]``.

Writes one figure, docs/images/cells_behaviour.png, and the numbers behind it, docs/images/cells_behaviour.json. Names are those
of `STUDIES`; ``--quick`` takes one seed and shorter runs. ``--speed`` prints the time per step of every scenario instead.
"""

from __future__ import annotations

import argparse
import json
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.cells import Cells
from shapelab.cells.scenarios import SCENARIOS

OUT = Path(__file__).parents[1] / "docs" / "images"

Curves = dict[str, dict[str, list[float]]]
"""Legend -> {"t": times, "y": values}."""


def record(name: str, observable: str, end: float, points: int = 60, **parameters: Any) -> dict[str, list[float]]:
    """Run a scenario until `end` and return an observable in time."""
    sim = Cells(name, max_time=end, max_steps=10_000_000, **parameters)
    sim.prepare()
    dt = sim.model.time_step(sim.state())
    curve: dict[str, list[float]] = {"t": [0.0], "y": [sim.frame().scalars[observable]]}
    for frame in sim.run(every=max(1, round(end / points / dt))):
        curve["t"].append(round(frame.time, 4))
        curve["y"].append(round(frame.scalars.get(observable, curve["y"][-1]), 5))
    return curve


def swimmers(quick: bool) -> Curves:
    """Return the polar order of swimming rods."""
    seeds, end = ((0,), 12.0) if quick else ((101, 102, 103), 32.0)
    return {f"seed {seed}": record("blind_swimmers", "polar_order", end, seed=seed) for seed in seeds}


def evacuation(quick: bool) -> Curves:
    """Return how many cells are out, soft and hard."""
    seeds, end = ((0,), 3.0) if quick else ((101, 102), 6.0)
    runs = {"soft p=0.5": "fire_alarm_soft", "hard p=8": "fire_alarm"}
    return {f"{label}, seed {seed}": record(name, "evacuated_part", end, seed=seed) for label, name in runs.items() for seed in seeds}


def sorting(quick: bool) -> Curves:
    """Return the heterotypic part of the contacts for the three tables of tensions."""
    end = 0.3 if quick else 1.2
    return {name: record(name, "heterotypic_contact", end, seed=101) for name in ("checkerboard", "internalisation", "separation")}


def tension(quick: bool) -> Curves:
    """Return the energy of all contacts, relative to the first."""
    end = 0.3 if quick else 1.2
    names = ("checkerboard", "internalisation", "separation", "engulfment")
    runs = {name: record(name, "interface_energy", end, seed=101) for name in names}
    return {name: {"t": curve["t"], "y": [value / curve["y"][0] for value in curve["y"]]} for name, curve in runs.items()}


def exposure(quick: bool) -> Curves:
    """Return the first kind's part of the tissue's surface."""
    end = 0.3 if quick else 1.2
    return {name: record(name, "exposed_type_0", end, seed=102) for name in ("internalisation", "separation", "engulfment")}


def diffusion(quick: bool) -> Curves:
    """Return the mean square displacement of active cells, soft to hard."""
    end = 1.0 if quick else 5.0
    return {f"p={p:g}": record("active_liquid", "mean_square_displacement", end, p=p, seed=101) for p in (0.5, 2.5, 8.0)}


def dam_front(quick: bool) -> Curves:
    """Return the front of the dam-break wave."""
    del quick
    published = {"t": [0, 0.16, 0.32, 0.48, 0.64, 0.8, 0.96], "y": [0.384, 0.384, 0.42, 0.48, 0.59, 0.72, 0.88]}
    return {f"seed {seed}": record("dam_break", "front", 1.5, seed=seed) for seed in (101, 102)} | {"reference run": published}


def dam_energy(quick: bool) -> Curves:
    """Return the energy of the dam break, relative to the start."""
    del quick
    return {f"seed {seed}": record("dam_break", "energy", 1.5, seed=seed) for seed in (101, 102)}


def blocks(quick: bool) -> Curves:
    """Return the shape error of a rubber and a clay block that fall."""
    end = 1.0 if quick else 2.0
    runs = {"rubber": record("elastic_block", "shape_error", end, seed=101), "clay": record("plastic_block", "shape_error", end, seed=101)}
    return {name: {"t": curve["t"], "y": curve["y"]} for name, curve in runs.items()}


def vortex(quick: bool) -> Curves:
    """Return the energy of an ideal fluid that turns round."""
    end = 0.5 if quick else 2.0
    return {name.replace("_", " "): record("taylor_green", name, end, seed=101) for name in ("energy", "kinetic_energy")}


STUDIES: dict[str, tuple[Callable[[bool], Curves], str, str]] = {
    "swimmers": (swimmers, "Blind swimmers: polar order", "expected: rises from 0.16 (random) above 0.35 in most runs, and swings"),
    "evacuation": (evacuation, "Fire alarm: part that is out", "expected: soft cells faster than hard ones, which leave in bursts"),
    "sorting": (sorting, "Heterotypic contacts", "expected: rises (checkerboard), falls (others); separation to 0"),
    "tension": (tension, "Energy of the interfaces / start", "expected: falls, at first steeply (the start is loose), then wanders"),
    "exposure": (exposure, "First kind's part of the surface", "expected: towards 0 for internalisation and engulfment"),
    "diffusion": (diffusion, "Active cells: MSD / R²", "expected: liquid (p=0.5) above p=2.5 above a crystal's plateau (p=8)"),
    "dam_front": (dam_front, "Dam break: front", "expected: 0.84-0.97 at t=0.96"),
    "dam_energy": (dam_energy, "Dam break: energy", "expected: within 5 % until the wall (t=1), dissipation after"),
    "blocks": (blocks, "Falling blocks: shape error", "expected: rubber returns below 0.05, clay stays above"),
    "vortex": (vortex, "Taylor-Green vortex: energy", "expected: total within 5 % until t=1; kinetic falls as the springs take some"),
}


def plot(results: dict[str, Curves], path: Path) -> None:
    """Draw one panel per study."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    columns = 5
    rows = -(-len(results) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.9 * columns, 3.3 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(results) :]:
        axis.axis("off")
    for axis, (name, curves) in zip(axes.flat, results.items(), strict=False):
        _, title, expected = STUDIES[name]
        for label, curve in curves.items():
            axis.plot(curve["t"], curve["y"], "k:" if label.startswith("reference") else "-", label=label, linewidth=1.4)
        axis.set_title(title, fontsize=11)
        axis.set_xlabel("time\n" + textwrap.fill(expected, 50), fontsize=9)
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=90)


def print_speed() -> None:
    """Print milliseconds per step of every scenario, warm: by the clock, and of the processor (all threads together); best of three."""
    for name in SCENARIOS:
        sim = Cells(name)
        sim.prepare()
        for _ in range(3):
            sim.step()
        walls, works = [], []
        for _ in range(3):
            start, worked = time.perf_counter(), time.process_time()
            for _ in range(10):
                sim.step()
            walls.append(100 * (time.perf_counter() - start))
            works.append(100 * (time.process_time() - worked))
        p = sim.parameters
        cells = int(sim.frame().scalars["cells"])
        print(
            f"{name:22s} {min(walls):7.1f} ms/step by the clock, {min(works):6.1f} of the processor  {cells:4d} cells  "
            f"{'x'.join(map(str, p.shape))}",
            flush=True,
        )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *STUDIES], help="studies to run; all by default")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    if arguments.speed:
        print_speed()
        return
    OUT.mkdir(parents=True, exist_ok=True)
    numbers = OUT / "cells_behaviour.json"
    results: dict[str, Curves] = json.loads(numbers.read_text()) if numbers.exists() and arguments.names else {}
    for name in arguments.names or STUDIES:
        start = time.perf_counter()
        results[name] = STUDIES[name][0](arguments.quick)
        ends = {label: round(float(np.mean(curve["y"][-max(1, len(curve["y"]) // 2) :])), 3) for label, curve in results[name].items()}
        print(f"{name}: {time.perf_counter() - start:.0f} s; mean over the second half: {ends}", flush=True)
        results = {key: results[key] for key in STUDIES if key in results}
        numbers.write_text(json.dumps(results))
        plot(results, OUT / "cells_behaviour.png")


if __name__ == "__main__":
    main()
