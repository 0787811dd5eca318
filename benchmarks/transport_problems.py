"""Random transport problems, by class, for the benchmark and the robustness sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.transport import costs

__all__ = ["CLASSES", "Problem", "problem"]

CLASSES: dict[str, dict[str, Any]] = {
    "perR p2 2D250": {},
    "const p2 2D250": {"scale": "const"},
    "const p2 2D1000": {"n": 1000, "scale": "const"},
    "perR p.5 2D250": {"p": 0.5},
    "perR p8 2D250": {"p": 8},
    "const p8 2D250": {"p": 8, "scale": "const"},
    "const p8 2D1000": {"n": 1000, "p": 8, "scale": "const"},
    "const aniso 2D250": {"scale": "const", "anisotropic": True},
    "perR aniso 2D1000": {"n": 1000, "anisotropic": True},
    "const p2 void60 2D250": {"scale": "const", "fill": 0.4},
    "perR p8 void60 2D250": {"p": 8, "fill": 0.4},
    "const p2 void0 2D250": {"scale": "const", "fill": 1.0},
    "const p2 void0 2D1000": {"n": 1000, "scale": "const", "fill": 1.0},
    "perR p2 void0 2D250": {"fill": 1.0},
    "const p8 void0 2D250": {"p": 8, "scale": "const", "fill": 1.0},
    "const p.5 void0 2D250": {"p": 0.5, "scale": "const", "fill": 1.0},
    "const ratio100 2D250": {"scale": "const", "ratio": 100.0},
    "perR ratio100 2D250": {"ratio": 100.0},
    "const cluster 2D250": {"scale": "const", "cluster": True},
    "const cluster void0 2D250": {"scale": "const", "cluster": True, "fill": 1.0},
    "perR outside 2D250": {"outside": True},
    "const outside 2D250": {"scale": "const", "outside": True},
    "const periodic 2D250": {"scale": "const", "periodic": True},
    "const periodic void0 2D250": {"scale": "const", "periodic": True, "fill": 1.0},
    "N1": {"n": 1, "side": 128, "fill": 0.3},
    "N5 p8": {"n": 5, "side": 256, "p": 8},
    "N10 aniso": {"n": 10, "side": 256, "anisotropic": True, "scale": "const"},
    "perR p2 3D126": {"d": 3, "n": 126, "side": 64},
    "const p2 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const"},
    "const aniso 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "anisotropic": True},
    "const p8 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "p": 8},
    "const p.5 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "p": 0.5},
    "const p2 void0 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "fill": 1.0},
    "perR p2 3D1000": {"d": 3, "n": 1000, "side": 64},
    "const p2 3D1000": {"d": 3, "n": 1000, "side": 64, "scale": "const"},
    "const ratio100 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "ratio": 100.0},
    "const periodic 3D126": {"d": 3, "n": 126, "side": 64, "scale": "const", "periodic": True},
    "perR p.5 void60 2D250": {"p": 0.5, "fill": 0.4},
    "const p.5 2D1000": {"n": 1000, "p": 0.5, "scale": "const"},
}
"""Class -> arguments of `problem`; "perR": the cost is scaled with each cell's radius, "const": one scale for all."""


@dataclass
class Problem:
    """What `solve_cells` takes."""

    seeds: np.ndarray
    volumes: np.ndarray
    shape: tuple[int, ...]
    spacing: float
    cost: costs.Cost
    periodic: bool

    def arguments(self) -> dict[str, Any]:
        """Return keyword arguments for `solve_cells`."""
        return vars(self)


def problem(
    seed: int,
    d: int = 2,
    n: int = 250,
    side: int = 512,
    p: float = 2,
    scale: str = "perR",
    fill: float = 0.9,
    ratio: float = 5.0,
    anisotropic: bool = False,
    periodic: bool = False,
    cluster: bool = False,
    outside: bool = False,
) -> Problem:
    """Return a random problem in the unit box; the same numbers for the same seed."""
    rng = np.random.default_rng(seed)
    seeds = rng.random((n, d))
    if cluster:  # half of the seeds in four tight clumps
        clumps = rng.random((4, d)) * 0.8 + 0.1
        half = n // 2
        seeds[:half] = np.clip(clumps[rng.integers(0, 4, half)] + 0.06 * rng.normal(size=(half, d)), 0.001, 0.999)
    if outside:  # some seeds just outside the box
        k = max(1, int(0.15 * n))
        axis = rng.integers(0, d, k)
        seeds[np.arange(k), axis] = np.where(rng.random(k) < 0.5, -0.03 * rng.random(k), 1 + 0.03 * rng.random(k))
    volumes = ratio ** (-rng.random(n)) if ratio > 5 else 0.2 + 0.8 * rng.random(n)
    volumes *= fill / volumes.sum()
    scaling, stiffness = ("volume", 1.0) if scale == "perR" else ("constant", 1.0)
    cost: costs.Cost = costs.Power(p, stiffness, scaling)
    if anisotropic:
        directions = rng.normal(size=(n, d))
        cost = costs.Ellipsoidal.from_axes(directions, 1 + 3 * rng.random(n), p, stiffness, scaling)
    return Problem(seeds, volumes, (side,) * d, 1 / side, cost, periodic)
