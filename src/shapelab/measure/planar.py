"""Numbers of one planar shape (2-D)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shapelab.convert.field import Boundary, mask_to_isotropic_field
from shapelab.convert.mask import as_field, as_mask
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.measure.curvature import line_curvature
from shapelab.measure.limits import cropped, mask_warnings, refuse_jump

__all__ = ["measure_planar"]


def measure_planar(
    x: np.ndarray,
    spacing: Spacing = 1.0,
    *,
    unit: str = "",
    smoothing: float = 2.0,
    eps: float | None = None,
    boundary: Boundary = "replicate",
) -> dict[str, Any]:
    """Measure a mask (boolean) or a field (floats of both signs), (y, x).

    Returns
    -------
    dict
        `area`, `area_fraction` (of the image), `perimeter`, `circularity` 4 pi A/P^2 (1 for a disk),
        `euler_characteristic` (pieces minus holes), `mean_curvature` along the outline, `curvature_sd`,
        `turning_number` (total curvature/2 pi: pieces minus holes again if every outline is closed), then
        `spacing`, `unit`, `eps`, `smoothing` [unit], `warnings`.
    """
    from skimage.measure import euler_number, find_contours

    steps = as_spacing(spacing, 2)
    warnings: list[str] = []
    cells: tuple[float, ...] = steps
    if x.dtype == bool:
        mask = as_mask(x, ndim=(2,))
        warnings += mask_warnings(mask, steps, unit)
        field, h = mask_to_isotropic_field(cropped(mask, steps), steps, smoothing=smoothing)
        cells, eps, boundary, blur = (h, h), 2 * h, "replicate", smoothing * h
    else:
        field = as_field(x, ndim=(2,))
        mask, blur = field > 0, 0.0
    area = float(np.count_nonzero(mask)) * math.prod(steps)
    pieces_minus_holes = int(euler_number(mask, connectivity=1))  # type: ignore[no-untyped-call]
    report: dict[str, Any] = {"area": area, "area_fraction": float(mask.mean()), "euler_characteristic": pieces_minus_holes}
    outlines = [np.diff(line * cells, axis=0) for line in find_contours(field, 0.0)]  # type: ignore[no-untyped-call]
    perimeter = float(sum(np.linalg.norm(segments, axis=1).sum() for segments in outlines))
    k, weights = line_curvature(field, cells, boundary=boundary)
    refuse_jump(weights)
    report |= _outline_numbers(k[weights > 0].astype(np.float64), weights[weights > 0].astype(np.float64), area, perimeter)
    return report | {"spacing": steps, "unit": unit, "eps": eps, "smoothing": blur, "warnings": warnings}


def _outline_numbers(k: np.ndarray, weights: np.ndarray, area: float, perimeter: float) -> dict[str, float]:
    mean = float(np.average(k, weights=weights))
    return {
        "perimeter": perimeter,
        "circularity": 4 * math.pi * area / perimeter**2,
        "mean_curvature": mean,
        "curvature_sd": math.sqrt(float(np.average((k - mean) ** 2, weights=weights))),
        "turning_number": mean * perimeter / (2 * math.pi),
    }
