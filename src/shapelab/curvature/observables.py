"""What the live plot shows of a texture: numbers cheap enough for every frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shapelab.curvature.state import CurvatubesState

if TYPE_CHECKING:
    from shapelab.curvature.energy import CurvatureEnergy

__all__ = ["Seen", "observables", "seen"]


class Seen(NamedTuple):
    """Sums over a field, of which the scalars of a frame are made."""

    mean: float
    volume_fraction: float
    """Voxels with u > 0."""
    interface: Mapping[str, float]
    """`CurvatureEnergy.scalars`."""
    surface: tuple[float, float, float, float]
    """`surface_sums`."""


def seen(energy: CurvatureEnergy, u: Any, clamped: np.ndarray | None) -> Seen:
    """Return the sums over the field `u`, made where it is.

    Parameters
    ----------
    energy
        Energy of the run.
    u
        The field, an array or resident on a card.
    clamped
        Voxels that cannot change, None for none: what touches them has no curvature, since a film has its edge there.
    """
    from shapelab.curvature.surface_kernel import near, surface_sums

    if energy.card is not None:
        mean, fraction, interface, surface = energy.card.seen(u, clamped)
        return Seen(mean, fraction, energy.scalars_of(*interface), surface)
    shown = np.asarray(u, np.float32)
    left_out = None if clamped is None else near(clamped)
    return Seen(
        float(shown.mean(dtype=np.float64)),
        float(np.count_nonzero(shown > 0) / shown.size),
        energy.scalars(u),
        surface_sums(shown, periodic=energy.periodic, left_out=left_out),
    )


def observables(state: CurvatubesState, sums: Seen) -> dict[str, float]:
    """Return the scalars of a frame.

    Returns
    -------
    dict
        "energy" (absent before the first step), "mass_error" (mean of u minus what it must be), "discrepancy" (0 for a
        perfect interface profile), "area" [unit^2], "mean_H" (area mean of k1+k2 [1/unit]), "mean_K" (of k1 k2
        [1/unit^2]), "volume_fraction" (voxels with u > 0) and "flips" (relative number of voxels that changed side).
        Without a surface, area is 0 and the means are absent. The means leave out what touches clamped voxels, where a
        film has its edge.
    """
    p, h = state.parameters, state.parameters.voxel_size
    scalars: dict[str, float] = {} if state.energy is None else {"energy": state.energy}
    if p.flow != "free":
        scalars["mass_error"] = sums.mean - state.mass
    scalars["discrepancy"] = sums.interface["discrepancy"]
    area, counted, mean, gaussian = sums.surface
    scalars["area"] = area * h**2
    if counted > 0:
        scalars |= {"mean_H": mean / counted / h, "mean_K": gaussian / counted / h**2}
    scalars["volume_fraction"] = sums.volume_fraction
    scalars["flips"] = state.flips
    return scalars
