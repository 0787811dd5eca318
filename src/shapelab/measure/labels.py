"""Geometry of every label of a label image, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import checked
from shapelab.axis_names import space_letters
from shapelab.box import to_layer
from shapelab.convert.place import Place
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.labels.planes import LabelPixels, LabelPlanes, as_label_planes
from shapelab.labels.sums import LabelSums, sum_labels
from shapelab.measure.contacts import LabelContacts, label_contacts
from shapelab.mesh import as_periodic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measure_labels", "middles", "placed_centroids", "table_of_labels"]


@checked()
def measure_labels(
    labels: LabelPixels,
    spacing: Spacing = 1.0,
    *,
    periodic: bool | Sequence[bool] = False,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return one row per label: volume, centroid, axes, area, sphericity, neighbours.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x); 0 is the background. Volumes in dask arrays or Zarr, of any size, are read some
        planes at a time, three times in all, and give the table of the same volume in memory; what is held is the mesh between
        the labels (`shapelab.measure.plan_labels` estimates it).
    spacing
        Voxel size [physical unit].
    periodic
        Whether the image repeats, along all axes or along each: then a cell may lie across a side of the box.
    progress
        Called with how many planes have been read and how many will have been, of volumes that are read piece by piece.

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
    planes = as_label_planes(labels)
    ndim = len(planes.shape)
    steps, repeats = as_spacing(spacing, ndim), as_periodic(periodic, ndim)
    if not planes.streams:
        planes = as_label_planes(planes.whole())
    tell = _told(planes, 4 if any(repeats) else 3, progress)
    sums = sum_labels(planes, repeats, tell)
    return table_of_labels(planes, steps, label_contacts(planes, steps, repeats, sums=sums, tell=tell), repeats, sums)


def table_of_labels(
    labels: LabelPixels,
    steps: tuple[float, ...],
    contacts: LabelContacts,
    periodic: tuple[bool, ...] = (False, False, False),
    sums: LabelSums | None = None,
    *,
    long_axes: bool = False,
) -> pd.DataFrame:
    """Return the table of `measure_labels` where the contacts are known; with `long_axes` also `axis_z` …, unit vectors of either sign."""
    import pandas as pd

    planes = as_label_planes(labels)
    ndim, size = len(planes.shape), np.array(steps)
    periodic = periodic[:ndim]
    if sums is None:
        sums = sum_labels(planes, periodic)
    some = sums.ids != 0
    ids = sums.ids[some]
    volumes = sums.counts[some] * float(np.prod(steps))
    box = np.where(periodic, planes.shape * size, np.inf)
    centroid = to_layer(np.mod((sums.means[some] + 0.5) * size, box), steps)
    columns: dict[str, np.ndarray] = {"volume" if ndim == 3 else "area": volumes}
    columns |= {f"centroid_{axis}": centroid[:, i] for i, axis in enumerate("zyx"[-ndim:])}
    covariances = sums.covariances[some] * np.outer(size, size) + np.diag(size**2 / 12)  # a voxel's own extent counts
    squares, directions = np.linalg.eigh(covariances)
    semi = np.sqrt((ndim + 2) * squares[:, ::-1])
    columns |= {f"semi_axis_{i + 1}": semi[:, i] for i in range(ndim)}
    if long_axes:
        columns |= {f"axis_{axis}": directions[:, i, -1] for i, axis in enumerate("zyx"[-ndim:])}
    surface = contacts.surfaces[1:]
    if ndim == 3:
        columns |= {"area": surface, "sphericity": np.pi ** (1 / 3) * (6 * volumes) ** (2 / 3) / surface}
    else:
        columns |= {"perimeter": surface, "circularity": 4 * np.pi * volumes / surface**2}
    touching = contacts.pairs[contacts.pairs[:, 0] > 0] - 1
    columns["neighbours"] = np.bincount(touching.ravel(), minlength=ids.size)
    ends = (sums.low[some] == 0) | (sums.high[some] == np.array(planes.shape) - 1)
    columns["touches_border"] = (ends & ~np.array(periodic)).any(axis=1)
    return pd.DataFrame(columns, index=pd.Index(ids, name="label"))


def _told(planes: LabelPlanes, times: int, progress: Callable[[int, int], None] | None) -> Callable[[int], None] | None:
    """Return what counts the planes of a volume that is read `times` times, for `progress`."""
    if progress is None or not planes.streams:
        return None
    done, total = 0, times * planes.shape[0]

    def tell(read: int) -> None:
        nonlocal done
        before, done = done, min(done + read, total)  # the planes round the image are counted, too
        if done > before:
            progress(done, total)

    return tell


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
