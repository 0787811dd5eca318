"""A comparison on disk: numbers as CSV, everything as JSON with versions and parameters, and a figure."""

from __future__ import annotations

import contextlib
import csv
import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.errors import InputError
from shapelab.io.output import new_version
from shapelab.measure.diagram import CurvatureDiagram
from shapelab.stopping import check_stop
from shapelab.units import shown_time

__all__ = ["numbers_of", "write_report"]

_MAIN = ("mismatch", "dice", "adjusted_rand", "mean_surface_distance", "transport_distance", "curvature_distance")
"""What the heading of the figure says, where it was computed."""

_OVER_TIME = ("cells", "mean_area", "mean_volume", "mean_elongation", "mean_neighbours", "mean_speed", "nematic_order", "polar_order")
"""What the figure of two movies shows, where it was measured."""
_PACKAGES = ("napari-shapelab", "numpy", "scipy", "scikit-image", "torch", "geomloss", "pandas", "trimesh")


@checked()
def write_report(result: Mapping[str, Any], folder: str | Path, *, figure: bool = True) -> list[Path]:
    """Write what `shapelab.compare.compare` returned.

    Parameters
    ----------
    result
        The dictionary of a comparison.
    folder
        Made if it does not exist; files of an earlier report in it are replaced.
    figure
        Also draw the distributions of cells and the curvature diagrams. It needs matplotlib (``pip install
        "napari-shapelab[figures]"``); without it the other files are written and the figure is left out.

    Returns
    -------
    list of Path
        The files: ``comparison.csv`` (name, value), ``comparison.json`` (numbers, notes, parameters, versions), one CSV
        per table, and ``comparison.png``.
    """
    if "compared" not in result:
        raise InputError("There is no comparison to write: give the dictionary that compare(a, b) returned.")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with contextlib.ExitStack() as stack:  # all files get their names at its end, or none: whoever waits may ask to stop

        def new(name: str) -> Path:
            written.append(target / name)
            return stack.enter_context(new_version(written[-1]))

        _write_numbers(result, new("comparison.csv"))
        _write_json(result, new("comparison.json"))
        for name, value in result.items():
            if hasattr(value, "to_csv"):
                check_stop()
                partial = new(f"{name}.csv")
                value.to_csv(partial)
        if figure and find_spec("matplotlib") is not None:
            _write_figure(result, new("comparison.png"))
        check_stop()
    return written


def numbers_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the single numbers and words of a comparison, by name."""
    return {name: value for name, value in result.items() if isinstance(value, int | float | str | np.number)}


def _write_numbers(result: Mapping[str, Any], partial: Path) -> None:
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "value"])
        writer.writerows(numbers_of(result).items())


def _write_json(result: Mapping[str, Any], partial: Path) -> None:
    plain = {name: _plain(value) for name, value in result.items() if not isinstance(value, CurvatureDiagram)}
    plain["versions"] = {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}
    partial.write_text(json_text(plain, indent=2), encoding="utf-8")


def json_text(data: Any, indent: int | None = None) -> str:
    """Return numbers, words, arrays and tables as JSON, every digit of them; it has no NaN: such numbers become null."""
    return json.dumps(_plain(data), indent=indent, default=str, allow_nan=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "to_csv"):
        numbered = type(value.index).__name__ == "RangeIndex" and value.index.name is None  # says nothing
        table = value if numbered else value.reset_index()
        return _plain(table.astype(object).where(table.notna(), None).to_dict(orient="records"))
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _write_figure(result: Mapping[str, Any], partial: Path) -> None:
    """Drawn without a window, and so from any thread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels: list[tuple[Callable[[Any, Mapping[str, Any], str], None], str]] = []
    if "populations" in result and "cells_a" in result:
        names = result["populations"].index[:9]
        panels += [(_draw_distributions, name) for name in names]
    if "curvature_diagram_a" in result:
        panels += [(_draw_diagram, side) for side in "ab"]
    if result["compared"] == "movies":
        panels += [(_draw_over_time, name) for name in _OVER_TIME if f"{name}_a" in result["frames"]]
    panels = panels or [(_draw_scores, "")]
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    picture = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    FigureCanvasAgg(picture)
    for number, (draw, what) in enumerate(panels, start=1):
        check_stop()
        draw(picture.add_subplot(rows, columns, number), result, what)
    picture.suptitle(_heading(result), fontsize="medium")
    picture.savefig(partial, dpi=150)


def _heading(result: Mapping[str, Any]) -> str:
    """Return who is who, and the main numbers."""
    names = " and ".join(f"{side}: {result[side]}" for side in "ab" if isinstance(result.get(side), str))
    scores = [f"{name.replace('_', ' ')} {result[name]:.3g}" for name in _MAIN if name in result]
    return "\n".join(line for line in (names, ", ".join(scores)) if line)


def _draw_distributions(axes: Any, result: Mapping[str, Any], name: str) -> None:
    tables = [result[f"cells_{side}"] for side in "ab"]
    if result["populations"].attrs["exclude_border"]:  # the cells that the distance is of
        tables = [table[~table["touches_border"]] for table in tables]
    values = [table[name].dropna().to_numpy(dtype=float) for table in tables]
    edges = np.histogram_bin_edges(np.concatenate(values), bins=20)
    for side, x in zip("ab", values, strict=True):
        axes.hist(x, bins=edges, density=True, histtype="stepfilled", alpha=0.5, label=f"{side} ({x.size})")
    axes.set(title=f"KS distance {result['populations'].loc[name, 'ks']:.2f}", xlabel=name.replace("_", " "), yticks=[])
    axes.legend(frameon=False, fontsize="small")


def _draw_over_time(axes: Any, result: Mapping[str, Any], name: str) -> None:
    frames = result["frames"]
    for side in "ab":
        axes.plot(frames["time"], frames[f"{name}_{side}"], label=side)
    axes.set(title=name.replace("_", " "), xlabel=f"time ({unit})" if (unit := shown_time(result["time_unit"])) else "time")
    axes.legend(frameon=False, fontsize="small")


def _draw_diagram(axes: Any, result: Mapping[str, Any], side: str) -> None:
    diagrams = [result[f"curvature_diagram_{s}"] for s in "ab"]
    diagram, unit = diagrams[side == "b"], result["unit"] or "unit"
    low, high = min(d.limits[0] for d in diagrams), max(d.limits[1] for d in diagrams)
    edges = np.linspace(low, high, 80)
    axes.hist2d(diagram.k1, diagram.k2, bins=[edges, edges], weights=diagram.weights, cmap="magma")
    axes.plot([low, high], [low, high], color="white", linewidth=0.8)
    axes.set(xlabel=f"k1 (1/{unit})", ylabel=f"k2 (1/{unit})", title=f"curvature diagram of {side}", aspect="equal")


def _draw_scores(axes: Any, result: Mapping[str, Any], _: str) -> None:
    scores = {name: result[name] for name in ("dice", "iou", "boundary_f1", "adjusted_rand") if name in result}
    lengths = {
        n: result[n]
        for n in ("mean_surface_distance", "hausdorff_95", "hausdorff", "transport_distance", "mixture_distance")
        if n in result
    }
    shown = scores or lengths
    axes.barh([name.replace("_", " ") for name in shown], list(shown.values()))
    axes.set(title=f"comparison of {result['compared']}", xlabel="" if scores else result["unit"])
