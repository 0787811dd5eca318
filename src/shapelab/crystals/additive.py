"""The layered microstructure of additive manufacturing: long tilted grains in rows, small round ones between them.

Layout after the example of M. Buze, J. Feydy, S.M. Roper, K. Sedighiani, D.P. Bourne, Comput. Mater. Sci. 245 (2024)
113317: a box of 6 x 6 µm with six melt-pool rows whose grains lean to alternating sides.
"""

from __future__ import annotations

import numpy as np

from shapelab.arguments import checked
from shapelab.crystals.crystal import Crystal
from shapelab.crystals.generation import Step, grow
from shapelab.crystals.sampling import random_orientations
from shapelab.limits import above, between
from shapelab.transport import Domain

__all__ = ["additive_crystal"]

SIDE = 6.0
ROWS, PER_ROW = 6, 38


@checked(
    pixels=between(8, 100_000), small_grains=between(0, 1_000_000), lloyd=between(0, 10_000), tolerance=above(0), seed=between(0, 2**63 - 1)
)
def additive_crystal(
    pixels: int = 400, small_grains: int = 300, lloyd: int = 5, tolerance: float = 0.005, seed: int = 0, progress: Step | None = None
) -> Crystal:
    """Make the herring-bone pattern of an additively manufactured metal, 6 x 6 µm.

    Parameters
    ----------
    pixels
        Pixels along each side.
    small_grains
        Number of small round grains, at random places.
    lloyd, tolerance, seed, progress
        As in `shapelab.crystals.generate_crystal`.
    """
    rng = np.random.default_rng(seed)
    seeds, axes, angles, areas = map(np.concatenate, zip(*_columns(), *_borders(), strict=True))
    small = np.full(small_grains, 0.1 * areas.min())
    turned = np.stack([np.stack([np.sin(angles), np.cos(angles)], 1), np.stack([np.cos(angles), -np.sin(angles)], 1)], 1)
    matrices = np.einsum("nij,ni,nik->njk", turned, axes**-2.0, turned)
    round_size = np.sqrt(np.linalg.det(matrices).max())
    matrices = np.concatenate([matrices, np.broadcast_to(round_size * np.eye(2), (small_grains, 2, 2))])
    seeds = np.concatenate([seeds, rng.uniform(0, SIDE, (small_grains, 2))])
    volumes = np.concatenate([areas, small])
    domain = Domain((pixels, pixels), (SIDE / pixels, SIDE / pixels))
    targets = volumes * domain.volume / volumes.sum()
    return grow(domain, seeds, matrices, targets, random_orientations(rng, len(seeds)), lloyd, (tolerance, None), progress=progress)


Group = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Seeds (y, x), semi-axes, angles and areas."""


def _columns() -> list[Group]:
    """Return the rows of tilted grains."""
    groups = []
    for row in range(ROWS):
        x = 0.15 * np.arange(PER_ROW) + 0.2
        seeds = np.stack([np.full(PER_ROW, 0.5 + row), x], 1)
        tilt = np.pi / 2.5 * (1 if row % 2 == 0 else -1)
        groups.append(_group(seeds, (0.45, 0.05), tilt, np.pi * 0.5 * 0.05))
    return groups


def _borders() -> list[Group]:
    """Return the grains at the left and right border that close the rows."""
    left = np.array([[1.0 + 2 * j, 0.15] for j in range(3)])
    right = np.array([[2.0 + 2 * j, 5.85] for j in range(2)])
    corners = np.array([[0.3 + 5.5 * j, 5.85] for j in range(2)])
    area = np.pi * 0.5 * 0.05
    return [_group(left, (0.1, 0.8), 0.0, area), _group(right, (0.1, 0.8), 0.0, area), _group(corners, (0.2, 0.2), 0.0, np.pi * 0.09)]


def _group(seeds: np.ndarray, axes: tuple[float, float], angle: float, area: float) -> Group:
    n = len(seeds)
    return seeds, np.tile(axes, (n, 1)), np.full(n, angle), np.full(n, area)
