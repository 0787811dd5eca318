"""Numbers of one solid shape in 3-D."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shapelab.convert.field import Boundary, mask_to_isotropic_field
from shapelab.convert.mask import as_field, as_mask
from shapelab.convert.mesh import field_to_mesh
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.measure.curvature import Curvatures, diffuse_curvatures, shape_operator
from shapelab.measure.limits import cropped, mask_warnings, refuse_jump
from shapelab.measure.surface import euler_characteristic, mesh_area

__all__ = ["field_width", "measure_solid"]


def measure_solid(
    x: np.ndarray,
    spacing: Spacing = 1.0,
    *,
    unit: str = "",
    smoothing: float = 2.0,
    eps: float | None = None,
    boundary: Boundary = "replicate",
) -> dict[str, Any]:
    """Measure a mask (boolean) or a phase field (floats of both signs), (z, y, x).

    Returns
    -------
    dict
        `volume`, `volume_fraction` (of the box), `area` (of the triangles at zero), `area_per_volume` (area per
        volume of the box), `surface_to_volume` (area per volume of the shape), `euler_characteristic` (of the
        surface, V - E + F), `mean_H` (H = k1 + k2), `mean_K` (K = k1 k2), `total_K_over_2pi` (the Euler
        characteristic again if the surface is closed: Gauss-Bonnet), `k1_mean`, `k1_sd`, `k2_mean`, `k2_sd` (shape
        operator), the same with `diffuse_` in front, then how they were obtained: `spacing`, `unit`, `eps`,
        `smoothing` [unit], `warnings`.
    """
    steps = as_spacing(spacing, 3)
    warnings: list[str] = []
    cells: tuple[float, ...] = steps
    if x.dtype == bool:
        mask = as_mask(x, ndim=(3,))
        warnings += mask_warnings(mask, steps, unit)
        field, h = mask_to_isotropic_field(cropped(mask, steps), steps, smoothing=smoothing)
        cells, eps, boundary, blur = (h,) * 3, 2 * h, "replicate", smoothing * h
    else:
        field = as_field(x, ndim=(3,))
        mask, blur = field > 0, 0.0
    volume, box = float(np.count_nonzero(mask)) * math.prod(steps), float(mask.size) * math.prod(steps)
    eps = field_width(field, cells, boundary) if eps is None else eps
    report = {"volume": volume, "volume_fraction": volume / box, **_surface_numbers(field, cells, eps, boundary, volume, box)}
    return report | {"spacing": steps, "unit": unit, "eps": eps, "smoothing": blur, "warnings": warnings}


def field_width(u: np.ndarray, spacing: Spacing, boundary: Boundary = "replicate") -> float:
    """Return the interface width eps of a field [unit]: the one for which it is steepest as tanh(d/(sqrt(2) eps)) is.

    Median over the interface of (1 - u^2)/(sqrt(2) |grad u|).
    """
    steps = as_spacing(spacing, 3)
    weights = shape_operator(u, steps, boundary=boundary).weights
    keep = weights > 0
    refuse_jump(weights)
    square = 1 - u[keep].astype(np.float64) ** 2
    slope = weights[keep] / (0.9375 * square**2 * math.prod(steps))
    return float(np.median(square / (math.sqrt(2) * slope)))


def _surface_numbers(u: np.ndarray, h: tuple[float, ...], eps: float, boundary: Boundary, volume: float, box: float) -> dict[str, Any]:
    periodic = boundary == "periodic"
    extent = np.array(u.shape) * np.array(h)
    mesh = field_to_mesh(np.pad(u, [(0, 1)] * 3, mode="wrap") if periodic else u, h)
    area = mesh_area(mesh)
    sharp = shape_operator(u, h, boundary=boundary).on_surface()
    return {
        "area": area,
        "area_per_volume": area / box,
        "surface_to_volume": area / volume,
        "euler_characteristic": euler_characteristic(mesh, period=extent if periodic else None),
        "mean_H": _mean(sharp.k1 + sharp.k2, sharp.weights),
        "mean_K": _mean(sharp.k1 * sharp.k2, sharp.weights),
        "total_K_over_2pi": _mean(sharp.k1 * sharp.k2, sharp.weights) * area / (2 * math.pi),
        **_moments(sharp, ""),
        **_moments(diffuse_curvatures(u, h, eps, boundary=boundary).on_surface(), "diffuse_"),
    }


def _moments(curvatures: Curvatures, prefix: str) -> dict[str, float]:
    numbers = {}
    for name, k in (("k1", curvatures.k1), ("k2", curvatures.k2)):
        mean = _mean(k, curvatures.weights)
        numbers[f"{prefix}{name}_mean"] = mean
        numbers[f"{prefix}{name}_sd"] = math.sqrt(_mean((k.astype(np.float64) - mean) ** 2, curvatures.weights))
    return numbers


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.average(values.astype(np.float64), weights=weights.astype(np.float64)))
