"""Speed of the transport engine; every ratio is taken in one process.

Run ``python benchmarks/transport.py [--quick] [--part PART] [--keops] [--power-diagram] [--large]``: the label pass (an exact argmin)
and its ratio to brute force (KeOps where asked for and installed, which compiles once; else NumPy on a part of the pixels), cold and
warm solves, steps of moving cells, growth with the number of cells and of pixels, memory. ``--power-diagram`` compares the labels'
volumes with multivoro's exact radical Voronoi cells. ``taskset -c 0`` in front takes the numbers for one core.
"""

from __future__ import annotations

import argparse
import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull
from transport_problems import CLASSES, Problem, problem

from shapelab.device import cpu_count
from shapelab.transport import Domain, Solver, solve_cells
from shapelab.transport.argmin import write_labels
from shapelab.transport.assignment import Assignment
from shapelab.transport.problem import Problem as Prepared

MORE: dict[str, dict[str, Any]] = {
    "perR p2 3D126 100^3": {"d": 3, "n": 126, "side": 100},
    "const p.5 3D1000": {"d": 3, "n": 1000, "side": 64, "p": 0.5, "scale": "const"},
    "const p8 3D1000": {"d": 3, "n": 1000, "side": 64, "p": 8, "scale": "const"},
    "const aniso 3D1000": {"d": 3, "n": 1000, "side": 64, "scale": "const", "anisotropic": True},
    "const p2 3D5000 128^3": {"d": 3, "n": 5000, "side": 128, "scale": "const"},
}
FLAT = ["perR p2 2D250", "const p2 2D250", "const p2 2D1000", "perR p8 2D250", "const p8 2D250", "perR p.5 2D250", "const aniso 2D250"]
PARTS = ("labels", "solves", "growth", "memory")
SOLID = ["perR p2 3D126 100^3", "const p2 3D1000", "const p8 3D1000", "const p.5 3D1000", "const aniso 3D1000"]


clock = time.perf_counter


def seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of several times: what the machine does besides only adds to it."""
    call()
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return float(np.min(times))


def solver_of(case: Problem, **options: object) -> Solver:
    domain = Domain(case.shape, (case.spacing,), (case.periodic,))
    return Solver(domain, case.seeds, case.volumes, case.cost, **options)  # type: ignore[arg-type]


def label_pass(case: Problem, keops: bool) -> tuple[float, float, float, float]:
    """Return seconds of the labels alone, of a solver's pass, of brute force, and the share of differing labels."""
    solver = solver_of(case, tolerance=0.05)
    solver.solve()
    potentials = solver.potentials
    assert potentials is not None
    prepared = Prepared(solver.domain, case.seeds, case.volumes, case.cost)
    blocks, cells, f = prepared.fine.blocks, prepared.fine.cells, potentials / prepared.cost_unit
    image = np.empty(int(np.prod(case.shape)), np.uint16)
    ours = seconds(lambda: write_labels(image, blocks, cells, f, prepared.medium), 15)
    assignment = Assignment(blocks, prepared.n)
    full = seconds(lambda: assignment.evaluate(cells, f, prepared.medium), 10)
    pixels = solver.domain.pixel_centres().reshape(-1, len(case.shape))
    step = 1 if keops else max(1, len(pixels) // 4096)
    scale, p = prepared.table.scale, float(prepared.exponents[0])
    brute = _keops(case, scale, p, potentials) if keops else _numpy(case, scale, p, potentials)
    part = np.ascontiguousarray(pixels[::step])
    labels = brute(part)
    fast = _keops(case, scale, p, potentials, "f4") if keops else brute
    theirs = seconds(lambda: fast(part), 3) * len(pixels) / len(part)
    mine = np.where(image[::step] > 0, image[::step].astype(int) - 1, prepared.n)
    return ours, full, theirs, float((labels != mine).mean())


def _numpy(case: Problem, scale: np.ndarray, p: float, f: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def labels(y: np.ndarray) -> np.ndarray:
        z = y[:, None] - case.seeds
        above = scale * (z * z).sum(-1) ** (p / 2) - f
        owner = above.argmin(1)
        return np.where(above.min(1) < 0, owner, len(f))

    return labels


def _keops(case: Problem, scale: np.ndarray, p: float, f: np.ndarray, dtype: str = "f8") -> Callable[[np.ndarray], np.ndarray]:
    from pykeops.numpy import LazyTensor

    x, s, g = case.seeds.astype(dtype), scale.astype(dtype), f.astype(dtype)

    def labels(y: np.ndarray) -> np.ndarray:
        z = LazyTensor(y.astype(dtype)[:, None, :]) - LazyTensor(x[None])
        squared = (z**2).sum(-1)
        above = LazyTensor(s[None, :, None]) * (squared if p == 2 else squared ** (p / 2)) - LazyTensor(g[None, :, None])
        owner = above.argmin(1).ravel()
        if dtype == "f4":
            return owner  # for its speed only: single precision errs at boundaries
        best = s[owner] * ((y - x[owner]) ** 2).sum(-1) ** (p / 2) - g[owner]
        return np.where(best < 0, owner, len(f))

    return labels


def warm(case: Problem, steps: int = 8) -> tuple[float, float, float]:
    """Return seconds, passes and largest error of a step of cells that were relaxed and then move by 5 % of a radius."""
    solver = solver_of(case)
    radius = (case.volumes / np.pi) ** 0.5 if len(case.shape) == 2 else (case.volumes * 0.75 / np.pi) ** (1 / 3)
    for _ in range(4):
        solver.update(seeds=solver.solve().moments.centroids)
    solver.solve()
    rng = np.random.default_rng(0)
    times, passes, worst = [], [], 0.0
    for _ in range(steps):
        kick = rng.normal(size=solver.seeds.shape)
        kick *= 0.05 * radius[:, None] / np.linalg.norm(kick, axis=1, keepdims=True)
        start = clock()
        solver.update(seeds=solver.seeds + kick)
        solution = solver.solve()
        times.append(clock() - start)
        passes.append(solution.passes)
        worst = max(worst, solution.max_error)
        solver.update(seeds=solver.seeds + 0.3 * solution.moments.offsets)
    return float(np.median(times)), float(np.median(passes)), worst


def power_diagram() -> None:
    """Compare cell volumes with the exact radical Voronoi diagram of the same potentials."""
    try:
        from multivoro import compute_voronoi
    except ImportError:
        print("multivoro is not installed: no exact power diagram to compare with (python -m pip install multivoro)")
        return
    case = problem(10, d=3, n=1000, side=64, scale="const", fill=1.0)
    solution = solve_cells(**case.arguments())
    f = solution.potentials - solution.potentials.min()
    start = clock()
    cells = compute_voronoi(case.seeds, limits=np.array([[0.0] * 3, [1.0] * 3]), radii=np.sqrt(f))
    elapsed = clock() - start
    exact = np.array([ConvexHull(np.reshape(cell.get_vertices(), (-1, 3))).volume for cell in cells])
    ours = seconds(lambda: solve_cells(**case.arguments()), 1)
    difference = np.abs(exact - solution.volumes) / case.volumes
    print(f"multivoro, 3-D N=1000: one exact diagram {elapsed * 1e3:.0f} ms (our whole solve {ours * 1e3:.0f} ms), ", end="")
    print(f"volumes differ by {difference.mean():.2%} on average (grid 64^3)")


def memory(case: Problem) -> float:
    """Return the bytes per pixel that a cold solve holds at most, the label image included."""
    domain = Domain(case.shape, (case.spacing,), (case.periodic,))
    tracemalloc.start()
    Solver(domain, case.seeds, case.volumes, case.cost).solve()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / float(np.prod(case.shape))


def growth(quick: bool) -> None:
    """Print how the time of the labels alone, and of a pass, grows with cells and with pixels."""
    print("growth of the labels alone, and of a pass: with cells at 512^2 (64^3) pixels, with pixels at 250 (126) cells")
    grown: list[dict[str, Any]] = [{"n": n} for n in (100, 400, 1600)] + [{"side": side} for side in (256, 512, 1024)]
    if not quick:
        grown += [{"d": 3, "side": 64, "n": n} for n in (125, 500, 2000)] + [{"d": 3, "n": 126, "side": side} for side in (32, 64, 128)]
    for case_of in grown:
        ours, full, _, _ = label_pass(problem(0, **case_of), False)
        print(f"  {', '.join(f'{k} = {v}' for k, v in case_of.items()):28s} {1e3 * ours:7.2f} ms   {1e3 * full:7.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2-D only")
    parser.add_argument("--part", action="append", choices=PARTS, help="measure this only; may be given again")
    parser.add_argument("--keops", action="store_true", help="compare with KeOps (compiles for some ten seconds)")
    parser.add_argument("--power-diagram", action="store_true", help="compare with multivoro, if it is installed")
    parser.add_argument("--large", action="store_true", help="5000 cells on 128^3 pixels too")
    parser.add_argument("--cpu", action="store_true", help="count processor time, on a machine that does other things too (one core)")
    options = parser.parse_args()
    global clock
    clock = time.process_time if options.cpu else time.perf_counter
    classes = CLASSES | MORE
    solve_cells(**problem(0, n=30, side=64).arguments())
    print(f"{cpu_count()} core(s)")
    parts = options.part or PARTS
    if "labels" in parts:
        print("labels alone (exact argmin), and a solver's pass (labels, runners-up, sub-pixel volumes, Hessian)")
        for name in ["const p2 2D250", "const p2 2D1000"] + ([] if options.quick else ["const p2 3D1000"]):
            ours, full, theirs, differ = label_pass(problem(10, **classes[name]), options.keops)
            ratio = f"{'KeOps' if options.keops else 'NumPy'} {1e3 * theirs:7.0f} ms = {theirs / ours:5.0f} x"
            print(f"  {name:22s} {1e3 * ours:6.2f} ms, pass {1e3 * full:6.1f} ms   {ratio}   labels that differ {differ:.1e}", flush=True)
    if "solves" in parts:
        print("cold solve (mean 1 %, max 5 %), and warm step with moments")
        for name in FLAT + ([] if options.quick else SOLID) + (["const p2 3D5000 128^3"] if options.large else []):
            case = problem(10, **classes[name])
            cold = seconds(lambda case=case: solve_cells(**case.arguments()), 1 if "5000" in name else 3)
            step, passes, worst = warm(case)
            speed = f"step {1e3 * step:7.1f} ms = {1 / step:5.1f} /s, {passes:.0f} passes, worst {worst:.1%}"
            print(f"  {name:22s} cold {cold:6.2f} s   {speed}", flush=True)
    if "growth" in parts:
        growth(options.quick)
    if "memory" in parts:
        for name in ["const p2 2D1000"] + ([] if options.quick else ["const p2 3D1000", "const p.5 3D1000"]):
            print(f"memory of a cold solve, {name}: {memory(problem(10, **classes[name])):.0f} bytes per pixel at most", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")
    if options.power_diagram:
        power_diagram()


if __name__ == "__main__":
    main()
