"""Fits and syntheses of the sample data as pictures, with their numbers: those of docs/crystals.md.

python examples/crystals_pictures.py FOLDER [steel|nickel|ovule|like|additive ...]

Needs matplotlib. Each picture is one function: change it to fit your own labels.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import shapelab as sl
from shapelab.crystals import Population, additive_crystal, ipf_colours
from shapelab.io import samples

WRONG = "#ff3b3b"


def read(name: str) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the labels of a sample and the size of a pixel."""
    layer = next(layer for layer in samples.load(name) if layer.kind == "labels")
    return np.asarray(layer.data).astype(int), tuple(layer.meta["scale"])


def colours(n: int) -> ListedColormap:
    """Return n + 1 colours in random order, black for 0."""
    rng = np.random.default_rng(3)
    values = np.column_stack([rng.uniform(0.25, 1, (n + 1, 3)), np.ones(n + 1)])
    values[0] = (0, 0, 0, 1)
    return ListedColormap(values)


def panel(axes: Any, title: str, labels: np.ndarray, n: int) -> None:
    """Draw 2-D labels in the colours of `colours`."""
    axes.imshow(labels, cmap=colours(n), vmin=0, vmax=n, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def mismatch(axes: Any, title: str, labels: np.ndarray, fitted: np.ndarray) -> None:
    """Draw what belongs to another grain, over the borders of the grains."""
    borders = np.zeros(labels.shape, bool)
    borders[:-1] |= labels[:-1] != labels[1:]
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    picture = np.where((labels != fitted) & (labels > 0), 2, np.where(borders, 1, 0))
    axes.imshow(picture, cmap=ListedColormap(["#202028", "#70707c", WRONG]), vmin=0, vmax=2, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def steel(folder: Path) -> None:
    """A corner of the steel map, orders 1, 2 and 4."""
    labels, spacing = read("low_carbon_steel")
    labels = labels[:256, :256]
    n = int(labels.max())
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    axes = figure.subplots(2, 4)
    panel(axes[0, 0], f"{len(np.unique(labels))} grains of a steel", labels, n)
    axes[1, 0].text(0.5, 0.5, "in another grain", color=WRONG, ha="center", fontsize=12)
    axes[1, 0].text(0.5, 0.4, "borders of the grains", color="#70707c", ha="center", fontsize=12)
    axes[1, 0].set_axis_off()
    for column, order in enumerate((1, 2, 4), start=1):
        fit = sl.fit_diagram(labels, order, spacing)
        panel(axes[0, column], f"diagram of order {order}", fit.labels, n)
        mismatch(axes[1, column], f"{fit.mismatch:.1%} in another grain", labels, fit.labels)
    figure.savefig(folder / "crystals_steel.png", dpi=80)


def nickel(folder: Path) -> None:
    """Of the twenty grains of the superalloy with most wrong pixels, the four of which a fit misses the largest part."""
    labels, spacing = read("nickel_superalloy")
    fit = sl.fit_diagram(labels, 2, spacing)
    n = int(labels.max())
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots(2, 5)
    panel(axes[0, 0], f"{n} grains with twins", labels, n)
    mismatch(axes[1, 0], f"{fit.mismatch:.1%} in another grain", labels, fit.labels)
    for column, grain in enumerate(sorted(fit.worst, key=lambda grain: -grain.mismatch)[:4], start=1):
        box = tuple(slice(max(0, int(i.min()) - 8), int(i.max()) + 9) for i in np.nonzero(labels == grain.id))
        panel(axes[0, column], f"grain {grain.id}: {grain.mismatch:.1%} missed\n{fill(grain.reason.split(' (')[0], 24)}", labels[box], n)
        mismatch(axes[1, column], "", labels[box], fit.labels[box])
        print(f"grain {grain.id}: {grain.mismatch:.1%} of {grain.pixels} pixels, {grain.reason}")
    figure.savefig(folder / "crystals_nickel.png", dpi=80)


def ovule(folder: Path) -> None:
    """Three sections of a plant tissue in 3-D, moments and likelihood."""
    labels, spacing = read("plant_ovule")
    fits = [sl.fit_diagram(labels, 2, spacing, method=method) for method in ("moments", "likelihood")]
    n = int(labels.max())
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    axes = figure.subplots(3, 5, gridspec_kw={"height_ratios": [1, 1, 1]})
    for row, z in enumerate((6, 16, 26)):
        panel(axes[row, 0], f"section {z} of {len(labels)}" if row else f"{len(np.unique(labels)) - 1} cells, section {z}", labels[z], n)
        for i, (name, fit) in enumerate(zip(("moments", "likelihood"), fits, strict=True)):
            panel(axes[row, 1 + 2 * i], name if row == 0 else "", fit.labels[z], n)
            mismatch(axes[row, 2 + 2 * i], f"{fit.mismatch:.1%} of all voxels" if row == 0 else "", labels[z], fit.labels[z])
    figure.savefig(folder / "crystals_ovule.png", dpi=80)


def like(folder: Path) -> None:
    """A new steel, and its statistics beside those of the measured one."""
    labels, spacing = read("low_carbon_steel")
    new = sl.generate_crystal(600, (360, 360), spacing, like=labels, seed=1)
    measured = Population.of(sl.fit_diagram(labels, 2, spacing, method="moments").moments)
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35])
    axes = left.subplots(2, 1)
    panel(axes[0], "measured, a part of 360 × 360 pixels", labels[:360, :360], int(labels.max()))
    panel(axes[1], "synthesised", new.labels.astype(int), 600)
    rows = {
        "volume / mean": ("volume", measured.volumes / measured.volumes.mean(), new.volumes / new.volumes.mean()),
        "aspect ratio": ("aspect_ratio", measured.aspect_ratios, new.population.aspect_ratios),
        "direction of the long axis (°)": ("angle", np.rad2deg(measured.angles), np.rad2deg(new.population.angles)),
    }
    for axis, (name, (key, a, b)) in zip(right.subplots(3, 1), rows.items(), strict=True):
        edges = np.linspace(np.percentile(a, 0.5), np.percentile(a, 99.5), 31)
        axis.hist(a, edges, density=True, color="#4aa3ff", alpha=0.6, label=f"measured ({len(a)})")
        axis.hist(b, edges, density=True, histtype="step", color="#e0782a", linewidth=2, label=f"synthesised ({len(b)})")
        axis.set(xlabel=name, yticks=[])
        axis.set_title(f"Kolmogorov-Smirnov distance {new.statistics[f'ks_{key}']:.3f}", fontsize=10)
        axis.legend(frameon=False)
        print(f"{key}: KS distance {new.statistics[f'ks_{key}']:.3f}")
    print(f"volume error: mean {new.mean_volume_error:.2%}, largest {new.volume_error:.2%}")
    figure.savefig(folder / "crystals_like.png", dpi=80)


def additive(folder: Path) -> None:
    """The herring-bone pattern of additive manufacturing in the colours of the inverse pole figure."""
    crystal = additive_crystal(pixels=600)
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(ipf_colours(crystal.orientations)[crystal.labels.astype(int) - 1], extent=(0, 6, 6, 0), interpolation="nearest")
    axes.set(xlabel="µm", ylabel="µm")
    axes.set_title(f"{len(crystal.volumes)} grains, largest volume error {crystal.volume_error:.2%}", fontsize=10)
    print(crystal.message, f"{crystal.seconds:.1f} s")
    figure.savefig(folder / "crystals_additive.png", dpi=80)


PICTURES = {"steel": steel, "nickel": nickel, "ovule": ovule, "like": like, "additive": additive}

if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target.mkdir(parents=True, exist_ok=True)
    for picture in sys.argv[2:] or PICTURES:
        print(picture)
        PICTURES[picture](target)
