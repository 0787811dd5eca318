"""What each label touches, and along what area: from the mesh that all labels share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.labels.contacts import contacts_of_few
from shapelab.labels.planes import LabelPixels, LabelPlanes, as_label_planes
from shapelab.labels.sums import LabelSums
from shapelab.mesh.facets import facets_of
from shapelab.mesh.make import as_periodic, mesh_of_planes

__all__ = ["LabelContacts", "label_contacts"]

_SMOOTHING = {2: 3, 3: 10}
"""Of the mesh: more rounds corners off, fewer leave steps, which add area."""


@dataclass(frozen=True)
class LabelContacts:
    """Areas (2-D: lengths) of the interfaces of a label image; label 0 counts like any other."""

    ids: np.ndarray
    """Labels, the first is 0, present or not, (K,)."""
    pairs: np.ndarray
    """Numbers of the labels whose voxels share a face, lower first, (E, 2)."""
    areas: np.ndarray
    """Area of each of these contacts, (E,) [unit^(d-1)]."""
    border: np.ndarray
    """Area that each label has on the border of the image, (K,) [unit^(d-1)]; 0 for label 0."""

    @property
    def surfaces(self) -> np.ndarray:
        """Whole surface of each label, that on the border of the image included, (K,)."""
        return self.border + np.bincount(self.pairs.ravel(), np.repeat(self.areas, 2), len(self.ids))


def label_contacts(
    labels: LabelPixels,
    steps: tuple[float, ...],
    periodic: bool | Sequence[bool] = False,
    *,
    sums: LabelSums | None = None,
    tell: Callable[[int], None] | None = None,
) -> LabelContacts:
    """Measure what touches what on `shapelab.mesh.interface_mesh`.

    Labels of so few voxels that the mesh leaves them the steps of their voxels (below 30, in 2-D below 12) would have a third
    too much area: theirs is counted by Crofton's formula (`shapelab.labels.contacts`),
    unless the image repeats along some of its axes only. `sums` and `tell` are those of `shapelab.mesh.make.mesh_of_planes`.
    """
    planes = as_label_planes(labels)
    repeats = as_periodic(periodic, len(planes.shape))
    mesh = mesh_of_planes(planes, steps, repeats, smoothing=_SMOOTHING[len(planes.shape)], sums=sums, tell=tell)
    facets = facets_of(mesh.nodes, mesh.faces, mesh.pairs + 1, mesh.period)  # beyond the border is 0 here
    pairs, areas, count = facets.pairs.astype(np.int64), facets.areas_of_interfaces(), len(mesh.ids)
    if len(mesh.frozen) and len(set(repeats)) == 1:
        areas = _recounted(planes, steps, repeats[0], mesh.ids, mesh.frozen, pairs, areas)
    outer = pairs[:, 0] == 0
    border = np.bincount(pairs[outer, 1] - 1, areas[outer], count)
    return LabelContacts(mesh.ids, pairs[~outer] - 1, areas[~outer], border)


def _recounted(
    planes: LabelPlanes, steps: tuple[float, ...], around: bool, ids: np.ndarray, tiny: np.ndarray, pairs: np.ndarray, areas: np.ndarray
) -> np.ndarray:
    """Return the areas with those of tiny labels by Crofton's formula."""
    few = np.append(False, np.isin(ids, tiny))
    hoods = np.concatenate([_around_few(planes, first, last, around, ids, few) for first, last in planes.blocks()])
    found, counted = contacts_of_few(hoods, few, steps)
    base = len(few)
    place = np.minimum(np.searchsorted(found @ [base, 1], pairs @ [base, 1]), len(found) - 1)
    return np.where(few[pairs].any(1), counted[place], areas)


def _around_few(planes: LabelPlanes, first: int, last: int, around: bool, ids: np.ndarray, few: np.ndarray) -> np.ndarray:
    """Return the values (row of `ids` + 1; 0 beyond the border) round each voxel of the few, in the planes `first` … `last` - 1."""
    depth, ny, nx = planes.solid_shape
    image = np.zeros((last - first + 2, ny + 2, nx + 2), np.int32)
    image[1:-1, 1:-1, 1:-1] = _numbered(planes, first, last, ids)
    z, y, x = np.nonzero(few[image])
    if not len(z):
        return np.zeros((0, 3, 3, 3), np.int32)
    for row, plane in ((0, first - 1), (-1, last)):
        if around or 0 <= plane < depth:
            image[row, 1:-1, 1:-1] = _numbered(planes, plane % depth, plane % depth + 1, ids)[0]
    if around:
        image[:, [0, -1]] = image[:, [-2, 1]]
        image[..., [0, -1]] = image[..., [-2, 1]]
    cube = np.arange(-1, 2)
    z, y, x = (places[:, None, None, None] for places in (z, y, x))
    return np.asarray(image[z + cube[:, None, None], y + cube[:, None], x + cube])


def _numbered(planes: LabelPlanes, first: int, last: int, ids: np.ndarray) -> np.ndarray:
    return np.asarray(np.searchsorted(ids, planes.read(first, last).astype(ids.dtype)) + 1)
