"""Pictures of docs/tensions.md.

Interfaces coloured by tension, cells by pressure, where forces do not balance, and how half the resolution changes them.

    python scripts/tension_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from shapelab.infer import Tensions, infer_tensions
from shapelab.io import samples

FOLDER = Path(__file__).parents[1] / "docs" / "images"
LOW, HIGH = 0.4, 1.6


def planar(found: Tensions, axes: Axes, image: np.ndarray) -> None:
    """Draw the interfaces of a planar mesh over the image."""
    mesh = found.mesh
    nodes = mesh.nodes[:, ::-1]
    values = found.on_faces()
    unknown = np.isnan(values)
    height, width = (n * step for n, step in zip(mesh.shape, mesh.spacing, strict=True))
    axes.imshow(image, cmap="gray", extent=(0, width, height, 0), alpha=0.7)
    axes.add_collection(LineCollection(nodes[mesh.faces[unknown]], colors="0.55", linewidths=1))
    lines = LineCollection(nodes[mesh.faces[~unknown]], array=values[~unknown], cmap="coolwarm", linewidths=2.2)
    lines.set_clim(LOW, HIGH)
    axes.add_collection(lines)
    plt.colorbar(lines, ax=axes, shrink=0.8, label="tension / mean")


def epithelium() -> None:
    """Draw tensions, pressures and misfits of the fly epithelium."""
    layers = samples.load("drosophila_epithelium")
    labels, scale = layers[1].data, layers[1].meta["scale"]
    found = infer_tensions(labels, scale)
    print(found)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    planar(found, left, layers[0].data)
    left.set_title("tensions (grey: undetermined)")
    pressure = dict(zip(found.mesh.ids.tolist(), found.pressures.tolist(), strict=True))
    picture = np.vectorize(pressure.get)(np.asarray(labels, np.int64)).astype(float)
    limit = np.nanpercentile(np.abs(picture), 98)
    shown = middle.imshow(picture, cmap="PuOr", vmin=-limit, vmax=limit)
    plt.colorbar(shown, ax=middle, shrink=0.8, label="pressure difference (mean tension per length)")
    middle.set_title("pressures")
    right.imshow(layers[0].data, cmap="gray", alpha=0.6)
    y, x = (found.centres / np.asarray(scale)).T
    dots = right.scatter(x, y, c=found.residuals, s=8, cmap="viridis", vmax=np.percentile(found.residuals, 98))
    plt.colorbar(dots, ax=right, shrink=0.8, label="force left / pulls")
    right.set_title("where it is no foam at rest")
    for axes in (left, middle, right):
        axes.set_axis_off()
    figure.savefig(FOLDER / "tensions_epithelium.png", dpi=90)


def ovule() -> None:
    """Draw the interfaces inside the ovule, coloured by tension."""
    layer = samples.load("plant_ovule")[1]
    found = infer_tensions(layer.data, layer.meta["scale"])
    print(found)
    mesh = found.mesh
    values = found.on_faces()
    figure = plt.figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot(projection="3d")
    known = np.isfinite(values)
    nodes = mesh.nodes[:, ::-1]
    colours = plt.get_cmap("coolwarm")((values[known] - LOW) / (HIGH - LOW))
    axes.add_collection3d(Poly3DCollection(nodes[mesh.faces[known]], facecolors=colours, edgecolors="none"))
    low, high = nodes[mesh.faces[known]].reshape(-1, 3).min(0), nodes[mesh.faces[known]].reshape(-1, 3).max(0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]), xlabel="x", ylabel="y", zlabel="z")
    axes.set_box_aspect(high - low)
    axes.set_title("interfaces of the ovule far enough from the border of the image")
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(LOW, HIGH), "coolwarm")
    figure.colorbar(scale, ax=axes, shrink=0.6, label="tension / mean")
    figure.savefig(FOLDER / "tensions_ovule.png", dpi=90)


def stability() -> None:
    """Plot the tensions of both samples at half the resolution against those at full."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
    for axes, name in zip(panels, ("drosophila_epithelium", "plant_ovule"), strict=True):
        layer = samples.load(name)[1]
        scale = layer.meta["scale"]
        whole = infer_tensions(layer.data, scale)
        half = infer_tensions(np.ascontiguousarray(layer.data[(slice(None, None, 2),) * layer.data.ndim]), tuple(2 * s for s in scale))
        table = dict(zip(map(tuple, whole.pairs.tolist()), whole.tensions, strict=True))
        pairs = [(table.get(tuple(p), np.nan), t) for p, t in zip(half.pairs.tolist(), half.tensions, strict=True)]
        a, b = np.array([pair for pair in pairs if np.isfinite(pair).all()]).T
        axes.plot([0, 2.2], [0, 2.2], color="0.7")
        axes.plot(a, b, ".")
        axes.set(xlim=(0, 2.2), ylim=(0, 2.2), xlabel="tension at full resolution", ylabel="at half resolution")
        line = f"r = {np.corrcoef(a, b)[0, 1]:.2f}, median difference {np.median(np.abs(a - b)):.2f}"
        print(name, line, len(a))
        axes.set_title(f"{name.replace('_', ' ')}: {line}", fontsize=9)
    figure.savefig(FOLDER / "tensions_stability.png", dpi=90)


if __name__ == "__main__":
    epithelium()
    ovule()
    stability()
