"""What the live plot shows of a texture: numbers cheap enough for every frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shapelab.curvature.state import CurvatubesState

__all__ = ["observables"]


def observables(state: CurvatubesState, u: np.ndarray, interface: Mapping[str, float]) -> dict[str, float]:
    """Return the scalars of a frame.

    Parameters
    ----------
    state
        The run.
    u
        Its field, float32 (z, y, x).
    interface
        What `CurvatureEnergy.scalars` says of it.

    Returns
    -------
    dict
        "energy" (absent before the first step), "mass_error" (mean of u minus what it must be), "discrepancy" (0 for a
        perfect interface profile), "area" [unit^2], "mean_H" (area mean of k1+k2 [1/unit]), "mean_K" (of k1 k2
        [1/unit^2]), "volume_fraction" (voxels with u > 0) and "flips" (relative number of voxels that changed side).
        Without a surface, area is 0 and the means are absent. The means leave out what touches clamped voxels, where a
        film has its edge.
    """
    p = state.parameters
    scalars: dict[str, float] = {} if state.energy is None else {"energy": state.energy}
    if p.flow != "free":
        scalars["mass_error"] = float(u.mean(dtype=np.float64)) - state.mass
    scalars["discrepancy"] = interface["discrepancy"]
    scalars.update(_surface(u, p.voxel_size, state.fields.get("clamped"), periodic=p.boundary == "periodic"))
    scalars["volume_fraction"] = float(np.count_nonzero(u > 0) / u.size)
    scalars["flips"] = state.flips
    return scalars


def _surface(u: np.ndarray, voxel_size: float, clamped: np.ndarray | None, *, periodic: bool) -> dict[str, float]:
    from shapelab.curvature.surface_kernel import surface_sums

    area, counted, mean, gaussian = surface_sums(u, periodic=periodic, left_out=None if clamped is None else _near(clamped))
    scalars = {"area": area * voxel_size**2}
    if counted > 0:
        scalars |= {"mean_H": mean / counted / voxel_size, "mean_K": gaussian / counted / voxel_size**2}
    return scalars


def _near(clamped: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(clamped, iterations=2))
