"""Units of measured numbers."""

from __future__ import annotations

from shapelab.arguments import checked
from shapelab.units import shown_time, shown_unit

__all__ = ["shown_name", "shown_quantity", "unit_of"]

_POWERS = {
    "volume": 3,
    "area": 2,
    "length": 1,
    "curvature": -1,
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
    "strut_size": 1,
    "strut_size_sd": 1,
    "pore_size": 1,
    "pore_size_sd": 1,
    "correlation_length": 1,
    "euler_per_volume": -3,
    "euler_per_area": -2,
}


_NAMES = {
    "mean_H": "mean k1 + k2",
    "mean_K": "mean Gaussian curvature K",
    "mean_curvature": "mean k1 + k2",
    "euler_characteristic": "Euler characteristic",
    "total_K_over_2pi": "total K / 2π",
    "euler_per_volume": "Euler number per volume",
    "euler_per_area": "Euler number per area",
}
"""What is not its own name with spaces: H is the mean curvature (k1 + k2) / 2 wherever a reader meets it, and these are sums."""


def shown_name(name: str) -> str:
    """Return what a reader calls a measured number, such as "mean k1 + k2" for "mean_H"."""
    return _NAMES.get(name, name.replace("_", " "))


def shown_quantity(name: str, unit: str, time_unit: str) -> str:
    """Return what a reader calls a number of cells over time, with its unit, such as "mean speed [µm/s]" for "mean_speed"."""
    stem = name.removeprefix("Wasserstein distance of ")
    stem = stem if stem in _POWERS else stem.removeprefix("mean_")
    speed = f"{shown_unit(unit) or 'pixel'}/{shown_time(time_unit) or 'frame'}"
    of = speed if stem == "speed" else shown_unit(unit_of(stem, unit))
    return f"{shown_name(name)} ({of})" if of else shown_name(name)


@checked()
def unit_of(name: str, unit: str) -> str:
    """Return the unit of the number `name` that `shapelab.measure.measure` reports, such as "um^2", "" for pure numbers."""
    power = _POWERS.get(name, 0)
    if name.removeprefix("diffuse_") in ("k1_mean", "k1_sd", "k2_mean", "k2_sd"):
        power = -1
    elif name.startswith(("centroid_", "semi_axis_", "chord_", "pore_chord_")):
        power = 1
    if power == 0 or not unit:
        return ""
    return f"1/{_power(unit, -power)}" if power < 0 else _power(unit, power)


def _power(unit: str, power: int) -> str:
    return unit if power == 1 else f"{unit}^{power}"
