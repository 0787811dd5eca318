"""The loop on made tissue: known tensions -> foam -> labels -> inferred tensions."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

import shapelab as sl
from shapelab.infer import infer_tensions, plan_tensions
from shapelab.labels.contacts import face_pairs

__all__ = ["LoopResult", "loop", "tissue"]

_REST, _MOST = 1e-4, 40
_SHARE = 0.36
"""Radius of the aggregate in sides of the image."""


@dataclass(frozen=True)
class LoopResult:
    """One tissue."""

    radius: float
    """Of the median cell [voxels]."""
    errors: np.ndarray
    """Relative errors of the tensions that are determined."""
    correlation: float
    undetermined: float
    """Share of the interfaces."""
    exchanged: int
    """Pairs of cells that met or parted on the way; an exchange of neighbours in the plane is one of each."""
    steps: int
    seconds: float


def tissue(ndim: int, cells: int, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of a round aggregate of uneven Voronoi cells, and a table of tensions 0.75 to 1.25 (times 1.2 to the medium)."""
    grid = np.stack(np.meshgrid(*[np.arange(side) - (side - 1) / 2] * ndim, indexing="ij"), axis=-1)
    inside = (grid**2).sum(-1) < (_SHARE * side) ** 2
    places = grid[inside]
    seeds = places[rng.choice(len(places), cells, replace=False)]
    for _ in range(2):  # not too uneven: cells have about the size that errors are stated for
        nearest = cKDTree(seeds).query(places)[1]
        seeds = (
            np.stack([np.bincount(nearest, places[:, axis], cells) for axis in range(ndim)], axis=1)
            / np.bincount(nearest, minlength=cells)[:, None]
        )
    labels = np.zeros((side,) * ndim, np.int32)
    labels[inside] = cKDTree(seeds).query(places)[1] + 1
    upper = np.triu(rng.uniform(0.75, 1.25, (cells + 1,) * 2), 1)
    upper[0] *= 1.2
    return labels, upper + upper.T


def loop(ndim: int, cells: int, side: int, seed: int, *, stir: int, block: int) -> LoopResult:
    """Infer the tensions of a foam that has come to rest.

    Parameters
    ----------
    ndim, cells, side, seed
        Of the tissue.
    stir
        Steps in which the cells pull in random directions, so that neighbours change.
    block
        Then steps until the energy falls by less than a ten thousandth in so many.
    """
    labels, table = tissue(ndim, cells, side, np.random.default_rng(seed))
    start = time.perf_counter()
    simulation = sl.Foam(labels=labels, tensions=table, motility=0.4 if stir else 0.0, seed=seed, junctions="fine")
    before = _pairs(labels)
    seen: set[tuple[int, int]] = set()
    for frame in simulation.run(steps=stir, every=max(1, stir // 4)) if stir else ():
        seen |= before ^ _pairs(frame["cells"])
    simulation.update(motility=0.0)
    energy = np.inf
    for frame in simulation.run(steps=_MOST * block, every=block):
        now, last, energy = np.asarray(frame["cells"]), energy, frame.scalars["energy"]
        seen |= before ^ _pairs(now)
        if last - energy < _REST * energy:
            break
    found = infer_tensions(now)
    known = found.determined
    a, b = found.pairs[known].astype(int).T
    true = table[a, b] / table[a, b].mean()
    errors = np.abs(found.tensions[known] / true - 1)
    r = float(np.corrcoef(found.tensions[known], true)[0, 1])
    return LoopResult(plan_tensions(now).radius, errors, r, 1 - float(known.mean()), len(seen), frame.step, time.perf_counter() - start)


def _pairs(labels: np.ndarray) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in face_pairs(np.asarray(labels)).tolist()}
