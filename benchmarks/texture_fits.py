"""Textures fitted to real masks: how near the nearest of the atlas is, how near the fit, and what other seeds give.

    python benchmarks/texture_fits.py [--runs 24] [--steps 300] [--picture docs/images/atlas_fits.png]

Yeast mitochondria, and colon and aorta of an abdominal CT. Distances are divided by the root mean square curvature of the mask.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shapelab.batch import TextureFit, fit_texture, shipped_atlas
from shapelab.batch.fit_target import Trial, target_of, trial_of
from shapelab.io.samples import load

ORGANS = {"colon": 20, "aorta": 52}
SEEDS = (101, 102, 103, 104)


@dataclass
class Case:
    """A mask and what was fitted to it."""

    name: str
    mask: np.ndarray
    spacing: tuple[float, ...]
    fit: TextureFit


def masks() -> list[tuple[str, np.ndarray, tuple[float, ...]]]:
    """Names, masks and voxel sizes."""
    mitochondria, organs = (next(layer for layer in load(name) if layer.kind == "labels") for name in ("yeast_mitochondria", "ct_abdomen"))
    found = [("mitochondria", np.asarray(mitochondria.data) > 0, tuple(mitochondria.meta["scale"]))]
    for name, label in ORGANS.items():
        inside = np.asarray(organs.data) == label
        places = np.argwhere(inside)
        box = tuple(slice(max(0, low - 2), high + 3) for low, high in zip(places.min(0), places.max(0), strict=True))
        found.append((name, inside[box], tuple(organs.meta["scale"])))
    return found


def with_seed(case: Case, trial: Trial, seed: int, steps: int) -> float:
    """Relative distance of the same parameters grown from other noise."""
    target = target_of(case.mask, case.spacing, None, str(trial.parameters["unit"]), ())
    simulation = shipped_atlas().simulation({**trial.parameters, "seed": seed, "max_steps": steps})
    *_, frame = simulation.run(steps, every=steps)
    field, voxel = np.asarray(frame["field"]), float(trial.parameters["voxel_size"])
    places = target.measure(field, voxel, trial.stretch, trial.level)
    again = trial_of(dict(trial.parameters), places, voxel, field, target, trial.stretch, trial.level)
    return relative(case.fit, again.distance)


def relative(fit: TextureFit, distance: float) -> float:
    """Distance divided by the root mean square curvature of the mask."""
    return distance / fit.curvature


def picture(cases: list[Case], path: Path) -> None:
    """Draw each mask beside the nearest texture of the atlas and the fitted one."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from skimage.measure import marching_cubes

    mpl.use("Agg")
    figure = plt.figure(figsize=(9, 3 * len(cases)))
    for row, case in enumerate(cases):
        start, best = case.fit.start, case.fit.best
        shown = (
            (case.name, case.mask.astype(float) - 0.5, case.spacing),
            (f"nearest: {relative(case.fit, start.distance):.3f}", start.shape, start.spacing),
            (f"fitted: {relative(case.fit, best.distance):.3f}", best.shape, best.spacing),
        )
        for column, (title, values, steps) in enumerate(shown):
            axes = figure.add_subplot(len(cases), 3, 3 * row + column + 1, projection="3d")
            vertices, faces, _, _ = marching_cubes(np.pad(values, 1, constant_values=values.min()), 0.0, spacing=steps)
            axes.plot_trisurf(vertices[:, 2], vertices[:, 1], faces, vertices[:, 0], color="#d9a441", lw=0)
            axes.set_box_aspect(np.ptp(vertices, axis=0)[::-1])
            axes.set_title(title, fontsize=10)
            axes.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--picture", type=Path)
    values = parser.parse_args()
    cases = []
    for name, mask, spacing in masks():
        case = Case(name, mask, spacing, fit_texture(mask, spacing, trials=values.runs, steps=values.steps))
        cases.append(case)
        for what, trial in (("nearest", case.fit.start), ("fitted", case.fit.best)):
            others = [with_seed(case, trial, seed, values.steps) for seed in SEEDS]
            print(
                f"{name:<13} {what:<8} {relative(case.fit, trial.distance):.3f}; other seeds {np.mean(others):.3f} ± {np.std(others):.3f}; "
                f"filled {trial.volume_fraction:.3f} of {case.fit.volume_fraction:.3f}, stretched {trial.stretch:g}"
            )
    if values.picture is not None:
        picture(cases, values.picture)


if __name__ == "__main__":
    main()
