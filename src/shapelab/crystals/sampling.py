"""Random seeds, volumes and shapes of grains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from shapelab.box import to_box
from shapelab.errors import InputError, ParameterError
from shapelab.transport import Domain

__all__ = ["VolumeLaw", "given_seeds", "random_orientations", "random_seeds", "random_shapes", "random_volumes"]

VolumeLaw = Literal["equal", "lognormal"]


def random_seeds(rng: np.random.Generator, n: int, domain: Domain, exclusion: float) -> np.ndarray:
    """Return n points of the domain, none closer to another than ``exclusion * (volume / n)^(1/d)``.

    Raises
    ------
    ParameterError
        If so many points do not fit: the exclusion is too large.
    """
    extent = np.array(domain.shape) * np.array(domain.spacing)
    gap = exclusion * (domain.volume / n) ** (1 / domain.ndim)
    box = np.where(domain.periodic, extent, 0.0)
    points = np.empty((0, domain.ndim))
    for _ in range(200):
        more = _inside(rng, 2 * (n - len(points)) + 8, domain, extent)
        points = _spread(np.concatenate([points, more]), gap, box)[:n]
        if len(points) == n:
            return points
    raise ParameterError(f"exclusion = {exclusion} is too large for {n} grains: only {len(points)} fit; use at most about 0.7.")


def given_seeds(seeds: np.ndarray, n: int, domain: Domain) -> np.ndarray:
    """Return places that are given (the centre of pixel 0 at 0) as those of the box, counted from its corner.

    Raises
    ------
    InputError
        If they are not n finite places in the box, or two are the same.
    """
    places = np.asarray(seeds, float)
    if places.shape != (n, domain.ndim) or not np.isfinite(places).all():
        raise InputError(f"seeds must be {n} finite places, shape ({n}, {domain.ndim}); received an array of shape {places.shape}.")
    inside = to_box(places, domain.spacing)
    extent = np.array(domain.shape) * np.array(domain.spacing)
    out = ((inside < 0) | (inside > extent)).any(1)
    if out.any():
        raise InputError(f"Seed {int(out.argmax())} lies at {places[out.argmax()].tolist()}, outside the box: move it inside.")
    if len(np.unique(inside, axis=0)) < n:
        raise InputError("Two seeds lie at the same place: move one of them.")
    return inside


def _inside(rng: np.random.Generator, n: int, domain: Domain, extent: np.ndarray) -> np.ndarray:
    if domain.mask is None:
        return rng.uniform(0, extent, (n, domain.ndim))
    pixels = np.argwhere(domain.mask)
    chosen = pixels[rng.integers(len(pixels), size=n)]
    points: np.ndarray = (chosen + rng.uniform(0, 1, chosen.shape)) * np.array(domain.spacing)
    return points


def _spread(points: np.ndarray, gap: float, box: np.ndarray) -> np.ndarray:
    """Drop points that are too close to an earlier one."""
    if gap <= 0:
        return points
    tree = cKDTree(np.mod(points, np.where(box > 0, box, np.inf)), boxsize=box)
    kept = np.ones(len(points), bool)
    for i, j in sorted(tree.query_pairs(gap)):
        kept[j] &= not kept[i]
    return points[kept]


def random_volumes(
    rng: np.random.Generator, n: int, law: VolumeLaw | Sequence[float] | np.ndarray | Mapping[float, float], sigma: float = 0.5
) -> np.ndarray:
    """Return n relative volumes with mean 1.

    Parameters
    ----------
    rng
        Random numbers.
    n
        Number of grains.
    law
        "equal"; "lognormal" with standard deviation `sigma` of the logarithm; n volumes to be used as they are; more or
        fewer than n, to be drawn from with replacement; or a mapping volume -> share of the grains, for several phases.
    sigma
        Standard deviation of the lognormal law.
    """
    if isinstance(law, str):
        if law not in ("equal", "lognormal"):
            raise ParameterError(
                f"volumes = {law!r} is not known: use 'equal', 'lognormal', a list of volumes, or a mapping volume -> share."
            )
        volumes = np.ones(n) if law == "equal" else rng.lognormal(0.0, sigma, n)
    elif isinstance(law, Mapping):
        sizes, shares = np.array(list(law), float), np.array(list(law.values()), float)
        volumes = rng.choice(_positive(sizes), n, p=_positive(shares) / shares.sum())
    else:
        given = _positive(np.asarray(law, float).ravel())
        volumes = given.copy() if len(given) == n else rng.choice(given, n)
    normalised: np.ndarray = volumes / volumes.mean()
    return normalised


def _positive(values: np.ndarray) -> np.ndarray:
    if not len(values) or not np.all(np.isfinite(values) & (values > 0)):
        raise ParameterError("Volumes and shares must be positive and finite, and there must be at least one.")
    return values


def random_shapes(rng: np.random.Generator, n: int, dim: int, anisotropy: float) -> np.ndarray:
    """Return n matrices A with det A = 1 whose ellipsoids have random axes, shape (N, d, d).

    In 2-D one semi-axis is uniform on (1 - t, 1) and the other its inverse; in 3-D the second is uniform on
    (1 - t, 1 / (1 - t)) (M. Buze et al. 2024), with t the anisotropy; directions are uniform.
    """
    if not 0 <= anisotropy < 1:
        raise ParameterError(f"anisotropy = {anisotropy} is not allowed: it must be at least 0 and less than 1.")
    first = rng.uniform(1 - anisotropy, 1, n)
    if dim == 2:
        axes = np.stack([first, 1 / first], 1)
        angle = rng.uniform(0, 2 * np.pi, n)
        turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], 1), np.stack([np.sin(angle), np.cos(angle)], 1)], 1)
    else:
        second = rng.uniform(1 - anisotropy, 1 / (1 - anisotropy), n)
        axes = np.stack([first, second, 1 / (first * second)], 1)
        turn = Rotation.from_quat(random_orientations(rng, n)).as_matrix()
    matrices: np.ndarray = np.einsum("nij,nj,nkj->nik", turn, axes**-2, turn)
    return matrices


def random_orientations(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n unit quaternions (x, y, z, w), uniform over all rotations."""
    q = rng.normal(size=(n, 4))
    unit: np.ndarray = q / np.linalg.norm(q, axis=1, keepdims=True)
    return unit
