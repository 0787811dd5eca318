"""Robustness of the transport solver: how many cold starts of each class of problems meet mean 1 % and max 5 %.

Run ``python benchmarks/transport_sweep.py --seeds 10 20 [--only p8]``; cells of the label image are counted, not what the solver says.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from transport_problems import CLASSES, problem

from shapelab.transport import solve_cells


def run(arguments: dict, seed: int) -> tuple[bool, float, int, float, float]:
    """Return (met, seconds, passes, mean error, largest error) of one cold solve."""
    case = problem(seed, **arguments)
    start = time.perf_counter()
    solution = solve_cells(**case.arguments())
    seconds = time.perf_counter() - start
    pixel = case.spacing ** len(case.shape)
    counted = np.bincount(solution.labels.ravel(), minlength=len(case.seeds) + 1)[1:] * pixel
    errors = np.abs(counted - case.volumes) / case.volumes
    allowed = np.maximum(0.05, 2 * pixel / case.volumes)
    met = bool(errors.mean() <= 0.01 and (errors <= allowed).all() and counted.min() > 0)
    return met, seconds, solution.passes, float(errors.mean()), float(errors.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs=2, default=(10, 20), metavar=("FIRST", "LAST"))
    parser.add_argument("--only", default="", help="classes whose name contains this")
    options = parser.parse_args()
    total = good = 0
    print("| class | met | passes med/max | seconds med/max | mean error med/max % | max error med/max % |\n|---|---|---|---|---|---|")
    for name, arguments in CLASSES.items():
        if options.only not in name:
            continue
        results = [run(arguments, seed) for seed in range(*options.seeds)]
        met, seconds, passes, mean, largest = (np.array(column) for column in zip(*results, strict=True))
        total, good = total + len(met), good + int(met.sum())
        print(
            f"| {name} | {met.sum()}/{len(met)} | {np.median(passes):.0f}/{passes.max()} | {np.median(seconds):.2f}/{seconds.max():.2f} "
            f"| {100 * np.median(mean):.2f}/{100 * mean.max():.2f} | {100 * np.median(largest):.1f}/{100 * largest.max():.1f} |",
            flush=True,
        )
    print(f"\n{good} of {total} met mean 1 % and max 5 % (or two pixels of a cell).")


if __name__ == "__main__":
    main()
