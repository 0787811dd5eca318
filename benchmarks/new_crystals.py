"""New crystals: refits of our own diagrams, bands, and samples of all sizes, against the goals; `crystals.py` runs them."""

from __future__ import annotations

import time

import numpy as np

import shapelab as sl


def own() -> None:
    """Refit our own diagrams, and make 10,000 grains of two sizes in a box that repeats in one direction; no data needed."""
    print("refit of generated diagrams (goal: 0.01 %)")
    for n, shape, periodic in ((300, (512, 512), False), (300, (512, 512), True), (100, (64, 64, 64), False), (100, (64, 64, 64), True)):
        labels = sl.generate_crystal(n, shape, seed=1, periodic=periodic).diagram.labels(shape)
        fit = sl.fit_diagram(labels, 2, periodic=periodic)
        size = "x".join(map(str, shape))
        print(f"{n} grains, {size}, periodic {periodic}: {fit.mismatch:.4%}, {fit.seconds:.1f} s", flush=True)
    cpu = time.process_time()
    crystal = sl.generate_crystal(
        10_000,
        (160, 160, 160),
        volumes={1: 0.5, 3: 0.5},
        periodic=(False, False, True),
        tolerance=0.01,
        max_tolerance=0.05,
        lloyd=2,
        seed=1,
    )
    print(
        f"10,000 grains of two sizes, periodic along x (goal: 1 % in 30 s): volume error mean {crystal.mean_volume_error:.2%}, largest "
        f"{crystal.volume_error:.1%}; {crystal.seconds:.1f} s, CPU {time.process_time() - cpu:.1f} s",
        flush=True,
    )


def banded(side: int) -> None:
    """Make SynthetMic's example of 10,000 grains: three bands, lognormal volumes, periodic along x; every volume to 1 % in 30 s.

    Thickness 1 : 0.25 : 1 with 1,000, 8,000 and 1,000 grains, standard deviation of the volumes in a band a tenth, five Lloyd steps
    (github.com/synthetic-microstructures/synthetmic, Banded_periodic.ipynb, MIT: the recipe, with random numbers of our own). A pixel is
    0.9 % of a middling grain of the thin band for a side of 200.
    """
    rng = np.random.default_rng(0)
    counts, thickness = np.array([1000, 8000, 1000]), np.array([1.0, 0.25, 1.0])
    ends = np.concatenate([[0.0], np.cumsum(thickness / thickness.sum())])
    sigma = np.sqrt(np.log(1 + 0.1**2))
    drawn = [rng.lognormal(0, sigma, n) for n in counts]
    given = np.concatenate([part / part.sum() * height for part, height in zip(drawn, np.diff(ends), strict=True)])
    bands = np.repeat(np.arange(3), counts)
    places = rng.random((len(given), 3))
    places[:, 0] = ends[bands] + places[:, 0] * np.diff(ends)[bands]
    cpu = time.process_time()
    crystal = sl.generate_crystal(
        len(given),
        (side,) * 3,
        2.0 / side,
        volumes=given,
        seeds=(places - 0.5 / side) * 2.0,
        anisotropy=0.0,
        periodic=(False, False, True),
        exact_volumes=True,
        tolerance=0.01,
        max_tolerance=0.05,
    )
    cpu = time.process_time() - cpu
    drawn_alone = np.bincount(crystal.diagram.labels((side,) * 3, 2.0 / side).ravel(), minlength=len(given) + 1)[1:] * (2.0 / side) ** 3
    error = np.abs(drawn_alone / crystal.targets - 1)
    heights = crystal.moments.centroids[:, 0] / 2.0
    kept = np.abs(heights - (ends[bands] + ends[bands + 1]) / 2) < np.diff(ends)[bands] / 2
    print(
        f"10,000 grains in three bands on {side}^3 voxels, periodic along x (goal: 1 % in 30 s): volume error mean "
        f"{crystal.mean_volume_error:.2%}, largest {crystal.volume_error:.2%} (the diagram alone: {error.mean():.2%}, {error.max():.1%}); "
        f"{kept.mean():.1%} of the grains in their band; {crystal.seconds:.1f} s, CPU {cpu:.1f} s",
        flush=True,
    )


def generation(quick: bool) -> None:
    """Make crystals; the last case is the goal: 5,000 grains on 128^3 voxels, regularised, to mean 1 % and largest 5 % in 5 s."""
    print("\ngeneration")
    cases = [(300, (512, 512), 0, 0.025), (300, (512, 512), 5, 0.025), (1000, (64, 64, 64), 0, 0.025)]
    large = [(5000, (128, 128, 128), 0, 0.025), (5000, (128, 128, 128), 5, 0.01)]
    for n, shape, lloyd, tolerance in cases + ([] if quick else large):
        cpu = time.process_time()
        crystal = sl.generate_crystal(n, shape, lloyd=lloyd, tolerance=tolerance, max_tolerance=0.05, exclusion=0.2, seed=10)
        cpu = time.process_time() - cpu
        print(
            f"{n:>5} grains, {'x'.join(map(str, shape)):<12} Lloyd {lloyd}, asked {tolerance:.1%} and 5 %: volume error mean "
            f"{crystal.mean_volume_error:.2%}, largest {crystal.volume_error:.1%}; {crystal.seconds:.1f} s, CPU {cpu:.1f} s",
            flush=True,
        )
