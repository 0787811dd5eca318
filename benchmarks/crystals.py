"""Crystals: mismatch and time of fits to real grain maps, exact volumes, and generation, against the goals.

    python benchmarks/crystals.py DATA [--quick]
    python benchmarks/crystals.py DATA --orders
    python benchmarks/crystals.py --generation
    python benchmarks/crystals.py --own

DATA is a folder with `ebsd_lc_steel`, `ebsd_ni_superalloy` and `plant_ovule` (see sample_data/SOURCES.md). Seconds are
the wall clock; CPU seconds are given too, since they do not depend on what else runs. Kernels are compiled beforehand.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import tifffile

import shapelab as sl
from shapelab.crystals import compare_neighbours, read_ebsd, read_grain_table, segment_grains
from shapelab.crystals.weights import exact_volumes
from shapelab.transport import Domain


@dataclass
class Sample:
    """A label image to fit."""

    name: str
    labels: np.ndarray
    spacing: tuple[float, ...]


def read_samples(data: Path) -> dict[str, Sample]:
    crop = tifffile.imread(data / "ebsd_lc_steel/lc_steel_grain_labels_crop256.tif")
    whole = tifffile.imread(data / "ebsd_lc_steel/lc_steel_grain_labels.tif")
    scan = read_ebsd(data / "ebsd_ni_superalloy/ni_superalloy_ebsd.npz")
    with h5py.File(data / "plant_ovule/sample_ovule.h5") as file:
        ovule = np.asarray(file["label"]).astype(int)
        spacing = tuple(file["label"].attrs["element_size_um"].tolist())
    return {
        "crop": Sample("steel 256 crop", crop, (1.0638, 1.0638)),
        "whole": Sample("steel whole map", whole, (1.0638, 1.0638)),
        "ni": Sample("Ni superalloy", segment_grains(scan), scan.spacing),
        "ovule": Sample("plant ovule 3-D", ovule, spacing),
    }


FITS = [
    ("crop", 1, "", ""),
    ("crop", 2, "2.0 %", "8 s"),
    ("crop", 3, "", ""),
    ("crop", 4, "1.6 %", "30 s"),
    ("ni", 2, "2.2 %", "8 s"),
    ("ni", 4, "", ""),
    ("ovule", 1, "", ""),
    ("ovule", 2, "", ""),
    ("whole", 1, "", ""),
    ("whole", 2, "2.8 %", "40 s"),
    ("whole", 3, "", ""),
    ("whole", 4, "", ""),
]


def warm() -> None:
    """Compile every kernel on small images."""
    for shape in ((32, 32), (8, 16, 16)):
        labels = sl.generate_crystal(6, shape, lloyd=1).labels
        sl.fit_diagram(labels, order=2, effort=0.05)


def fits(samples: dict[str, Sample], quick: bool) -> None:
    print("label image        order  moments     fit   goal    wall  goal     CPU evals  volumes mean/max")
    for key, order, goal, seconds in FITS:
        if quick and key == "whole":
            continue
        sample = samples[key]
        start = sl.fit_diagram(sample.labels, min(order, 2), sample.spacing, method="moments")
        cpu = time.process_time()
        fit = sl.fit_diagram(sample.labels, order, sample.spacing)
        cpu = time.process_time() - cpu
        volumes = f"{fit.mean_volume_error:.1%} / {fit.volume_error:.0%}"
        print(
            f"{sample.name:<18} {order:>5} {start.mismatch:>8.2%} {fit.mismatch:>7.2%} {goal:>6} {fit.seconds:>5.1f} s {seconds:>5} "
            f"{cpu:>5.1f} s {fit.evaluations:>5} {volumes:>17}",
            flush=True,
        )


def orders(sample: Sample, side: int) -> None:
    """Compare the orders 1 to 8 on a corner of an image: pixels, neighbours, areas of interfaces."""
    labels = sample.labels[:side, :side]
    print(f"{sample.name}, {side} x {side} pixels, {len(np.unique(labels))} grains")
    print("order  pixels wrong  pairs of neighbours lost/new  agreement  interface areas     CPU")
    for order in range(1, 9):
        cpu = time.process_time()
        fit = sl.fit_diagram(labels, order, sample.spacing)
        cpu = time.process_time() - cpu
        match = compare_neighbours(labels, fit.labels, sample.spacing)
        lost, new = len(match.lost), len(match.gained)
        print(
            f"{order:>5} {fit.mismatch:>13.3%} {match.pairs:>12} {lost:>8}/{new:<8} {match.agreement:>9.1%} {match.area_error:>16.2%} "
            f"{cpu:>5.1f} s",
            flush=True,
        )


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


def volumes(samples: dict[str, Sample]) -> None:
    print("\nexact volumes (diagram: at most 1 %, or two pixels; labels: to the pixel)")
    for key in ("crop", "ni", "ovule"):
        sample = samples[key]
        for method in ("moments", "likelihood"):
            before = sl.fit_diagram(sample.labels, 2, sample.spacing, method=method)
            fit = sl.fit_diagram(sample.labels, 2, sample.spacing, method=method, exact_volumes=True)
            inside = sample.labels > 0
            drawn = fit.diagram.labels(sample.labels.shape, sample.spacing)
            print(
                f"{sample.name:<18} {method:<10} mismatch {before.mismatch:.2%} -> {fit.mismatch:.2%}; volume error of the labels at most "
                f"{fit.volume_error:.2%}; {(drawn != fit.labels)[inside].mean():.3%} of the pixels handed over; {fit.seconds:.1f} s",
                flush=True,
            )


def worst(samples: dict[str, Sample]) -> None:
    print("\nworst grains of the Ni superalloy, order 2")
    for grain in sl.fit_diagram(samples["ni"].labels, 2, samples["ni"].spacing).worst[:6]:
        print(f"grain {grain.id}: {grain.mismatch:.1%} of {grain.pixels} pixels, {grain.reason}")


def table(data: Path, samples: dict[str, Sample]) -> None:
    """Compare the diagrams of the grain table with the map: table coordinates are map coordinates minus (901.3, 999.73) µm."""
    sample = samples["whole"]
    grains = read_grain_table(data / "ebsd_lc_steel/sample_lc_steel_grain_file_final.txt")
    print(f"\ngrain table of the steel map, {len(grains)} grains: {grains.coverage(np.prod(sample.labels.shape) * 1.0638**2)[1]}")
    for normalised in (False, True):
        diagram = grains.diagram(origin=(-901.3, -999.73), normalised=normalised)
        mismatch = (diagram.labels(sample.labels.shape, sample.spacing) != sample.labels).mean()
        print(f"{'det A = 1' if normalised else 'own size'}: mismatch {mismatch:.2%}", flush=True)


def rule(data: Path) -> None:
    """Solve for the table's volumes on as many pixels as the resolution rule asks for: one pixel is 1 % of the smallest grain."""
    grains = read_grain_table(data / "ebsd_lc_steel/sample_lc_steel_grain_file_final.txt")
    low, high = np.array([-901.0003, -999.02675]), np.array([0.5003, 0.49975])
    size = high - low
    side = int((grains.areas.sum() / (0.01 * grains.areas.min())) ** 0.5)
    spacing = tuple((size / side).tolist())
    cpu, begin = time.process_time(), time.perf_counter()
    diagram = grains.diagram(tuple(low.tolist()), normalised=True)
    diagram, solution, _ = exact_volumes(diagram, grains.areas, Domain((side, side), spacing), 0.01)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begin
    targets = grains.areas * np.prod(size) / grains.areas.sum()
    for name, labels in (("diagram", diagram.labels((side, side), spacing)), ("labels", solution.labels)):
        errors = np.abs(np.bincount(labels.ravel())[1:] * np.prod(spacing) / targets - 1)
        print(f"exact volumes at the resolution rule ({side}^2 pixels), {name}: mean error {errors.mean():.3%}, largest {errors.max():.2%}")
    print(f"{wall:.1f} s, CPU {cpu:.1f} s", flush=True)
    sample = tifffile.imread(data / "ebsd_lc_steel/lc_steel_grain_labels.tif")
    moved = replace(diagram, centres=diagram.centres + low - np.array([-901.3, -999.73]))
    print(f"mismatch with the map: {(moved.labels(sample.shape, 1.0638) != sample).mean():.2%}", flush=True)


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


def like(samples: dict[str, Sample]) -> None:
    print("\nlike the steel crop (300 grains, 300 x 300): Kolmogorov-Smirnov distances")
    crystal = sl.generate_crystal(300, (300, 300), 1.0638, like=samples["crop"].labels, seed=1)
    print(", ".join(f"{name} {value:.3f}" for name, value in crystal.statistics.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--generation", action="store_true", help="new crystals only, which needs no data")
    parser.add_argument("--own", action="store_true", help="refits of our own diagrams only, which needs no data")
    parser.add_argument("--orders", type=int, nargs="?", const=256, metavar="SIDE", help="only the orders 1 to 8 on a corner of the steel")
    parser.add_argument("--quick", action="store_true", help="leave out the whole steel map and 5,000 grains")
    arguments = parser.parse_args()
    if arguments.data is None and not (arguments.generation or arguments.own):
        parser.error("DATA is needed, except with --generation and --own")
    warm()
    if arguments.own:
        own()
        return
    if arguments.generation:
        generation(arguments.quick)
        return
    samples = read_samples(arguments.data)
    if arguments.orders:
        orders(samples["crop"], arguments.orders)
        return
    fits(samples, arguments.quick)
    volumes(samples)
    worst(samples)
    table(arguments.data, samples)
    if not arguments.quick:
        rule(arguments.data)
    generation(arguments.quick)
    like(samples)


if __name__ == "__main__":
    main()
