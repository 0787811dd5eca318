"""Where the dye is: membranes and nuclei of label images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from shapelab.labels.moments import cell_moments
from shapelab.measure.labels import middles

__all__ = ["brightness", "membranes", "nuclei", "peak_of_sheet", "stained"]


def membranes(labels: np.ndarray, spacing: Sequence[float], periodic: Sequence[bool], thickness: float) -> np.ndarray:
    """Return the part of each pixel, 0 to 1, that membranes of this thickness [unit] fill."""
    from scipy.ndimage import distance_transform_edt
    from skimage.segmentation import find_boundaries

    margin = [math.ceil(thickness / step) + 2 if around else 0 for step, around in zip(spacing, periodic, strict=True)]
    wide = np.pad(labels, [(n, n) for n in margin], mode="wrap")
    between = find_boundaries(wide, connectivity=1, mode="thick")  # type: ignore[no-untyped-call]  # on both sides
    if not between.any():
        return np.zeros(labels.shape, np.float32)
    step = float(np.min(spacing))
    away = distance_transform_edt(~between, sampling=spacing) + 0.5 * step
    filled = np.clip(0.5 + (0.5 * thickness - away) / step, 0, 1).astype(np.float32)
    return filled[tuple(slice(n, filled.shape[axis] - n) for axis, n in enumerate(margin))]


def nuclei(labels: np.ndarray, spacing: Sequence[float], periodic: Sequence[bool], size: float) -> np.ndarray:
    """Return the labels of the nuclei: in the middle of each cell, with its shape, `size` times as long along each axis."""
    ids, rows = np.unique(labels, return_inverse=True)
    cells = ids[ids != 0]
    index = rows.reshape(labels.shape) - int(len(cells) < len(ids))
    near = middles(index, len(cells), tuple(spacing), tuple(periodic))
    _, centres, covariances = cell_moments(index, len(cells), spacing, *near)
    shapes = np.linalg.inv(covariances)
    inside = np.nonzero(index >= 0)
    cell = index[inside]
    box = np.where(periodic, np.array(labels.shape) * spacing, 0.0)
    away = np.stack([(axis + 0.5) * step for axis, step in zip(inside, spacing, strict=True)], axis=1) - centres[cell]
    away -= np.where(box > 0, np.round(away / np.where(box > 0, box, 1)) * box, 0)
    nuclear = np.einsum("ni,nij,nj->n", away, shapes[cell], away) <= (labels.ndim + 2) * size**2
    found = np.zeros_like(labels)
    chosen = tuple(axis[nuclear] for axis in inside)
    found[chosen] = labels[chosen]
    return found


def brightness(labels: np.ndarray, variation: float, seed: int) -> np.ndarray:
    """Return the brightness of each pixel's cell, the same in all frames; 1 on average over cells, and outside of them."""
    ids, rows = np.unique(labels, return_inverse=True)
    of_cells = [1.0 if i == 0 else float(np.random.default_rng([seed, int(i)]).lognormal(-0.5 * variation**2, variation)) for i in ids]
    return np.array(of_cells, np.float32)[rows.reshape(labels.shape)]


def stained(dye: np.ndarray, widths: Sequence[float], periodic: Sequence[bool]) -> np.ndarray:
    """Return `dye` as seen through a Gaussian point spread function of these widths at half maximum [pixels]."""
    from scipy.ndimage import gaussian_filter1d

    seen = dye
    for axis, (width, around) in enumerate(zip(widths, periodic, strict=True)):
        if width > 0:
            seen = gaussian_filter1d(seen, width / _HALF, axis=axis, mode="wrap" if around else "nearest")
    return np.asarray(seen)


_HALF = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""


def peak_of_sheet(thickness: float, width: float) -> float:
    """Return how bright the middle of a flat sheet of dye looks through a point spread function, 1 for a thick one."""
    return 1.0 if width <= 0 else math.erf(thickness * _HALF / (2 * math.sqrt(2) * width))
