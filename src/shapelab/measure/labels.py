"""Geometry of every label of a label image, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.box import to_layer
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.labels.check import as_labels
from shapelab.labels.contacts import contact_pairs, face_pairs
from shapelab.labels.moments import cell_moments

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["label_areas", "measure_labels"]


@checked()
def measure_labels(labels: Pixels, spacing: Spacing = 1.0) -> pd.DataFrame:
    """Return one row per label: volume, centroid, axes, area, sphericity, neighbours.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 is the background.
    spacing
        Voxel size [physical unit].

    Returns
    -------
    DataFrame
        Indexed by label. Columns: `volume` (3-D) or `area` (2-D); `centroid_z` … [unit, voxel 0 centred at 0];
        `semi_axis_1` >= … of the ellipsoid with the same second moments [unit]; `area` and `sphericity`
        pi^(1/3) (6 V)^(2/3)/A (3-D) or `perimeter` and `circularity` 4 pi A/P^2 (2-D); `neighbours`, the number of
        labels that share a face; `touches_border`. Areas and perimeters are Crofton estimates (`label_areas`).
    """
    import pandas as pd

    array = as_labels(labels)
    steps = as_spacing(spacing, array.ndim)
    ids, index = np.unique(array, return_inverse=True)
    index = index.reshape(array.shape)
    size, centroid, covariance = cell_moments(index, ids.size, steps)
    centroid = to_layer(centroid, steps)
    columns: dict[str, np.ndarray] = {"volume" if array.ndim == 3 else "area": size}
    axes = "zyx"[-array.ndim :]
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate(axes)}
    semi = np.sqrt((array.ndim + 2) * np.linalg.eigvalsh(covariance)[:, ::-1])
    columns |= {f"semi_axis_{i + 1}": semi[:, i] for i in range(array.ndim)}
    surface = label_areas(index, steps)
    if array.ndim == 3:
        columns |= {"area": surface, "sphericity": np.pi ** (1 / 3) * (6 * size) ** (2 / 3) / surface}
    else:
        columns |= {"perimeter": surface, "circularity": 4 * np.pi * size / surface**2}
    touching = face_pairs(index)
    columns["neighbours"] = np.bincount(touching[ids[touching[:, 0]] > 0].ravel(), minlength=ids.size)
    columns["touches_border"] = np.isin(np.arange(ids.size), _border(index))
    table = pd.DataFrame(columns, index=pd.Index(ids, name="label"))
    return table.loc[ids > 0]


def label_areas(labels: np.ndarray, spacing: Spacing = 1.0) -> np.ndarray:
    """Return the surface area (3-D) or perimeter (2-D) of the labels 0 … max; faces on the border of the image count too."""
    image = np.pad(np.asarray(labels, dtype=np.int64) + 1, 1)
    pairs, areas = contact_pairs(image, as_spacing(spacing, labels.ndim))
    return np.bincount(pairs.ravel(), np.repeat(areas, 2), int(image.max()) + 1)[1:]


def _border(index: np.ndarray) -> np.ndarray:
    faces = [np.moveaxis(index, axis, 0)[[0, -1]].ravel() for axis in range(index.ndim)]
    return np.unique(np.concatenate(faces))
