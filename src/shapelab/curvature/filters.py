"""The metric of the flows: a Gaussian blur, with or without a Laplacian, as short self-adjoint filters.

A descent step is -P g, where g is the gradient of the energy and P = B B for L2 flows, P = B B C for the conservative
H^-1 flow; B is a Gaussian blur of 2 voxels and C = sum_i sin^2(k_i) the Laplacian made of central differences (Song,
J. Math. Imaging Vis. 64 (2022): the published flow descends in the vector field A of u = B (div A + m), which is this
metric). B is truncated at 3 standard deviations and B B is applied as one filter, its autocorrelation: P is symmetric
and non-negative to rounding, keeps the mean when C is there, and knows both borders (wrap; half-sample reflection,
under which all of it is diagonal in the cosine basis). No Fourier transform, no good or bad grid size.
"""

from __future__ import annotations

import numpy as np

__all__ = ["RADIUS", "TAPS", "axis_matrices", "ghost_index"]

BLUR = 2.0
"""Standard deviation of B [voxel]."""


def _taps() -> np.ndarray:
    reach = int(3 * BLUR)
    gauss = np.exp(-0.5 * (np.arange(-reach, reach + 1) / BLUR) ** 2)
    gauss /= gauss.sum()
    return np.convolve(gauss, gauss)[2 * reach :]


TAPS = _taps()
"""Central and right half of the filter B B."""
RADIUS = len(TAPS) - 1


def ghost_index(n: int, reach: int, periodic: bool) -> np.ndarray:
    """Return the voxels that stand at -reach…n+reach-1 along an axis of `n` voxels."""
    i = np.arange(-reach, n + reach)
    if periodic:
        return i % n
    i = i % (2 * n)
    return np.minimum(i, 2 * n - 1 - i)


def axis_matrices(n: int, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the (n, n) float64 matrices of B B and of the central-difference Laplacian along one axis."""
    blur, laplacian = np.zeros((n, n)), np.zeros((n, n))
    rows = np.arange(n)
    index = ghost_index(n, RADIUS, periodic)
    for k in range(-RADIUS, RADIUS + 1):
        np.add.at(blur, (rows, index[rows + RADIUS + k]), TAPS[abs(k)])
    index = ghost_index(n, 2, periodic)
    for k, weight in ((-2, -1.0), (0, 2.0), (2, -1.0)):
        np.add.at(laplacian, (rows, index[rows + 2 + k]), weight)
    return blur, laplacian
