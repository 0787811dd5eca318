"""Cells as a mixture of Gaussians, and back to cells.

A Gaussian keeps of each cell its share of the volume, its centroid and its covariance. The level set at which its
Mahalanobis distance squared is d + 2 is the ellipsoid of these moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.box import to_layer
from shapelab.convert.mask import as_mask
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.labels.check import as_labels
from shapelab.labels.moments import cell_moments
from shapelab.limits import between
from shapelab.short_repr import short_repr

__all__ = ["GaussianMixture", "PowerDiagram", "labels_to_mixture", "mask_to_mixture", "mixture_to_diagram", "mixture_to_labels"]


@short_repr
class GaussianMixture(NamedTuple):
    """Weighted Gaussians in physical units, voxel 0 centred at 0."""

    weights: np.ndarray
    """(n,), their sum is 1."""
    means: np.ndarray
    """(n, d), (z, y, x) [unit]."""
    covariances: np.ndarray
    """(n, d, d) [unit^2]."""
    ids: np.ndarray
    """int64 (n,), the labels they stand for."""

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean (d,) and the covariance (d, d) of the whole mixture."""
        mean = self.weights @ self.means
        centred = self.means - mean
        between = np.einsum("n,ni,nj->ij", self.weights, centred, centred)
        return mean, np.einsum("n,nij->ij", self.weights, self.covariances) + between


@short_repr
class PowerDiagram(NamedTuple):
    """An anisotropic power diagram: point x belongs to the cell of the smallest (x - s)^T A (x - s) - w."""

    sites: np.ndarray
    """(n, d) [unit]."""
    anisotropies: np.ndarray
    """(n, d, d) [1/unit^2]."""
    weights: np.ndarray
    """(n,)."""


@checked()
def labels_to_mixture(labels: Pixels, spacing: Spacing = 1.0) -> GaussianMixture:
    """Return one Gaussian per label, with its share of the volume, its centroid and its covariance.

    Parameters
    ----------
    labels
        Integer label image (z, y, x) or (y, x), 0 is the background.
    spacing
        Voxel size [physical unit]; a voxel's own extent counts in the covariance (step^2/12).
    """
    array = as_labels(labels)
    ids, index = np.unique(array, return_inverse=True)
    outside = int(ids[0] == 0)
    return _mixture(index.reshape(array.shape) - outside, ids[outside:].astype(np.int64), as_spacing(spacing, array.ndim))


@checked(components=between(1, 100_000), seed=between(0, 2**32 - 1))
def mask_to_mixture(mask: Pixels, components: int, spacing: Spacing = 1.0, *, label: int | None = None, seed: int = 0) -> GaussianMixture:
    """Return a mixture of Gaussians for one shape, its voxels split into compact parts by k-means.

    The mean and the covariance of the mixture are those of the shape.

    Parameters
    ----------
    mask, spacing, label
        As in `shapelab.convert.mask_to_field`.
    components
        Number of Gaussians.
    seed
        Seed of the first centres.
    """
    from scipy.cluster.vq import kmeans2

    inside = as_mask(mask, label)
    steps = as_spacing(spacing, inside.ndim)
    points = np.argwhere(inside) * np.array(steps)
    if not 1 <= components <= len(points):
        raise InputError(f"The number of Gaussians must lie between 1 and the {len(points)} voxels of the shape; received {components}.")
    _, index = kmeans2(points, components, minit="++", rng=np.random.default_rng(seed), missing="warn" if components == 1 else "raise")
    clusters = np.full(inside.shape, -1)
    clusters[inside] = index
    return _mixture(clusters, np.arange(1, components + 1), steps)


@checked()
def mixture_to_diagram(mixture: GaussianMixture) -> PowerDiagram:
    """Return the anisotropic power diagram whose cells are where each Gaussian is the most probable.

    A = C^-1/(d + 2), so that (x - m)^T A (x - m) = 1 is the ellipsoid with the Gaussian's moments, and
    w = (2 log(share) - log det C)/(d + 2).
    """
    kappa = mixture.means.shape[1] + 2
    _, log_det = np.linalg.slogdet(mixture.covariances)
    weights = (2 * np.log(mixture.weights) - log_det) / kappa
    return PowerDiagram(mixture.means, np.linalg.inv(mixture.covariances) / kappa, weights)


@checked(shape=between(1, 1e9))
def mixture_to_labels(
    mixture: GaussianMixture, shape: Sequence[int], spacing: Spacing = 1.0, *, inside: Pixels | None = None
) -> np.ndarray:
    """Return the label image of the most probable Gaussian at each voxel.

    Parameters
    ----------
    mixture
        Gaussians, voxel 0 centred at 0 [physical unit].
    shape, spacing
        The grid.
    inside
        Mask of the voxels that belong to some cell. By default those in the ellipsoid of at least one Gaussian
        (Mahalanobis distance squared of at most d + 2); the others are 0, background.

    Returns
    -------
    ndarray
        int32, with the mixture's `ids`.
    """
    dim = mixture.means.shape[1]
    if len(shape) != dim:
        raise InputError(f"The mixture has {dim} axes and the shape {tuple(shape)} has {len(shape)}.")
    steps = as_spacing(spacing, dim)
    covered = np.zeros(tuple(shape), dtype=bool) if inside is None else np.asarray(inside, dtype=bool)
    if covered.shape != tuple(shape):
        raise InputError(f"The mask has shape {covered.shape}; the label image is to have {tuple(shape)}.")
    best = np.full(tuple(shape), np.inf)
    labels = np.zeros(tuple(shape), dtype=np.int32)
    for site, matrix, weight, name in zip(*mixture_to_diagram(mixture), mixture.ids, strict=True):
        x = [
            (np.arange(n) * h - s).reshape([-1 if i == j else 1 for j in range(dim)])
            for i, (n, h, s) in enumerate(zip(shape, steps, site, strict=True))
        ]
        square = sum(matrix[i, j] * x[i] * x[j] for i in range(dim) for j in range(dim))
        if inside is None:
            covered |= square <= 1
        nearer = square - weight < best
        best[nearer] = (square - weight)[nearer]
        labels[nearer] = name
    return np.where(covered, labels, 0).astype(np.int32)


def _mixture(index: np.ndarray, ids: np.ndarray, steps: tuple[float, ...]) -> GaussianMixture:
    volumes, centroids, covariances = cell_moments(index, ids.size, steps)
    return GaussianMixture(volumes / volumes.sum(), to_layer(centroids, steps), covariances, ids)
