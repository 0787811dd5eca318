"""Measured numbers as text or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.compare.reports import json_text
from shapelab.io.output import new_file
from shapelab.measure import unit_of
from shapelab.units import shown_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_table", "json_document", "print_report", "print_table", "write_table"]


def as_table(report: Any) -> pd.DataFrame:
    """Return what `shapelab.measure.measure` returned as rows: of one shape a single one."""
    import pandas as pd

    if isinstance(report, pd.DataFrame):
        named = [name for name in report.index.names if name is not None]
        return report.reset_index() if named else report
    row = {name: _text(value) if isinstance(value, tuple) else value for name, value in report.items() if name != "warnings"}
    return pd.DataFrame([{**row, "warnings": " ".join(report.get("warnings", ()))}])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write rows as a new .csv and say so."""
    with new_file(path) as partial:
        table.to_csv(partial, index=False)
    print(f"{path}: {len(table)} rows")


def print_table(table: pd.DataFrame, *, as_json: bool) -> None:
    """Print rows as text or JSON."""
    print(json_text(table, indent=2) if as_json else table.to_string(index=False, float_format=lambda value: f"{value:.6g}"))


@contextmanager
def json_document(wanted: bool, *, several: bool) -> Iterator[list[dict[str, Any]]]:
    """Yield a list for what is found of each file; at the end, print it as one JSON document: of a single file, its numbers."""
    found: list[dict[str, Any]] = []
    try:
        yield found
    finally:
        if wanted and (several or found):
            print(json_text(found if several else found[0]))


def print_report(report: Any, unit: str, *, as_json: bool) -> None:
    """Print what `shapelab.measure.measure` returned: a dictionary, or a table of labels."""
    if isinstance(report, dict):
        print(json_text(report, indent=2) if as_json else _lines(report, unit))
        return
    if as_json:
        print_table(as_table(report), as_json=True)
    elif report.empty:
        print("shapelab: there is nothing to list: the table is empty.", file=sys.stderr)
    else:
        named = {name: f"{name} ({shown_unit(symbol)})" for name in report.columns if (symbol := unit_of(name, unit))}
        print_table(as_table(report.rename(columns=named)), as_json=False)
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
