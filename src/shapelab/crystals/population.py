"""Populations of grains: sizes and shapes to sample from, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shapelab.crystals.moments import Moments, ball_radii, label_moments
from shapelab.errors import InputError
from shapelab.measure.kolmogorov import ks_test
from shapelab.short_repr import short_repr

__all__ = ["Population", "distances", "population_of"]


@short_repr
@dataclass(frozen=True, eq=False)
class Population:
    """Volume and shape of each grain of a sample; a row belongs together."""

    volumes: np.ndarray
    """Shape (N,) [physical unit]."""
    shapes: np.ndarray
    """Matrices A with det A = 1 of the grains' ellipsoids, shape (N, d, d)."""
    orientations: np.ndarray | None = None
    """Crystal orientations, unit quaternions (x, y, z, w), shape (N, 4), where they are known."""

    symmetries: tuple[str, ...] | None = None
    """Crystal symmetry of each grain, where it is known; otherwise they count as cubic."""
    phases: np.ndarray | None = None
    """Number of the phase of each grain, where it is known."""
    phase_names: tuple[str, ...] | None = None
    """Its name."""
    boundaries: np.ndarray | None = None
    """Misorientation [rad] and area of every boundary between two grains of one symmetry, shape (E, 2), where they are known."""

    @classmethod
    def of(cls, moments: Moments, orientations: np.ndarray | None = None, symmetries: Sequence[str] | None = None) -> Population:
        """Return the population of measured cells, with their crystal orientations and symmetries if they are known."""
        matrices = moments.anisotropies
        dim = matrices.shape[1]
        return cls(
            moments.volumes,
            matrices / np.linalg.det(matrices)[:, None, None] ** (1 / dim),
            orientations,
            None if symmetries is None else tuple(symmetries),
        )

    @property
    def ndim(self) -> int:
        """Number of axes of space."""
        return int(self.shapes.shape[1])

    @property
    def aspect_ratios(self) -> np.ndarray:
        """Longest over shortest semi-axis."""
        values = np.linalg.eigvalsh(self.shapes)
        return np.asarray(np.sqrt(values[:, -1] / values[:, 0]))

    @property
    def angles(self) -> np.ndarray:
        """Direction of the longest axis [rad]: from x towards y in 2-D (0 to pi), from the z axis in 3-D (0 to pi/2)."""
        axis = np.linalg.eigh(self.shapes)[1][:, :, 0]
        if self.ndim == 2:
            return np.asarray(np.mod(np.arctan2(axis[:, 0], axis[:, 1]), np.pi))
        return np.asarray(np.arccos(np.minimum(np.abs(axis[:, 0]), 1)))

    def draw(self, rng: np.random.Generator, n: int) -> Population:
        """Return n rows drawn with replacement, whole, so that correlations stay."""
        rows = rng.integers(len(self.volumes), size=n)
        orientations = None if self.orientations is None else self.orientations[rows]
        symmetries = None if self.symmetries is None else tuple(self.symmetries[row] for row in rows)
        phases = None if self.phases is None else self.phases[rows]
        names = None if self.phase_names is None else tuple(self.phase_names[row] for row in rows)
        return Population(self.volumes[rows], self.shapes[rows], orientations, symmetries, phases, names)

    def ellipsoids(self, volumes: np.ndarray) -> np.ndarray:
        """Return the matrices of ellipsoids of these shapes and volumes."""
        scaled: np.ndarray = self.shapes / ball_radii(volumes, self.ndim)[:, None, None] ** 2
        return scaled


def distances(a: Population, b: Population) -> dict[str, float]:
    """Return the Kolmogorov-Smirnov distance of two populations, for each observable; volumes relative to their mean."""
    pairs = {
        "volume": (a.volumes / a.volumes.mean(), b.volumes / b.volumes.mean()),
        "aspect_ratio": (a.aspect_ratios, b.aspect_ratios),
        "angle": (a.angles, b.angles),
    }
    return {name: ks_test(*pair)[0] for name, pair in pairs.items()}


def population_of(
    labels: np.ndarray,
    spacing: tuple[float, ...],
    orientations: np.ndarray | None = None,
    symmetries: Sequence[str] | None = None,
    phases: Sequence[int] | None = None,
    phase_names: Sequence[str] | None = None,
) -> Population:
    """Return sizes and shapes of a label image's grains, and what else is given for all labels 1, 2, 3… of them."""
    from shapelab.crystals.fitting import index_labels
    from shapelab.labels.check import as_labels

    index, ids = index_labels(as_labels(labels))
    moments = label_moments(index, ids, spacing)
    if len(moments.ids) < 2:
        raise InputError("A reference sample needs at least two grains.")

    def of_each(values: Sequence[Any] | np.ndarray | None) -> tuple[Any, ...] | None:
        return None if values is None or ids.max() > len(values) else tuple(values[int(i) - 1] for i in ids)

    turned, numbers = of_each(orientations), of_each(phases)
    population = Population.of(moments, None if turned is None else np.array(turned), of_each(symmetries))
    boundaries = None if turned is None else _boundaries(labels, orientations, symmetries, spacing)
    return replace(
        population, phases=None if numbers is None else np.array(numbers), phase_names=of_each(phase_names), boundaries=boundaries
    )


def _boundaries(
    labels: np.ndarray, orientations: np.ndarray | None, symmetries: Sequence[str] | None, spacing: tuple[float, ...]
) -> np.ndarray:
    """Return misorientations and areas of the boundaries whose misorientation is known."""
    from shapelab.crystals.neighbours import boundary_misorientations

    assert orientations is not None
    known = None if symmetries is None else list(symmetries)
    _, angles, areas = boundary_misorientations(labels, np.asarray(orientations), known, spacing)
    found: np.ndarray = np.stack([angles, areas], 1)[np.isfinite(angles)]
    return found
