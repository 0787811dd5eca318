"""Parameters as a page needs them: what the run was made with, and sliders from the declarations that also make the forms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from shapelab.parameters import Parameters

__all__ = ["as_declared", "choices", "declared", "rows"]

_YES_NO = (True, False)


def declared(parameters: Parameters) -> list[dict[str, Any]]:
    """Return every parameter that is a number, as JSON: name, label, value, unit, limits, step, and whether it may change while it runs."""
    found = []
    for name, info in parameters.infos().items():
        value = getattr(parameters, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        found.append({
            "name": name,
            "label": info.label,
            "description": info.description,
            "unit": info.unit,
            "value": value,
            "minimum": _finite(info.minimum),
            "maximum": _finite(info.maximum),
            "step": info.step,
            "live": info.live,
            "main": info.main,
        })  # fmt: skip
    return found


def choices(parameters: Parameters) -> list[dict[str, Any]]:
    """Return every parameter that may change while it runs and is one of several words, as JSON."""
    found = []
    for name, info in parameters.infos().items():
        options = _YES_NO if info.annotation is bool else info.choices
        if info.live and options is not None:
            value = _words(getattr(parameters, name))
            found.append({
                "name": name,
                "label": info.label,
                "description": info.description,
                "value": value,
                "options": [_words(option) for option in options],
            })  # fmt: skip
    return found


def as_declared(parameters: Parameters, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a page sends them (words for choices, numbers without a type) in the types of their parameters."""
    infos, found = parameters.infos(), {}
    for name, value in changes.items():
        info = infos.get(name)
        options = () if info is None else _YES_NO if info.annotation is bool else info.choices or ()
        whole = info is not None and info.annotation is int and isinstance(value, float) and math.isfinite(value)
        found[name] = next((option for option in options if _words(option) == value), round(value) if whole else value)
    return found


def rows(parameters: Parameters) -> list[dict[str, str]]:
    """Return label, value and description of what differs from the defaults, and of the random seed."""
    infos, changed = parameters.infos(), parameters.changed()
    names = [*changed, *(["seed"] if "seed" in infos and "seed" not in changed else [])]
    return [
        {
            "label": infos[name].label,
            "value": f"{plain(getattr(parameters, name))} {infos[name].unit}".strip(),
            "description": infos[name].description,
        }
        for name in names
    ]


def _words(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else plain(value)


def plain(value: Any) -> str:
    """Write a value as people do."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return " × ".join(map(plain, value)) if all(isinstance(item, int) for item in value) else ", ".join(map(plain, value))
    return "none" if value is None else str(value)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
