"""What each label touches, and along what area: from the mesh that all labels share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.labels.contacts import contact_pairs
from shapelab.mesh import as_periodic, interface_mesh
from shapelab.mesh.facets import facets_of

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


def label_contacts(labels: np.ndarray, steps: tuple[float, ...], periodic: bool | Sequence[bool] = False) -> LabelContacts:
    """Measure what touches what on `shapelab.mesh.interface_mesh`.

    Labels of so few voxels that the mesh leaves them the steps of their voxels (below 30, in 2-D below 12) would have a third
    too much area: theirs is counted by Crofton's formula (`shapelab.labels.contacts`),
    unless the image repeats along some of its axes only.
    """
    repeats = as_periodic(periodic, labels.ndim)
    mesh = interface_mesh(labels, steps, periodic=repeats, smoothing=_SMOOTHING[labels.ndim])
    facets = facets_of(mesh.nodes, mesh.faces, mesh.pairs + 1, mesh.period)  # beyond the border is 0 here
    pairs, areas, count = facets.pairs.astype(np.int64), facets.areas_of_interfaces(), len(mesh.ids)
    if len(mesh.frozen) and len(set(repeats)) == 1:
        areas = _recounted(labels, steps, repeats[0], mesh.ids, mesh.frozen, pairs, areas)
    outer = pairs[:, 0] == 0
    border = np.bincount(pairs[outer, 1] - 1, areas[outer], count)
    return LabelContacts(mesh.ids, pairs[~outer] - 1, areas[~outer], border)


def _recounted(
    labels: np.ndarray, steps: tuple[float, ...], around: bool, ids: np.ndarray, tiny: np.ndarray, pairs: np.ndarray, areas: np.ndarray
) -> np.ndarray:
    """Return the areas with those of tiny labels by Crofton's formula."""
    image = np.pad(np.searchsorted(ids, labels) + 1, int(not around))
    base = len(ids) + 1
    found, counted = contact_pairs(image, steps, periodic=around)
    place = np.searchsorted(found @ [base, 1], pairs @ [base, 1])
    small = np.append(False, np.isin(ids, tiny))
    return np.where(small[pairs].any(1), counted[place], areas)
