"""Units of length, one table of their sizes and names; parts of one as people write them.

A unit goes by its short name ("um") in parameters and files of numbers, by OME's long name ("micrometer") in the files that
ask for it, and by its symbol ("µm") before a reader's eyes. No unit, "", means pixels.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shapelab.errors import InputError

__all__ = ["conversion", "is_length", "long_unit", "percent", "seconds", "short_unit", "shown_time", "shown_unit"]


class _Unit(NamedTuple):
    metres: float
    long: str
    """OME-Zarr's name."""
    symbol: str
    other: tuple[str, ...] = ()
    """More names, in lower case."""


_UNITS = {
    "km": _Unit(1e3, "kilometer", "km", ("kilometre",)),
    "m": _Unit(1.0, "meter", "m", ("metre",)),
    "cm": _Unit(1e-2, "centimeter", "cm", ("centimetre",)),
    "mm": _Unit(1e-3, "millimeter", "mm", ("millimetre",)),
    "um": _Unit(1e-6, "micrometer", "µm", ("micrometre", "micron", "µm", "μm", "mum")),
    "nm": _Unit(1e-9, "nanometer", "nm", ("nanometre",)),
    "pm": _Unit(1e-12, "picometer", "pm", ("picometre",)),
    "angstrom": _Unit(1e-10, "angstrom", "Å", ("a", "å", "ångström", "ångstrom", "angström", "ångstroem")),
    "inch": _Unit(0.0254, "inch", "in", ("in", "inches")),
}
"""Short name -> size and other names. "angstrom" is spelled out: "A" is the ampere to those who know all units."""

_PIXELS = ("", "pixel", "pixels", "px", "css_pixel", "voxel", "voxels", "vx", "unknown", "none", "dimensionless")
"""napari calls "px" css_pixel, as its library of units does, to which that is 1/96 of an inch."""
_NEGLIGIBLE = 1e-4
"""Part of one below which only that is said."""
_SHORT = {name: short for short, unit in _UNITS.items() for name in (short, unit.long, *unit.other)}
_SECONDS = {
    **{"s": 1.0, "sec": 1.0, "second": 1.0, "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "µs": 1e-6, "us": 1e-6, "usec": 1e-6},
    **{"microsecond": 1e-6, "ns": 1e-9, "nanosecond": 1e-9, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "day": 86400.0},
}
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short_unit(unit: str | None) -> str:
    r"""Return the short name of a unit, "" for pixels; an unknown name stays as it is.

    American, British and plural spellings, the signs µ and μ, Å, capitals, and signs that ImageJ writes as an escape (\u00B5m)
    are understood.
    """
    name = re.sub(r"\\u([0-9a-fA-F]{4})", lambda sign: chr(int(sign[1], 16)), (unit or "").strip())
    low = name.lower()
    if low in _PIXELS:
        return ""
    for known in (name, low, low.removesuffix("s")):
        if known in _SHORT:
            return _SHORT[known]
    return name


def long_unit(unit: str | None) -> str | None:
    """Return OME-Zarr's name of a unit, None for pixels and units that are no known length."""
    known = _UNITS.get(short_unit(unit))
    return known.long if known else None


def shown_unit(unit: str | None) -> str:
    """Return a unit as people write it: "µm", "µm²", "1/µm", "Å"; "" for pixels."""
    return re.sub(r"([^\W\d]+)(?:\^(-?\d+))?", _symbol, unit or "") if short_unit(unit) else ""


def _symbol(match: re.Match[str]) -> str:
    name, power = match.groups()
    known = _UNITS.get(short_unit(name))
    return (known.symbol if known else name) + (power or "").translate(_POWERS)


def is_length(unit: str | None) -> bool:
    """Return whether a unit is a length that can be converted to the others."""
    return short_unit(unit) in _UNITS


def conversion(unit: str | None, to: str | None) -> float:
    """Return the number by which lengths in `unit` are multiplied to be in `to`.

    Raises
    ------
    InputError
        If one of them is no known length, and they differ.
    """
    first, second = short_unit(unit), short_unit(to)
    if first == second:
        return 1.0
    for known, name in ((first, unit), (second, to)):
        if known not in _UNITS:
            what = f"{name!r} is" if known else "Pixels are"
            raise InputError(f"{what} not a known length: lengths in {unit or 'pixels'} cannot be converted to {to or 'pixels'}.")
    return _UNITS[first].metres / _UNITS[second].metres


def seconds(unit: str | None) -> float | None:
    """Return how many seconds a unit of time is, None if it is none that is known: "min", "hours", "ms"."""
    low = (unit or "").strip().lower()
    return _SECONDS.get(low, _SECONDS.get(low.removesuffix("s")))


def shown_time(unit: str | None) -> str:
    """Return a unit of time as people write it: "s", "ms", "min", "h"; an unknown name stays as it is."""
    size = seconds(unit)
    return (unit or "") if size is None else next(name for name, known in _SECONDS.items() if known == size)


def percent(part: float) -> str:
    """Return a part of one as people write it: "0.52 %", "7.3 %", "42 %", and "< 0.01 %" where the number itself says no more."""
    if 0 < abs(part) < _NEGLIGIBLE:
        return f"< {100 * _NEGLIGIBLE:g} %"
    return f"{100 * part:.2g} %" if abs(part) < 0.1 else f"{100 * part:.0f} %"
