"""The table of cells that populations are compared by: sizes, shapes, contacts, curvature, topology, thickness."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.field import mask_to_isotropic_field
from shapelab.convert.mixture import labels_to_mixture
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.labels.check import as_labels
from shapelab.measure.contacts import LabelContacts, label_contacts
from shapelab.measure.curvature import line_curvature, shape_operator
from shapelab.measure.labels import table_of_labels
from shapelab.measure.thickness import local_thickness

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cell_statistics", "contact_areas"]


@checked()
def cell_statistics(labels: Pixels, spacing: Spacing = 1.0, *, unit: str = "", details: bool = True) -> pd.DataFrame:
    """Return one row per cell of a label image.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x), 0 is the background.
    spacing
        Voxel size [physical unit].
    unit
        Its name, kept in the table's ``attrs``.
    details
        Also curvature, Euler characteristic and thickness, cell by cell, which take most of the time.

    Returns
    -------
    DataFrame
        The columns of `shapelab.measure.measure_labels`, and `aspect_ratio` (longest over shortest semi-axis),
        `elongation` (1 - second/first semi-axis), `axis_z` … (unit vector along the longest axis, sign arbitrary),
        `orientation` (2-D: its angle to x [rad], in (-pi/2, pi/2]), `shape_index` P/sqrt(A) (2-D) or A/V^(2/3) (3-D),
        `surface_to_volume` A/V (2-D: P/A), `contact_area` shared with other cells, `contact_share` of the whole
        surface; with `details`, `euler_characteristic`, `thickness` (mean local thickness), `mean_curvature`
        (k1 + k2, or k in 2-D, averaged over the surface of the cell smoothed by one voxel; NaN for cells less than
        eight voxels wide).
    """
    array = as_labels(labels)
    steps = as_spacing(spacing, array.ndim)
    touching = label_contacts(array, steps)
    table = table_of_labels(array, steps, touching)
    table.attrs["unit"] = unit
    size, surface = (table["volume"], table["area"]) if array.ndim == 3 else (table["area"], table["perimeter"])
    table["aspect_ratio"] = table["semi_axis_1"] / table[f"semi_axis_{array.ndim}"]
    table["elongation"] = 1 - table["semi_axis_2"] / table["semi_axis_1"]
    axes = np.linalg.eigh(labels_to_mixture(array, steps).covariances)[1][:, :, -1]
    for i, name in enumerate("zyx"[-array.ndim :]):
        table[f"axis_{name}"] = axes[:, i]
    if array.ndim == 2:
        table["orientation"] = np.pi / 2 - np.mod(np.arctan2(axes[:, 1], axes[:, 0]), np.pi)
    table["shape_index"] = surface / size ** ((array.ndim - 1) / array.ndim)
    table["surface_to_volume"] = surface / size
    contacts = _between_cells(touching)
    shared = contacts.groupby("label_a")["area"].sum().add(contacts.groupby("label_b")["area"].sum(), fill_value=0)
    table["contact_area"] = shared.reindex(table.index, fill_value=0.0)
    table["contact_share"] = table["contact_area"] / surface
    return _with_details(table, array, steps) if details else table


@checked()
def contact_areas(labels: Pixels, spacing: Spacing = 1.0) -> pd.DataFrame:
    """Return the pairs of cells that share a face and the area (2-D: length) of their contact, as `measure_labels` finds it.

    Returns
    -------
    DataFrame
        Columns `label_a` < `label_b`, `area` [unit^(d-1)].
    """
    array = as_labels(labels)
    return _between_cells(label_contacts(array, as_spacing(spacing, array.ndim)))


def _between_cells(contacts: LabelContacts) -> pd.DataFrame:
    import pandas as pd

    inner = contacts.pairs[:, 0] > 0
    a, b = contacts.ids[contacts.pairs[inner]].T
    return pd.DataFrame({"label_a": a, "label_b": b, "area": contacts.areas[inner]})


def _with_details(table: pd.DataFrame, labels: np.ndarray, steps: tuple[float, ...]) -> pd.DataFrame:
    from scipy.ndimage import find_objects
    from skimage.measure import euler_number

    index = np.where(labels > 0, np.searchsorted(table.index.to_numpy(), labels) + 1, 0)
    rows = []
    for i, box in enumerate(find_objects(index), start=1):
        cell = index[box] == i
        euler = int(euler_number(np.pad(cell, 1), connectivity=1))  # type: ignore[no-untyped-call]
        rows.append((euler, float(local_thickness(cell, steps, levels=12)[cell].mean()), _mean_curvature(cell, steps)))
    table[["euler_characteristic", "thickness", "mean_curvature"]] = np.array(rows)
    return table


def _mean_curvature(cell: np.ndarray, steps: tuple[float, ...]) -> float:
    if min(n * step for n, step in zip(cell.shape, steps, strict=True)) < 8 * min(steps):
        return math.nan
    u, h = mask_to_isotropic_field(np.pad(cell, 6), steps, smoothing=1.0)
    if cell.ndim == 2:
        k, weights = line_curvature(u, h)
    else:
        k1, k2, weights = shape_operator(u, h)
        k = k1 + k2
    return float(np.average(k.astype(np.float64), weights=weights)) if weights.any() else math.nan
