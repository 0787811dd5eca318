"""Speed of the transport engine; every ratio is taken in one process.

Run ``python benchmarks/transport.py [--quick] [--keops] [--power-diagram]``: the label pass and its ratio to brute force
(KeOps where asked for and installed, which compiles once; else NumPy on a part of the pixels), cold and warm solves,
steps of moving cells, growth with the number of cells and of pixels, memory. ``--power-diagram`` compares the labels' volumes
with multivoro's exact radical Voronoi cells.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from transport_problems import CLASSES, Problem, problem

from shapelab.transport import Domain, Solver, solve_cells
from shapelab.transport.assignment import Assignment
from shapelab.transport.problem import Problem as Prepared


def seconds(call: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def solver_of(case: Problem, **options: object) -> Solver:
    domain = Domain(case.shape, (case.spacing,), (case.periodic,))
    return Solver(domain, case.seeds, case.volumes, case.cost, **options)  # type: ignore[arg-type]


def label_pass(case: Problem, keops: bool) -> tuple[float, float, float]:
    """Return seconds of a label pass, of brute force, and the share of differing labels."""
    solver = solver_of(case, tolerance=0.05)
    potentials = solver.solve().potentials
    prepared = Prepared(solver.domain, case.seeds, case.volumes, case.cost)
    assignment = Assignment(prepared.fine.blocks, prepared.n)
    f = potentials / prepared.cost_unit
    ours = seconds(lambda: assignment.evaluate(prepared.fine.cells, f, True))
    pixels = solver.domain.pixel_centres().reshape(-1, len(case.shape))
    part = pixels if keops else pixels[:: max(1, len(pixels) // 4096)]
    scale, p = prepared.table.scale, float(prepared.exponents[0])
    brute = _keops(case, scale, p, potentials) if keops else _numpy(case, scale, p, potentials)
    labels = brute(part)
    theirs = seconds(lambda: brute(part), 3) * len(pixels) / len(part)
    mine = assignment.pixels.label if keops else assignment.pixels.label[:: max(1, len(pixels) // 4096)]
    return ours, theirs, float((labels != mine).mean())


def _numpy(case: Problem, scale: np.ndarray, p: float, f: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def labels(y: np.ndarray) -> np.ndarray:
        z = y[:, None] - case.seeds
        above = scale * (z * z).sum(-1) ** (p / 2) - f
        owner = above.argmin(1)
        return np.where(above.min(1) < 0, owner, len(f))

    return labels


def _keops(case: Problem, scale: np.ndarray, p: float, f: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    from pykeops.numpy import LazyTensor

    x, s, g = case.seeds.astype("f4"), scale.astype("f4"), f.astype("f4")

    def labels(y: np.ndarray) -> np.ndarray:
        z = LazyTensor(y.astype("f4")[:, None, :]) - LazyTensor(x[None])
        squared = (z**2).sum(-1)
        above = LazyTensor(s[None, :, None]) * (squared if p == 2 else squared ** (p / 2)) - LazyTensor(g[None, :, None])
        owner = above.argmin(1).ravel()
        best = s[owner] * ((y - x[owner]) ** 2).sum(-1) ** (p / 2) - g[owner]
        return np.where(best < 0, owner, len(f))

    return labels


def warm(case: Problem, steps: int = 8) -> tuple[float, float, float]:
    """Return seconds, passes and largest error of a step of cells that were relaxed and then move by 5 % of a radius."""
    solver = solver_of(case)
    radius = (case.volumes / np.pi) ** 0.5 if len(case.shape) == 2 else (case.volumes * 0.75 / np.pi) ** (1 / 3)
    for _ in range(4):
        solver.update(seeds=solver.solve().centroids)
    solver.solve()
    rng = np.random.default_rng(0)
    times, passes, worst = [], [], 0.0
    for _ in range(steps):
        kick = rng.normal(size=solver.seeds.shape)
        kick *= 0.05 * radius[:, None] / np.linalg.norm(kick, axis=1, keepdims=True)
        start = time.perf_counter()
        solver.update(seeds=solver.seeds + kick)
        solution = solver.solve()
        times.append(time.perf_counter() - start)
        passes.append(solution.passes)
        worst = max(worst, solution.max_error)
        solver.update(seeds=solver.seeds + 0.3 * solution.moments.offsets)
    return float(np.median(times)), float(np.median(passes)), worst


def power_diagram() -> None:
    """Compare cell volumes with the exact radical Voronoi diagram of the same potentials."""
    from multivoro import compute_voronoi

    case = problem(10, d=3, n=1000, side=64, scale="const", fill=1.0)
    solution = solve_cells(**case.arguments())
    f = solution.potentials - solution.potentials.min()
    start = time.perf_counter()
    cells = compute_voronoi(case.seeds, np.array([[0.0, 1.0]] * 3), radii=np.sqrt(f))
    elapsed = time.perf_counter() - start
    exact = np.array([cell.get_volume() for cell in cells])
    ours = seconds(lambda: solve_cells(**case.arguments()), 1)
    difference = np.abs(exact - solution.volumes) / case.volumes
    print(f"multivoro, 3-D N=1000: one exact diagram {elapsed * 1e3:.0f} ms (our whole solve {ours * 1e3:.0f} ms), ", end="")
    print(f"volumes differ by {difference.mean():.2%} on average (grid 64^3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2-D only")
    parser.add_argument("--keops", action="store_true", help="compare with KeOps (compiles for some ten seconds)")
    parser.add_argument("--power-diagram", action="store_true", help="compare with multivoro, if it is installed")
    options = parser.parse_args()
    solve_cells(**problem(0, n=30, side=64).arguments())
    names = ["const p2 2D250", "const p2 2D1000"] + ([] if options.quick else ["const p2 3D1000"])
    print("label pass (labels, sub-pixel volumes, Hessian)")
    for name in names:
        ours, theirs, differ = label_pass(problem(10, **CLASSES[name]), options.keops)
        ratio = f"brute force {1e3 * theirs:8.0f} ms = {theirs / ours:5.0f} x"
        print(f"  {name:22s} {1e3 * ours:7.1f} ms   {ratio}   labels that differ {differ:.1e}")
    moving = ["const p2 2D250", "const p2 2D1000", "perR p8 2D250", "perR p.5 2D250", "const aniso 2D250"]
    print("cold solve (mean 1 %, max 5 %), and warm step with moments")
    for name in moving + ([] if options.quick else ["const p2 3D126", "const p2 3D1000"]):
        case = problem(10, **CLASSES[name])
        cold = seconds(lambda case=case: solve_cells(**case.arguments()), 3)
        step, passes, worst = warm(case)
        print(f"  {name:22s} cold {cold:6.2f} s   step {1e3 * step:7.1f} ms = {1 / step:5.1f} /s, {passes:.0f} passes, worst {worst:.1%}")
    print("growth of the label pass with cells at 512^2, and with pixels at 250 cells")
    for n in (100, 400, 1600):
        print(f"  N = {n:5d}: {1e3 * label_pass(problem(0, n=n), False)[0]:6.1f} ms")
    for side in (128, 256, 512):
        print(f"  {side:4d}^2 pixels: {1e3 * label_pass(problem(0, side=side), False)[0]:6.1f} ms")
    print(f"largest memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB; arrays 28 bytes per pixel")
    if options.power_diagram:
        power_diagram()


if __name__ == "__main__":
    main()
