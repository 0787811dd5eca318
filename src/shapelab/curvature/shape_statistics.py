"""Statistics of a closed or periodic surface that do not depend on its size: what shapes with a known answer are held to."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

__all__ = ["shape_statistics"]


def shape_statistics(u: np.ndarray, scalars: Mapping[str, float], box_volume: float) -> dict[str, float]:
    """Return dimensionless statistics of the surface u = 0.

    Parameters
    ----------
    u
        Field, (z, y, x).
    scalars
        What `observables` says of it: "area" [unit^2], "mean_K" [1/unit^2], "volume_fraction".
    box_volume
        Volume of the grid [unit^3].

    Returns
    -------
    dict
        "euler_characteristic" (Gauss-Bonnet; -8 for a cubic cell of the gyroid), "sphericity" ``pi^(1/3) (6 V)^(2/3) / A`` (1 for a
        ball, 0.797 for the Clifford torus), "waist" (radius of the middle section across z over that of the widest: 1 at a
        bulge), "dent" (thickness along z in the middle over the largest), and, where the Euler characteristic is negative,
        "homogeneity" ``A^(3/2) / (V_box (2 pi |chi|)^(1/2))``: 0.7163 for Schwarz's P, 0.7498 for his D, 0.7667 for the gyroid
        (S. T. Hyde, J. Phys. Chem. 93, 1458 (1989)).
    """
    area, volume = scalars["area"], scalars["volume_fraction"] * box_volume
    euler = scalars["mean_K"] * area / (2 * math.pi)
    inside = np.clip(u.astype(np.float64), -0.5, 0.5) + 0.5  # voxels at the surface count in part
    sections, thickness = inside.sum(axis=(1, 2)), inside.sum(axis=0)
    middle = sections[(len(sections) - 1) // 2 : len(sections) // 2 + 1].mean()
    rows, columns = (slice((n - 1) // 2, n // 2 + 1) for n in thickness.shape)
    found = {
        "euler_characteristic": euler,
        "sphericity": math.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area,
        "waist": float(math.sqrt(middle / sections.max())),
        "dent": float(thickness[rows, columns].mean() / thickness.max()),
    }
    if euler < -1:
        found["homogeneity"] = area**1.5 / (box_volume * math.sqrt(2 * math.pi * -euler))
    return found
