"""Textures fitted to real masks: how near the nearest of the atlas is, how near the fit, and what other seeds give.

    python benchmarks/texture_fits.py FOLDER [--masks colon aorta] [--runs 48] [--steps 300] [--picture docs/images/atlas_fits.png]

Yeast mitochondria, and colon and aorta of an abdominal CT. Distances are in percent of the root mean square curvature of the mask. Each fit
is kept in FOLDER, so that the masks can be done one at a time; the picture shows all that are there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from shapelab.batch import TextureFit, fit_texture
from shapelab.batch.fit_verdict import Spread
from shapelab.io.samples import load

ORGANS = {"colon": 20, "aorta": 52}
NAMES = ("mitochondria", *ORGANS)


def mask_of(name: str) -> tuple[np.ndarray, tuple[float, ...], str]:
    """Return a mask, its voxel size and unit."""
    sample = "ct_abdomen" if name in ORGANS else "yeast_mitochondria"
    layer = next(layer for layer in load(sample) if layer.kind == "labels")
    steps, unit = tuple(layer.meta["scale"]), str(layer.meta["units"][-1])
    inside = np.asarray(layer.data) == ORGANS[name] if name in ORGANS else np.asarray(layer.data) > 0
    places = np.argwhere(inside)
    box = tuple(slice(max(0, low - 2), high + 3) for low, high in zip(places.min(0), places.max(0), strict=True))
    return (inside[box] if name in ORGANS else inside), steps, unit


def row_of(name: str, fit: TextureFit, seconds: float) -> str:
    """Return what a fit has found, as lines of text."""
    scale = 100 / fit.curvature

    def again(spread: Spread) -> str:
        around = f" ± {scale * spread.sd:.1f}" if len(spread.distances) > 1 else ""
        return f"{scale * spread.mean:.1f}{around} % ({len(spread.distances)} of {spread.tried})"

    best = fit.best
    return (
        f"{name}: nearest {fit.member} {scale * fit.start.distance:.1f} %, other seeds {again(fit.start_again)}; "
        f"fitted {scale * best.distance:.1f} %, other seeds {again(fit.best_again)}; halves {scale * fit.halves:.1f} %; "
        f"filled {best.volume_fraction:.3f} of {fit.volume_fraction:.3f}; stretched {best.stretch:g}, level {best.level:g}, "
        f"orientation {best.parameters.get('orientation', 0):.0f}; {fit.trials} runs, {seconds:.0f} s of processor\n  {fit.verdict}"
    )


def keep(folder: Path, name: str, mask: np.ndarray, steps: tuple[float, ...], fit: TextureFit) -> None:
    """Write what the picture shows."""
    numbers = [100 * trial.distance / fit.curvature for trial in (fit.start, fit.best)]
    start, best = fit.start, fit.best
    shapes = {"mask": mask, "start": start.shape, "best": best.shape}
    np.savez_compressed(folder / f"{name}.npz", **shapes, steps=[steps, start.spacing, best.spacing], numbers=numbers)  # type: ignore[arg-type]


def picture(folder: Path, path: Path) -> None:
    """Draw each mask beside the nearest texture of the atlas and the fitted one."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from skimage.measure import marching_cubes

    mpl.use("Agg")
    names = [name for name in NAMES if (folder / f"{name}.npz").exists()]
    figure = plt.figure(figsize=(9, 3 * len(names)))
    for row, name in enumerate(names):
        with np.load(folder / f"{name}.npz") as kept:
            titles = (name, *(f"{what}: {number:.1f} %" for what, number in zip(("nearest", "fitted"), kept["numbers"], strict=True)))
            shown = (kept["mask"].astype(float) - 0.5, kept["start"].astype(float), kept["best"].astype(float))
            sizes = kept["steps"]
        for column, (title, values, steps) in enumerate(zip(titles, shown, sizes, strict=True)):
            axes = figure.add_subplot(len(names), 3, 3 * row + column + 1, projection="3d")
            vertices, faces, _, _ = marching_cubes(np.pad(values, 1, constant_values=values.min()), 0.0, spacing=tuple(steps))
            axes.plot_trisurf(vertices[:, 2], vertices[:, 1], faces, vertices[:, 0], color="#d9a441", lw=0)
            axes.set_box_aspect(np.ptp(vertices, axis=0)[::-1])
            axes.set_title(title, fontsize=10)
            axes.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--masks", nargs="*", choices=NAMES, default=NAMES)
    parser.add_argument("--runs", type=int, default=48)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--picture", type=Path)
    values = parser.parse_args()
    values.folder.mkdir(parents=True, exist_ok=True)
    for name in values.masks:
        mask, steps, unit = mask_of(name)
        begun = time.process_time()
        fit = fit_texture(mask, steps, unit=unit, trials=values.runs, steps=values.steps)
        print(row_of(name, fit, time.process_time() - begun), flush=True)
        keep(values.folder, name, mask, steps, fit)
    if values.picture is not None:
        picture(values.folder, values.picture)


if __name__ == "__main__":
    main()
