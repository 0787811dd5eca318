"""Conforming tetrahedra against their goals: grains of a periodic diagram, and the same as a label image.

    python benchmarks/tetrahedra.py [--grains 1000] [--side 64] [--size 1.6]

CPU seconds of all threads, the second of two runs (the first one compiles).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from shapelab.crystals import Diagram
from shapelab.mesh import TetrahedronMesh, conforming_tetrahedra

ASPECT = 1.6
"""Longest axis of a grain over its mean one, at most."""


def diagram(grains: int, side: int, seed: int = 1) -> Diagram:
    """A periodic diagram of anisotropic grains, of spread seeds."""
    rng = np.random.default_rng(seed)
    seeds = rng.random((grains, 3)) * side
    grid = np.stack(np.meshgrid(*[np.arange(0.5, side)] * 3, indexing="ij"), -1).reshape(-1, 3)
    for _ in range(3):
        nearest = cKDTree(seeds, boxsize=side).query(grid)[1]
        step = grid - seeds[nearest]
        step -= np.round(step / side) * side
        counts = np.maximum(np.bincount(nearest, minlength=grains), 1)
        seeds = (seeds + np.stack([np.bincount(nearest, step[:, k], grains) / counts for k in range(3)], 1)) % side
    matrices = np.empty((grains, 3, 3))
    for i in range(grains):
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        axes = np.exp(rng.uniform(-1, 1, 3) * np.log(ASPECT))
        matrices[i] = turn @ np.diag(axes / np.cbrt(axes.prod())) @ turn.T
    matrices = (matrices + matrices.transpose(0, 2, 1)) / 2
    radius = 0.62 * np.cbrt(side**3 / grains)
    return Diagram.from_ellipsoids(seeds, matrices, rng.uniform(-0.1, 0.1, grains) * radius**2, period=(float(side),) * 3)


def row(name: str, work: Callable[[], TetrahedronMesh]) -> TetrahedronMesh:
    """Print one row of the table."""
    work()
    start, clock = time.process_time(), time.perf_counter()
    mesh = work()
    quality = mesh.quality
    equal = all(
        mesh.nodes[pairs[:, 0]][:, rest].tobytes() == mesh.nodes[pairs[:, 1]][:, rest].tobytes()
        for axis, pairs in mesh.periodic_pairs().items()
        for rest in ([k for k in range(3) if "zyx"[k] != axis],)
    )
    print(
        f"| {name} | {quality.tetrahedra:,} | {time.process_time() - start:.1f} ({time.perf_counter() - clock:.1f}) | "
        f"{quality.smallest_angle:.1f} to {quality.largest_angle:.1f} | {quality.inverted} | {quality.scaled_jacobian:.3f} | "
        f"{100 * quality.volume_error:.3f} | {100 * (1 - quality.off):.1f} | {quality.mean_distance:.3f}, {quality.largest_distance:.2f} | "
        f"{'yes' if equal else 'NO'} |",
        flush=True,
    )
    return mesh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grains", type=int, default=1000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--size", type=float, default=None)
    known = parser.parse_args()
    grains, shape = diagram(known.grains, known.side), (known.side,) * 3
    print(
        "| | tetrahedra | CPU (wall) s | angles [°] | inverted | scaled Jacobian | volumes within [%] | nodes put on boundaries [%] "
        "| mean, largest distance [voxels] | pairs equal |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    print("| goal | | 30 s on two cores | 12 to 165 | 0 | | 0.1 | 99 | 0.05, 2 | yes |")
    row("diagram", lambda: grains.tetrahedra(shape, 1.0, known.size))
    labels = grains.labels(shape)
    row("label image", lambda: conforming_tetrahedra(labels, 1.0, size=known.size, periodic=True))


if __name__ == "__main__":
    main()
