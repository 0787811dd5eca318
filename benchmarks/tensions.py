"""Tensions inferred from made tissues whose tensions are known, beside the goals; accuracy, time and memory.

    python benchmarks/tensions.py [--seeds 10] [--first 1000] [--large] [--loop] [--real]

Errors are |tension / mean over the true ones - 1|; "cell radius" in voxels. --large adds 5,000 Voronoi cells on 200^3 (speed
only: they are not at rest). --loop runs only the loop: known tensions -> foam -> labels -> inferred tensions;
--real only the two samples, jittered and at half resolution.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from scipy.spatial import cKDTree
from tension_loop import loop
from tension_truths import Truth, aggregate

from shapelab.infer import Tensions, double_bubble, infer_tensions, plan_tensions
from shapelab.io import samples

ROW = "{:<34} {:>6} {:>5} {:>7} {:>7} {:>7} {:>6} {:>6} {:>6}  {}"


def clock(labels: np.ndarray, spacing: object = 1.0) -> tuple[Tensions, float]:
    start = time.perf_counter()
    found = infer_tensions(labels, spacing)  # type: ignore[arg-type]
    return found, time.perf_counter() - start


def report(name: str, radius: float, found: np.ndarray, true: np.ndarray, z: np.ndarray, seconds: float, goal: str, unknown: float) -> None:
    error = np.abs(found / true - 1)
    r, slope = (np.corrcoef(found, true)[0, 1], np.polyfit(true, found, 1)[0]) if len(true) > 3 else (np.nan, np.nan)
    numbers = [f"{radius:.1f}", len(true), f"{100 * error.mean():.2f} %", f"{100 * error.max():.1f} %", f"{r:.4f}", f"{slope:.3f}"]
    print(ROW.format(name, *numbers, f"{np.sqrt((z**2).mean()):.2f}", f"{seconds:.2f}", f"{goal}; {100 * unknown:.0f} % nan"), flush=True)


def compare(found: Tensions, tensions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inferred and true tensions with a mean of 1 over those that are known, and their differences in standard errors."""
    known = found.determined
    a, b = found.pairs[known].astype(int).T
    true = tensions[a, b] / tensions[a, b].mean()
    ours = found.tensions[known]
    return ours, true, (ours - true) / found.errors[known]


def bubbles(ndim: int, radius: float, seeds: range, goal: str) -> None:
    parts, seconds, size = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        first, second = rng.uniform(0.7, 1.3, 2)
        middle = rng.uniform(0.6, 1.4) * 0.5 * (first + second)
        shape = (int(5 * radius),) * ndim
        centre = (np.array(shape) - 1) / 2 + rng.uniform(-0.5, 0.5, ndim)
        truth = double_bubble(shape, (first, second, middle), 0.8 * radius, axis=rng.normal(size=ndim), centre=centre)
        found, spent = clock(truth.labels)
        parts.append(compare(found, np.array([[0, first, second], [first, 0, middle], [second, middle, 0]])))
        seconds.append(spent)
        size.append(plan_tensions(truth.labels).radius)
    report(f"{ndim}-D double bubbles", float(np.mean(size)), *map(np.concatenate, zip(*parts, strict=True)), np.median(seconds), goal, 0)


def aggregates(truths: list[Truth], scale: float, first: int, goal: str) -> None:
    parts, seconds, size, unknown = [], [], [], []
    for i, truth in enumerate(truths):
        labels = truth.labels(scale, np.random.default_rng(first + i))
        found, spent = clock(labels)
        parts.append(compare(found, truth.tensions))
        seconds.append(spent)
        size.append(plan_tensions(labels).radius)
        unknown.append(1 - found.determined.mean())
    ndim = truths[0].vertices.shape[1]
    name = f"{ndim}-D, {len(truths[0].tensions) - 1} cells, {len(truths)} seeds"
    report(name, float(np.mean(size)), *map(np.concatenate, zip(*parts, strict=True)), np.median(seconds), goal, float(np.mean(unknown)))


def stability(name: str) -> None:
    """A sample at half resolution, and with a quarter of the pixels at interfaces given to a neighbour at random."""
    layer = samples.load(name)[1]
    spacing = tuple(layer.meta["scale"])
    clock(layer.data, spacing)
    whole, seconds = clock(layer.data, spacing)
    print(f"{name}: {whole}  {seconds:.2f} s")
    for offset in (0, 1):
        part = np.ascontiguousarray(layer.data[(slice(offset, None, 2),) * layer.data.ndim])
        agreement(f"half resolution, offset {offset}", whole, infer_tensions(part, tuple(2 * step for step in spacing)))
    for seed in (0, 1):
        agreement(f"jittered, seed {seed}", whole, infer_tensions(jittered(layer.data, np.random.default_rng(seed)), spacing))


def jittered(labels: np.ndarray, rng: np.random.Generator, share: float = 0.25) -> np.ndarray:
    """Give so many of the pixels that have another label beside them the label of a neighbour."""
    padded = np.pad(labels, 1, mode="edge")
    moved = labels.copy()
    chosen = rng.random(labels.shape) < share
    direction = rng.integers(2 * labels.ndim, size=labels.shape)
    for number in range(2 * labels.ndim):
        step = np.zeros(labels.ndim, int)
        step[number // 2] = 1 - 2 * (number % 2)
        beside = padded[tuple(slice(1 + d, n + 1 + d) for d, n in zip(step.tolist(), labels.shape, strict=True))]
        use = chosen & (direction == number) & (beside != labels)
        moved[use] = beside[use]
    return moved


def agreement(what: str, whole: Tensions, other: Tensions) -> None:
    table = dict(zip(map(tuple, whole.pairs.tolist()), whole.tensions, strict=True))
    both = [(table.get(tuple(pair), np.nan), t) for pair, t in zip(other.pairs.tolist(), other.tensions, strict=True)]
    a, b = np.array([pair for pair in both if np.isfinite(pair).all()]).T
    line = f"r = {np.corrcoef(a, b)[0, 1]:.2f}, median difference {np.median(np.abs(a - b)):.3f} ({len(a)} interfaces)"
    print(f"  {what}: {line}", flush=True)


def loops(seeds: range) -> None:
    """Tissues of uneven cells that stir, exchange neighbours, and come to rest."""
    row = "{:<6} {:>6} {:>7} {:>4} {:>7} {:>7} {:>7} {:>10} {:>6} {:>6}"
    print(row.format("loop", "seed", "radius", "n", "mean", "max", "r", "exchanged", "steps", "s"))
    for ndim, cells, side, stir, block, count in ((2, 16, 240, 200, 200, len(seeds)), (3, 6, 80, 0, 60, (len(seeds) + 1) // 2)):
        last = []
        for seed in seeds[:count]:
            end = loop(ndim, cells, side, seed, stir=stir, block=block)
            last.append(end)
            numbers = [f"{100 * end.errors.mean():.2f} %", f"{100 * end.errors.max():.1f} %", f"{end.correlation:.3f}", end.exchanged]
            rest = end.steps, f"{end.seconds:.0f}"
            print(row.format(f"{ndim}-D", seed, f"{end.radius:.1f}", len(end.errors), *numbers, *rest), flush=True)
        mean = np.mean([end.errors.mean() for end in last])
        worst = min(end.correlation for end in last)
        print(f"{ndim}-D: mean error {100 * mean:.2f} % (goal 3 %), least r {worst:.3f} (goal 0.98)", flush=True)


def large() -> None:
    seeds = np.random.default_rng(0).random((5000, 3)) * 200
    grid = np.stack(np.meshgrid(*[np.arange(200)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    labels = (cKDTree(seeds).query(grid, workers=-1)[1] + 1).reshape(200, 200, 200).astype(np.int32)
    del grid
    start = time.process_time()
    found, seconds = clock(labels)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    spent = time.process_time() - start
    print(f"5,000 cells on 200^3: {seconds:.0f} s ({spent:.0f} CPU s), {memory:.1f} GB at most (goal 30 s, 2.5 GB); {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args()
    if options.real:
        stability("plant_ovule")
        stability("drosophila_epithelium")
        return
    if options.loop:
        loops(range(options.first, options.first + options.seeds))
        return
    for ndim in (2, 3):
        clock(double_bubble((40,) * ndim, (1.0, 1.0, 1.0), 8).labels)  # compile
    print(ROW.format("truth", "radius", "n", "mean", "max", "r", "slope", "z rms", "s", "goal"))
    seeds = range(options.first, options.first + options.seeds)
    for radius in (10, 20, 40):
        bubbles(2, radius, seeds, "-")
    bubbles(3, 9, seeds, "mean <= 1.5 % at 8")
    bubbles(3, 18, seeds, "-")
    goals = {0.68: "-", 0.97: "mean <= 3 %, slope >= 0.97", 2.0: "mean <= 1.5 %", 4.0: "-"}
    flat = [truth for truth in (aggregate(2, 12, seed) for seed in seeds) if truth.imbalance < 0.02]
    print(f"{len(flat)} of {len(seeds)} aggregates in the plane came to rest")
    for scale, goal in goals.items():
        aggregates(flat, scale, options.first, goal)
    solid = [aggregate(3, 8, seed) for seed in seeds[: max(1, options.seeds // 3)]]
    for scale in (1.0, 2.0):
        aggregates(solid, scale, options.first, "-")
    stability("plant_ovule")
    stability("drosophila_epithelium")
    if options.large:
        large()


if __name__ == "__main__":
    main()
