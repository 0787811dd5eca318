"""Which grains touch in an image and in its fit, and along how much: topology and interfaces beside pixels.

The comparison of A. Alpers, O. Furat, C. Jung, M. Neumann, C. Redenbach, A. Saken, V. Schmidt, arXiv:2507.14268.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.orientation import as_orientations, misorientation
from shapelab.errors import InputError
from shapelab.labels.check import as_labels
from shapelab.labels.contacts import contact_pairs, face_pairs
from shapelab.short_repr import short_repr
from shapelab.units import percent

__all__ = ["NeighbourMatch", "boundary_misorientations", "compare_neighbours", "grain_contacts"]


@short_repr
@dataclass(frozen=True, eq=False)
class NeighbourMatch:
    """How the neighbours and interfaces of two label images agree; grains whose pixels share a face are neighbours."""

    pairs: int
    """Pairs of neighbours in the first image."""
    lost: np.ndarray
    """Pairs that touch in the first only, shape (L, 2)."""
    gained: np.ndarray
    """Pairs that touch in the second only, shape (G, 2)."""
    area_error: float
    """Sum of the differences of all interfaces' areas (2-D: lengths), as part of their sum in the first image."""

    @property
    def agreement(self) -> float:
        """Pairs in both images as part of those in one of them: 1 where the graphs of neighbours are equal."""
        both = self.pairs - len(self.lost)
        return both / max(1, self.pairs + len(self.gained))

    def __str__(self) -> str:
        lost, new = (f"{n} {'is' if n == 1 else 'are'} {word}" for n, word in ((len(self.lost), "lost"), (len(self.gained), "new")))
        return f"Of {self.pairs} pairs of neighbours {lost} and {new}; areas of interfaces differ by {percent(self.area_error)}."


def grain_contacts(labels: Any, spacing: Spacing = 1.0, *, periodic: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of grains whose pixels share a face, and the areas (2-D: lengths) of their interfaces.

    Parameters
    ----------
    labels
        Whole numbers (z, y, x) or (y, x); 0 is no grain.
    spacing
        Size of a pixel, one number or one per axis [unit].
    periodic
        Whether opposite sides touch.

    Returns
    -------
    pairs, areas
        Shapes (E, 2), smaller label first, and (E,) [unit^(d-1)], by the Cauchy-Crofton formula.
    """
    image = as_labels(labels)
    steps = as_spacing(spacing, image.ndim)
    ids, index = np.unique(image, return_inverse=True)
    index = index.reshape(image.shape)
    pairs, areas = contact_pairs(index, steps, periodic=periodic)
    touching = face_pairs(np.pad(index, [(0, 1)] * image.ndim, mode="wrap") if periodic else index).astype(np.int64)
    kept = np.isin(pairs @ [len(ids), 1], touching @ [len(ids), 1]) & (ids[pairs] != 0).all(1)
    return ids[pairs[kept]].astype(np.int64), areas[kept]


@checked()
def compare_neighbours(first: Any, second: Any, spacing: Spacing = 1.0, *, periodic: bool = False) -> NeighbourMatch:
    """Compare the neighbours and interfaces of two label images with the same ids, such as an image and its fit.

    Parameters
    ----------
    first, second
        Label images of one shape.
    spacing, periodic
        See `grain_contacts`.
    """
    a, b = as_labels(first), as_labels(second)
    if a.shape != b.shape:
        raise InputError(f"The images have shapes {a.shape} and {b.shape}: they must be equal.")
    (pairs, areas), (others, other_areas) = (grain_contacts(image, spacing, periodic=periodic) for image in (a, b))
    every, where = np.unique(np.concatenate([pairs, others]), axis=0, return_inverse=True)
    where = where.ravel()
    here, there = np.zeros(len(every)), np.zeros(len(every))
    here[where[: len(pairs)]], there[where[len(pairs) :]] = areas, other_areas
    error = float(np.abs(here - there).sum() / areas.sum()) if len(areas) else float(len(others) > 0)
    return NeighbourMatch(len(pairs), every[there == 0], every[here == 0], error)


@checked()
def boundary_misorientations(
    labels: Any,
    orientations: np.ndarray,
    symmetries: Sequence[str] | None = None,
    spacing: Spacing = 1.0,
    *,
    periodic: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the misorientation of every boundary between two grains of one crystal symmetry.

    Parameters
    ----------
    labels
        Grains 1, 2, 3…, and 0.
    orientations
        Orientations of grains 1, 2, 3…: unit quaternions (x, y, z, w), shape (N, 4).
    symmetries
        Crystal symmetry of each; by default all are cubic.
    spacing, periodic
        See `grain_contacts`.

    Returns
    -------
    pairs, angles, areas
        Shapes (E, 2), (E,) [rad], (E,) [unit^(d-1)]; between different symmetries the angle is NaN.
    """
    pairs, areas = grain_contacts(labels, spacing, periodic=periodic)
    known = as_orientations(orientations)
    if len(pairs) and int(pairs.max()) > len(known):
        raise InputError(f"Grain {int(pairs.max())} has no orientation: there are {len(known)}.")
    names = np.asarray(symmetries if symmetries is not None else ["cubic"] * len(known), object)
    if len(names) != len(known):
        raise InputError(f"There are {len(known)} orientations and {len(names)} symmetries: give one for each grain.")
    first, second = (pairs - 1).T
    angles = np.full(len(pairs), np.nan)
    for symmetry in sorted(set(names)):
        alike = (names[first] == symmetry) & (names[second] == symmetry)
        angles[alike] = misorientation(known[first[alike]], known[second[alike]], symmetry)
    return pairs, angles, areas
