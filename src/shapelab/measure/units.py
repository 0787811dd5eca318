"""Units of measured numbers."""

from __future__ import annotations

__all__ = ["unit_of"]

_POWERS = {
    "volume": 3,
    "area": 2,
    "perimeter": 1,
    "area_per_volume": -1,
    "surface_to_volume": -1,
    "mean_H": -1,
    "mean_K": -2,
    "mean_curvature": -1,
    "curvature_sd": -1,
    "eps": 1,
    "smoothing": 1,
    "spacing": 1,
}


def unit_of(name: str, unit: str) -> str:
    """Return the unit of the number `name` that `shapelab.measure.measure` reports, such as "um^2", "" for pure numbers."""
    power = _POWERS.get(name, 0)
    if name.removeprefix("diffuse_") in ("k1_mean", "k1_sd", "k2_mean", "k2_sd"):
        power = -1
    elif name.startswith(("centroid_", "semi_axis_")):
        power = 1
    if power == 0 or not unit:
        return ""
    return f"1/{_power(unit, -power)}" if power < 0 else _power(unit, power)


def _power(unit: str, power: int) -> str:
    return unit if power == 1 else f"{unit}^{power}"
