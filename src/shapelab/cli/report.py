"""Measured numbers as text or JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from shapelab.measure import unit_of
from shapelab.units import shown_unit

__all__ = ["print_report"]


def print_report(report: Any, unit: str, *, as_json: bool) -> None:
    """Print what `shapelab.measure.measure` returned: a dictionary, or a table of labels."""
    if isinstance(report, dict):
        print(json.dumps(report, indent=2, default=str) if as_json else _lines(report, unit))
        return
    if as_json:
        print(report.reset_index().to_json(orient="records", indent=2))
    elif report.empty:
        print("shapelab: there is none in this image.", file=sys.stderr)
    else:
        named = {name: f"{name} [{shown_unit(symbol)}]" for name in report.columns if (symbol := unit_of(name, unit))}
        print(report.rename(columns=named).to_string(float_format=lambda value: f"{value:.6g}"))
    for sentence in report.attrs.get("warnings", ()):
        print(f"shapelab: {sentence}", file=sys.stderr)


def _lines(report: dict[str, Any], unit: str) -> str:
    width = max(map(len, report))
    numbers = {name: value for name, value in report.items() if name != "warnings"}
    lines = [f"{name:<{width}}  {_text(value)} {shown_unit(unit_of(name, unit))}".rstrip() for name, value in numbers.items()]
    return "\n".join([*lines, *(f"note: {sentence}" for sentence in report.get("warnings", ()))])


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " x ".join(map(_text, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
