"""Textures of new samples: orientations drawn from a measured distribution (ODF), and boundaries like measured ones (MDF)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from shapelab.crystals.orientation import as_orientations, misorientation
from shapelab.errors import InputError

__all__ = ["draw_orientations", "match_misorientations", "misorientation_density"]

BINS = 36
"""Of a distribution of misorientations, from 0 to 180 degrees."""


def draw_orientations(rng: np.random.Generator, measured: np.ndarray, n: int, spread: float = 0.0) -> np.ndarray:
    """Return n orientations of a measured distribution, unit quaternions (x, y, z, w), shape (n, 4).

    Parameters
    ----------
    rng
        Random numbers.
    measured
        Samples of the distribution (of an ODF: of grains or pixels), shape (M, 4).
    n
        Number of orientations.
    spread
        Each is turned about a random axis by a normally distributed angle with this standard deviation [rad], so that none repeats.
    """
    known = as_orientations(measured).reshape(-1, 4)
    if not len(known):
        raise InputError("There are no measured orientations to draw from.")
    drawn = known[rng.integers(len(known), size=n)]
    axes = rng.normal(size=(n, 3))
    turns = axes / np.linalg.norm(axes, axis=1, keepdims=True) * (spread * rng.normal(size=(n, 1)))
    return np.asarray((Rotation.from_quat(drawn) * Rotation.from_rotvec(turns)).as_quat())


def misorientation_density(angles: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the share of boundaries, weighted by area, in `BINS` bins of the misorientation from 0 to pi."""
    given = np.ones(len(angles)) if weights is None else weights
    known = np.isfinite(angles)
    total = np.histogram(angles[known], BINS, (0.0, np.pi), weights=given[known])[0].astype(float)
    share: np.ndarray = total / max(total.sum(), 1e-300)
    return share


def match_misorientations(
    rng: np.random.Generator,
    pairs: np.ndarray,
    areas: np.ndarray,
    orientations: np.ndarray,
    symmetries: Sequence[str],
    wanted: np.ndarray,
    swaps: int = 20_000,
) -> tuple[np.ndarray, float]:
    """Return the orientations in another order, so that the boundaries' misorientations are distributed as wanted, and how far they are.

    Two grains of one symmetry exchange their orientations where that brings the distribution nearer; the texture stays as it is.

    Parameters
    ----------
    rng
        Random numbers.
    pairs, areas
        Grains that touch, counted from 0, shape (E, 2), and the areas of their boundaries.
    orientations, symmetries
        Orientation and crystal symmetry of each grain.
    wanted
        Distribution, as `misorientation_density` returns it.
    swaps
        Exchanges to try at most.

    Returns
    -------
    orientations, distance
        Half the sum of the differences of the shares: 0 for equal distributions, 1 for disjoint ones.

    References
    ----------
    Y. Miodownik, A.W. Godfrey, E.A. Holm, D.A. Hughes, Acta Materialia 47 (1999) 2661.
    """
    found, names = orientations.copy(), np.asarray(symmetries, object)
    touching: list[list[int]] = [[] for _ in found]
    for edge, (i, j) in enumerate(pairs.tolist()):
        touching[i].append(edge)
        touching[j].append(edge)

    def angles_of(edges: np.ndarray) -> np.ndarray:
        angles = np.full(len(edges), np.nan)
        first, second = pairs[edges].T
        for symmetry in sorted(set(names[first])):
            alike = (names[first] == symmetry) & (names[second] == symmetry)
            angles[alike] = misorientation(found[first[alike]], found[second[alike]], symmetry)
        return angles

    angles = angles_of(np.arange(len(pairs)))
    total = float(areas[np.isfinite(angles)].sum()) or 1.0
    density = misorientation_density(angles, areas)
    distance = 0.5 * float(np.abs(density - wanted).sum())
    for _ in range(min(swaps, 30 * len(found))):
        i, j = rng.integers(len(found), size=2)
        if distance < 0.01 or names[i] != names[j] or i == j:
            continue
        edges = np.unique(np.array(touching[i] + touching[j], int))
        if not len(edges):
            continue
        found[[i, j]] = found[[j, i]]
        new = angles_of(edges)
        change = _binned(new, areas[edges]) - _binned(angles[edges], areas[edges])
        trial = density + change / total
        nearer = 0.5 * float(np.abs(trial - wanted).sum())
        if nearer < distance:
            density, distance, angles[edges] = trial, nearer, new
        else:
            found[[i, j]] = found[[j, i]]
    return found, distance


def _binned(angles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    known = np.isfinite(angles)
    return np.histogram(angles[known], BINS, (0.0, np.pi), weights=weights[known])[0]
