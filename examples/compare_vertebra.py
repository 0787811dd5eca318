"""One real vertebra as mask, phase field, surface, tetrahedra, points and Gaussian mixture; each checked against the mask.

Run it with ``python examples/compare_vertebra.py [picture.png]``; the picture needs matplotlib. The vertebra is label 29
of the segmented abdominal CT among the sample data, cubic voxels of 3 mm.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import shapelab as sl
from shapelab import convert
from shapelab.io.image import read_image
from shapelab.measure import euler_characteristic, mesh_area

SEGMENTATION = Path(__file__).parents[1] / "sample_data" / "ct_abdomen" / "organ_labels.nii.gz"
VERTEBRA = 29
MARGIN = 6


def read_vertebra() -> tuple[np.ndarray, tuple[float, ...]]:
    """The vertebra's mask with some room around it, and the voxel size [mm]."""
    layer = read_image(SEGMENTATION, kind="labels")
    mask = np.asarray(layer.data) == VERTEBRA
    box = [slice(max(0, int(i.min()) - MARGIN), int(i.max()) + MARGIN + 1) for i in np.nonzero(mask)]
    return mask[tuple(box)], tuple(layer.meta["scale"])


def representations(mask: np.ndarray, spacing: tuple[float, ...]) -> dict[str, Any]:
    field, h = convert.mask_to_isotropic_field(mask, spacing, smoothing=1.0)
    mesh = convert.field_to_mesh(field, h)
    return {
        "mask": mask,
        "phase field": field,
        "surface": mesh,
        "tetrahedra": convert.field_to_tetrahedra(field, h),
        "points": convert.mesh_to_points(mesh),
        "mixture": convert.mask_to_mixture(mask, 40, spacing),
    }


def check(shapes: dict[str, Any], spacing: tuple[float, ...]) -> None:
    """Print how well each representation gives the mask back."""
    mask, mesh, points, mixture = shapes["mask"], shapes["surface"], shapes["points"], shapes["mixture"]
    back = {
        "phase field": convert.field_to_mask(shapes["phase field"]),
        "surface": convert.mesh_to_mask(mesh, spacing, shape=mask.shape)[0],
        "points": convert.points_to_mask(points.points, spacing, shape=mask.shape)[0],
        "mixture": convert.mixture_to_labels(mixture, mask.shape, spacing) > 0,
    }
    for name, again in back.items():
        result = sl.compare(mask, again, spacing=spacing, unit="mm", transport=False, curvature=False)
        print(f"{name:12s} Dice {result['dice']:.3f}, surfaces {result['mean_surface_distance']:.2f} mm apart on average")
    volume = mask.sum() * np.prod(spacing)
    print(f"volume       mask {volume:.0f}, tetrahedra {shapes['tetrahedra'].volumes().sum():.0f} mm^3")
    print(f"area         surface {mesh_area(mesh):.0f}, sum of the points' weights {points.weights.sum():.0f} mm^2")
    print(f"topology     Euler characteristic of the surface {euler_characteristic(mesh)} (0 for one hole: the vertebral canal)")
    voxels = np.argwhere(mask) * np.array(spacing)
    mean, covariance = mixture.moments()
    print(f"moments      centroid {np.abs(mean - voxels.mean(axis=0)).max():.1e} mm off,", end=" ")
    print(f"covariance {np.abs(covariance / (np.cov(voxels.T, bias=True) + np.diag(spacing) ** 2 / 12) - 1).max():.1e} (relative)")


def draw(shapes: dict[str, Any], spacing: tuple[float, ...], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.5), layout="constrained")
    z, extent = shapes["mask"].shape[0] // 2, np.array(shapes["mask"].shape) * np.array(spacing)
    frame = (0, extent[2], extent[1], 0)
    axes = figure.add_subplot(231, title="mask")
    axes.imshow(shapes["mask"][z], extent=frame, cmap="gray")
    axes = figure.add_subplot(232, title="phase field")
    axes.imshow(shapes["phase field"][z], extent=frame, cmap="coolwarm", vmin=-1, vmax=1)
    mesh, points = shapes["surface"], shapes["points"].points
    axes = figure.add_subplot(233, title=f"surface: {len(mesh.faces)} triangles", projection="3d")
    axes.plot_trisurf(*mesh.vertices[:, ::-1].T, triangles=mesh.faces, color="#d9c9a8", shade=True, antialiased=False)
    tetrahedra = shapes["tetrahedra"]
    front = tetrahedra.vertices[tetrahedra.tetrahedra].mean(axis=1)[:, 0] < extent[0] / 2
    half = type(tetrahedra)(tetrahedra.vertices, tetrahedra.tetrahedra[front])
    axes_4 = figure.add_subplot(234, title=f"{len(tetrahedra.tetrahedra)} tetrahedra, lower half", projection="3d")
    axes_4.plot_trisurf(*half.vertices[:, ::-1].T, triangles=half.boundary(), color="#8fb3d9", shade=True, antialiased=False)
    axes_5 = figure.add_subplot(235, title=f"{len(points)} points", projection="3d")
    axes_5.scatter(*points[::3, ::-1].T, s=1, c=points[::3, 0], cmap="viridis")
    for solid in (axes, axes_4, axes_5):
        solid.set_aspect("equal")
        solid.set_axis_off()
        solid.view_init(elev=35, azim=-60)
    labels = convert.mixture_to_labels(shapes["mixture"], shapes["mask"].shape, spacing)
    axes = figure.add_subplot(236, title=f"mixture of {len(shapes['mixture'].weights)} Gaussians")
    axes.imshow(np.ma.masked_where(labels[z] == 0, labels[z] % 20), extent=frame, cmap="tab20", interpolation="nearest")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    vertebra, voxel = read_vertebra()
    everything = representations(vertebra, voxel)
    check(everything, voxel)
    if len(sys.argv) > 1:
        draw(everything, voxel, Path(sys.argv[1]))
