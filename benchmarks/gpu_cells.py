"""Sections of `gpu.py`: cells, crystals, distances and users' formulas."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

CASES = {
    "512² · 1,000": ((512, 512), 1000, "≤ 0.2 ms", "≤ 2 ms"),
    "100³ · 126": ((100, 100, 100), 126, "≤ 0.25 ms", "≤ 3 ms"),
    "256³ · 20,000": ((256, 256, 256), 20_000, "≤ 1.6 ms", "≤ 20 ms"),
}
"""Grid, cells, and the targets of a pass and of a warm step (docs/gpu.md)."""


def sections() -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield the sections."""
    yield "cells: right", agree
    yield "cells: passes", passes
    yield "cells: steps", steps
    yield "cells: costs", costs_of_users
    yield "crystals", crystals
    yield "distances", distances


def problem(bench: Any, name: str, device: str, dtype: str = "float64", p: float = 2.0) -> Any:
    """Return a problem of random cells that fill nine tenths."""
    from shapelab.transport import Domain, costs
    from shapelab.transport.problem import Problem

    shape, n, *_ = CASES[name]
    if bench.dry:
        shape, n = tuple(max(8, s // 16) for s in shape), 8
    rng, d = np.random.default_rng(0), len(shape)
    volumes = 0.2 + 0.8 * rng.random(n)
    domain = Domain(shape, 1 / shape[0])
    return Problem(domain, rng.random((n, d)), volumes * 0.9 / volumes.sum(), costs.Power(p, 1, "volume"), device, dtype)


def assigned(case: Any) -> Any:
    """Return an assignment of undeformed cells."""
    from shapelab.transport.passes import assignment_on

    assignment = assignment_on(case.fine, case.n)
    assignment.evaluate(case.fine.cells, np.ones(case.n), True)
    return assignment


def agree(bench: Any) -> None:
    """Whether labels and volumes are those of the processor, and the same twice."""
    for name in list(CASES)[: 1 if bench.dry else 2]:
        for p in (2.0, 8.0):
            expected = assigned(problem(bench, name, "cpu", p=p))
            for dtype in ("float64", "float32"):
                found, again = (assigned(problem(bench, name, bench.device, dtype, p)) for _ in range(2))
                differ = int((found.pixels.label != expected.pixels.label).sum())
                off = float(np.abs(found.soft - expected.soft).max() / expected.soft.max())
                same = "same bytes twice" if found.soft.tobytes() == again.soft.tobytes() else "NOT the same twice"
                bench.row(f"cells {name}, p = {p:g}, {dtype}: labels that differ", f"{differ} (volumes {off:.0e})", target=same)


def passes(bench: Any) -> None:
    """Return the time of one pass: lists, labels, runners-up, fractions, Hessian, and what comes back."""
    for name, (_, _, target, _) in CASES.items():
        ours = problem(bench, name, "cpu")
        assignment, f = assigned(ours), np.ones(ours.n)
        processor = bench.milliseconds(lambda a=assignment, c=ours, f=f: a.evaluate(c.fine.cells, f, True), 5)
        for dtype in ("float64", "float32"):
            case = problem(bench, name, bench.device, dtype)
            assignment = assigned(case)
            queue = case.fine.card.grid.queue
            card = bench.milliseconds(lambda a=assignment, c=case, f=f: a.evaluate(c.fine.cells, f, True))
            held = f"{card:.3g} ms, {queue.peak / np.prod(case.domain.shape):.0f} B/pixel"
            bench.row(f"cells {name}: a pass, {dtype}", held, processor=processor, card=card, target=target)
            moments = bench.milliseconds(lambda a=assignment, c=case: (a.sums(c.fine.cells), a.forces()))
            bench.row(f"cells {name}: moments and forces, {dtype}", f"{moments:.3g} ms")


def steps(bench: Any) -> None:
    """Return the time of a warm step: the seeds move by a twentieth of a radius, and the cells are solved again."""
    from shapelab.transport import Solver, costs

    for name, (*_, target) in CASES.items():
        times = {}
        for device in ("cpu", bench.device):
            case = problem(bench, name, "cpu")
            solver = Solver(case.domain, case.seeds, case.targets * case.domain.pixel_volume, costs.Power(2), tolerance=0.02, device=device)
            begin = time.perf_counter()
            solution = solver.solve()
            cold = time.perf_counter() - begin
            rng, radius = np.random.default_rng(1), float(np.mean(case.radii))
            taken, made = [], []
            for _ in range(1 if bench.dry else 5):
                solver.update(seeds=solver.seeds + 0.05 * radius * rng.normal(size=solver.seeds.shape))
                begin = time.perf_counter()
                solution = solver.solve()
                taken.append(1e3 * (time.perf_counter() - begin))
                made.append(solution.passes)
            times[device] = float(np.median(taken))
            bench.row(f"cells {name}: cold start on {device}", f"{cold:.2g} s")
        text = f"{times[bench.device]:.3g} ms, {np.median(made):.0f} passes"
        bench.row(f"cells {name}: a warm step", text, processor=times["cpu"], card=times[bench.device], target=target)


def costs_of_users(bench: Any) -> None:
    """Return the time of 250 cells on 512² of a formula of KeOps, and of a function of Warp."""
    import warp as wp

    from shapelab.keops import keops_missing
    from shapelab.transport import Domain, Solver, costs

    @wp.func
    def square(z: wp.vec2):
        return wp.dot(z, z)

    side, n = (24, 6) if bench.dry else (512, 250)
    rng = np.random.default_rng(0)
    seeds, volumes = rng.random((n, 2)), np.full(n, 0.9 / n)
    known = {"a function of Warp": costs.Custom(square)}
    if keops_missing() is None and not bench.dry:
        known["a formula of KeOps"] = costs.Formula("SqNorm2(z)")
    for name, cost in known.items():
        times = {}
        for device in ("cpu", bench.device):
            Solver(Domain((side, side), 1 / side), seeds, volumes, cost, device=device).solve()  # compiles
            begin = time.perf_counter()
            Solver(Domain((side, side), 1 / side), seeds, volumes, cost, device=device).solve()
            times[device] = 1e3 * (time.perf_counter() - begin)
        card = times[bench.device]
        bench.row(f"{name}, {n} cells on {side}²", f"{card:.3g} ms", processor=times["cpu"], card=card, target="≤ 3 s on the processor")


def crystals(bench: Any) -> None:
    """Return the time of drawing a diagram, and whether its labels are those of the processor."""
    from shapelab.crystals import Diagram

    n, shape = (20, (16, 16, 16)) if bench.dry else (2000, (200, 200, 200))
    rng = np.random.default_rng(0)
    a = rng.normal(size=(n, 3, 3))
    diagram = Diagram.from_ellipsoids(rng.random((n, 3)) * shape, a @ a.transpose(0, 2, 1) + np.eye(3), np.zeros(n))
    expected, found = diagram.indices(shape, device="cpu"), diagram.indices(shape, device=bench.device)
    processor = bench.milliseconds(lambda: diagram.indices(shape, device="cpu"), 3, 1)
    card = bench.milliseconds(lambda: diagram.indices(shape, device=bench.device), 3, 1)
    differ = f"{card:.3g} ms, {int((expected != found).sum())} differ"
    bench.row(f"crystal of {n} grains on {shape[0]}³, drawn", differ, processor=processor, card=card)


def distances(bench: Any) -> None:
    """Return the time of Sinkhorn divergences between clouds of 1,000 to 10^6 points."""
    try:
        import geomloss  # noqa: F401
    except ImportError:
        bench.row("Sinkhorn divergences", "geomloss is not here")
        return
    import torch

    from shapelab.compare import WeightedPoints, sinkhorn_divergence
    from shapelab.keops import keops_missing

    device = bench.device if bench.device != "warp:cpu" and torch.cuda.is_available() else "cpu"
    most = 1000 if bench.dry or keops_missing() is not None else 1_000_000 if device != "cpu" else 20_000
    rng = np.random.default_rng(0)
    for n in (200,) if bench.dry else (1000, 10_000, 100_000, 1_000_000):
        if n > most:
            break
        a, b = (WeightedPoints(rng.random((n, 3)) + shift, np.ones(n)) for shift in (0.0, 0.1))
        once = lambda a=a, b=b: sinkhorn_divergence(a, b, blur=0.05, max_points=1_000_000, device=device)  # noqa: E731
        took = bench.milliseconds(once, 3, 1)
        bench.row(f"Sinkhorn divergence, {n:,} points on {device}", f"{took:.3g} ms")
