"""Geometry of every label of a label image, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.axis_names import space_letters
from shapelab.box import to_layer
from shapelab.convert.place import Place
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.labels.check import as_labels
from shapelab.labels.moments import cell_moments
from shapelab.measure.contacts import LabelContacts, label_contacts
from shapelab.mesh import as_periodic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measure_labels", "middles", "placed_centroids", "table_of_labels"]


@checked()
def measure_labels(labels: Pixels, spacing: Spacing = 1.0, *, periodic: bool | Sequence[bool] = False) -> pd.DataFrame:
    """Return one row per label: volume, centroid, axes, area, sphericity, neighbours.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 is the background.
    spacing
        Voxel size [physical unit].
    periodic
        Whether the image repeats, along all axes or along each: then a cell may lie across a side of the box.

    Returns
    -------
    DataFrame
        Indexed by label. Columns: `volume` (3-D) or `area` (2-D); `centroid_z` … [unit, voxel 0 centred at 0];
        `semi_axis_1` >= … of the ellipsoid with the same second moments [unit]; `area` and `sphericity`
        pi^(1/3) (6 V)^(2/3)/A (3-D) or `perimeter` and `circularity` 4 pi A/P^2 (2-D); `neighbours`, the number of
        labels that share a face; `touches_border`. Areas and perimeters are those of the mesh that all labels share
        (`shapelab.mesh`): a ball, a disk or a contact is right within 2 % from 100 voxels on, corners are rounded. Labels of
        fewer than 30 voxels (2-D: 12) have Crofton estimates.
    """
    array = as_labels(labels)
    steps, repeats = as_spacing(spacing, array.ndim), as_periodic(periodic, array.ndim)
    return table_of_labels(array, steps, label_contacts(array, steps, repeats), repeats)


def table_of_labels(
    array: np.ndarray,
    steps: tuple[float, ...],
    contacts: LabelContacts,
    periodic: tuple[bool, ...] = (False, False, False),
    *,
    long_axes: bool = False,
) -> pd.DataFrame:
    """Return the table of `measure_labels` where the contacts are known; with `long_axes` also `axis_z` …, unit vectors of either sign."""
    periodic = periodic[: array.ndim]
    import pandas as pd

    ids = contacts.ids[1:]
    index = np.searchsorted(contacts.ids, array) - 1
    size, centroid, covariance = cell_moments(index, ids.size, steps, *middles(index, ids.size, steps, periodic))
    box = np.where(periodic, np.array(array.shape) * steps, np.inf)
    centroid = to_layer(np.mod(centroid, box), steps)
    columns: dict[str, np.ndarray] = {"volume" if array.ndim == 3 else "area": size}
    axes = "zyx"[-array.ndim :]
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate(axes)}
    squares, directions = np.linalg.eigh(covariance)
    semi = np.sqrt((array.ndim + 2) * squares[:, ::-1])
    columns |= {f"semi_axis_{i + 1}": semi[:, i] for i in range(array.ndim)}
    if long_axes:
        columns |= {f"axis_{axis}": directions[:, i, -1] for i, axis in enumerate(axes)}
    surface = contacts.surfaces[1:]
    if array.ndim == 3:
        columns |= {"area": surface, "sphericity": np.pi ** (1 / 3) * (6 * size) ** (2 / 3) / surface}
    else:
        columns |= {"perimeter": surface, "circularity": 4 * np.pi * size / surface**2}
    touching = contacts.pairs[contacts.pairs[:, 0] > 0] - 1
    columns["neighbours"] = np.bincount(touching.ravel(), minlength=ids.size)
    columns["touches_border"] = np.isin(np.arange(ids.size), _border(index, periodic))
    return pd.DataFrame(columns, index=pd.Index(ids, name="label"))


def placed_centroids(table: pd.DataFrame, place: Place, axes: Sequence[object] = ()) -> pd.DataFrame:
    """Return a table of `measure_labels` with its centroids in the world.

    Parameters
    ----------
    table
        Centroids along the axes of the array.
    place
        Where the array lies.
    axes
        What its axes are called; columns are named by them where they are x, y and z in another order.
    """
    names = [f"centroid_{axis}" for axis in "zyx"[-place.ndim :]]
    placed = table.copy()
    placed[names] = place.world(table[names].to_numpy(float) / place.spacing)
    letters = space_letters(axes, place.ndim)
    return placed.rename(columns={name: f"centroid_{letter}" for name, letter in zip(names, letters, strict=True)})


def middles(
    index: np.ndarray, n: int, steps: tuple[float, ...], periodic: tuple[bool, ...]
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Return the middle of every cell on each periodic axis as on a circle, and the lengths of the box along these axes."""
    if not any(periodic):
        return None, None
    box = np.where(periodic, np.array(index.shape) * steps, 0.0)
    inside = np.nonzero(index >= 0)
    cell = index[inside]
    near = np.zeros((n, index.ndim))
    for axis in np.flatnonzero(periodic):
        angle = 2 * np.pi * (np.arange(index.shape[axis]) + 0.5) / index.shape[axis]
        along, across = (np.bincount(cell, values[inside[axis]], n) for values in (np.cos(angle), np.sin(angle)))
        near[:, axis] = box[axis] * np.arctan2(across, along) / (2 * np.pi)
    return near, box


def _border(index: np.ndarray, periodic: tuple[bool, ...]) -> np.ndarray:
    """Return the cells on the sides of the image beyond which nothing is known."""
    faces = [np.moveaxis(index, axis, 0)[[0, -1]].ravel() for axis in range(index.ndim) if not periodic[axis]]
    return np.unique(np.concatenate(faces)) if faces else np.zeros(0, int)
