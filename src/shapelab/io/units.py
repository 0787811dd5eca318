"""Names of length units: the short ones that people write, the long ones that OME files hold."""

from __future__ import annotations

__all__ = ["long_unit", "short_unit"]

_LONG = {"m": "meter", "cm": "centimeter", "mm": "millimeter", "um": "micrometer", "nm": "nanometer", "pm": "picometer", "A": "angstrom"}
_SHORT = {long: short for short, long in _LONG.items()} | {"micron": "um", "microns": "um", "µm": "um", "μm": "um", "\\u00b5m": "um"}


def long_unit(unit: str) -> str | None:
    """Return OME's name of a unit, None for pixels and units that OME does not know."""
    return _LONG.get(short_unit(unit))


def short_unit(unit: str | None) -> str:
    """Return the short name of a unit, "" for pixels; an unknown name stays as it is."""
    name = (unit or "").strip()
    if name.lower() in ("", "pixel", "pixels", "px", "unknown", "none", "inch"):
        return ""
    return name if name in _LONG else _SHORT.get(name, _SHORT.get(name.lower(), name))
