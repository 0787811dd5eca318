"""Make the picture of fits to two real segmentations for the guide: the labels, the model with the best parameters, and the posterior.

Usage: python scripts/fit_pictures.py [FOLDER]   (fits are saved there and resumed; docs/images/fit_cells_real.png is replaced)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import shapelab as sl
from shapelab.estimate import CellFit
from shapelab.io import samples

OUT = Path(__file__).parents[1] / "docs" / "images" / "fit_cells_real.png"
CASES = (("drosophila_epithelium", "relaxation", 300, 1), ("plant_ovule", "relaxation_3d", 24, 2))
"""Sample, scenario, runs, and which voxels are taken along each axis: of the ovule every second one."""
RANGES = {"p": (0.5, 8.0), "memory": (0.0, 1.0)}
DURATION = 0.2


def best(fit: CellFit) -> np.ndarray:
    """Return the cells of the model with the best parameters, when it is compared."""
    sim = fit.start()
    sim.prepare()
    while sim.look(lambda state: state.time) < DURATION * (1 - 1e-9):
        sim.step()
    return np.asarray(sim.frame()["cells"])


def flat(labels: np.ndarray) -> np.ndarray:
    """Return the picture of labels, of a volume its middle plane, in shuffled colours."""
    plane = labels if labels.ndim == 2 else labels[len(labels) // 2]
    colours = np.random.default_rng(4).random((int(labels.max()) + 1, 3)) * 0.75 + 0.2
    colours[0] = 0
    return colours[plane]


def main() -> None:
    """Fit, or resume, and draw."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    figure, axes = plt.subplots(len(CASES), 4, figsize=(13, 3.1 * len(CASES)), layout="constrained")
    for row, (name, scenario, runs, step) in zip(axes, CASES, strict=True):
        whole = samples.load(name)[1]
        spacing = tuple(step * float(size) for size in whole.meta["scale"])
        cells = whole.data[(slice(None, None, step),) * whole.data.ndim]
        given = [cells] if cells.ndim == 3 else cells
        fit = sl.fit_cells(
            given, scenario, RANGES, spacing=spacing, duration=DURATION, simulations=runs, rounds=2, folder=folder / f"fit_{name}"
        )
        model, posterior = best(fit), fit.posterior()
        print(f"{name}: {fit} {100 * np.mean(model != cells):.1f} % of the pixels lie in another cell.")
        for axis, picture, title in ((row[0], cells, name.replace("_", " ")), (row[1], model, "model")):
            axis.imshow(flat(np.asarray(picture)), interpolation="nearest")
            axis.set_title(title)
            axis.axis("off")
        for column, axis in enumerate(row[2:]):
            where, heights = posterior.density(column)
            one = posterior.found[column]
            axis.plot(where, heights)
            axis.axvspan(one.low, one.high, alpha=0.15)
            axis.set_xlabel(posterior.label(column))
            axis.set_yticks([])
    figure.savefig(OUT, dpi=90)


if __name__ == "__main__":
    main()
