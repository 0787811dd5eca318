"""The work behind the Compare dock: two layers in; numbers, distributions, diagrams and a difference out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from napari.layers import Image, Labels, Layer, Points, Surface

import shapelab
from napari_shapelab.viewer.layer_data import TakenLayer, why_not_taken
from napari_shapelab.viewer.shapes import read_shape, why_no_shape
from napari_shapelab.work.progress import Progress, Report
from shapelab.compare import MovieComparison
from shapelab.compare.rows import comparison_rows
from shapelab.frame import LayerData
from shapelab.parameters import Parameters, parameter
from shapelab.stopping import apart, stoppable
from shapelab.units import conversion, is_length, percent, shown_unit

__all__ = ["COMPARED", "CompareParameters", "Comparison", "compare_layers", "densities", "distributions", "headline", "numbers", "why_not"]

COMPARED = (Labels, Image, Surface, Points)
"""Layers that can be compared."""
_BINS = 60


class CompareParameters(Parameters):
    """What to compute."""

    difference: bool = parameter(True, "Add a layer that shows where the two differ.", label="Difference layer", main=True)
    statistics: bool = parameter(
        True, "Sizes, shapes, contacts and curvatures of the cells of label images.", label="Statistics of cells", main=True
    )
    exclude_border: bool = parameter(
        True, "Exclude cells cut by the border of the image from the statistics.", label="Without border cells", main=True
    )
    transport: bool = parameter(True, "Distance by optimal transport (Sinkhorn divergence).", label="Optimal transport", main=True)
    curvature: bool = parameter(True, "Curvature diagrams of 3-D masks and fields.", label="Curvature (3-D)", main=True)
    effective: bool = parameter(
        False,
        "For two masks or fields: sizes of struts and pores, chords, tortuosity and pattern of each; takes longer.",
        label="Effective properties",
        main=True,
    )
    properties: Literal["all", "sizes", "chords", "tortuosity", "pattern"] = parameter(
        "all", "Which effective properties to compute; “pattern” is the correlation length and the Euler number.", main=True
    )

    def options(self) -> dict[str, Any]:
        """Return them as `shapelab.compare.compare` takes them."""
        others = {name: value for name, value in self if name not in ("difference", "effective", "properties")}
        return {**others, "effective": self.effective if not self.effective or self.properties == "all" else [self.properties]}


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found."""

    names: tuple[str, str]
    result: dict[str, Any]
    """See `shapelab.compare.compare`."""
    difference: LayerData | None
    provenance: dict[str, Any] = field(default_factory=dict)
    movies: MovieComparison | None = None
    """All frames of two movies, where these were compared."""
    sides: tuple[LayerData, LayerData] | None = None
    """What was compared, where it is not movies."""

    @property
    def notes(self) -> str:
        """What was done with the two, in sentences."""
        return " ".join(self.result["notes"])


def why_not(layer: Layer) -> str:
    """Return why a layer cannot be compared, "" if it can."""
    return why_no_shape(layer) if isinstance(layer, Image) else why_not_taken(layer, kinds=COMPARED)


def compare_layers(
    first: TakenLayer, second: TakenLayer, parameters: CompareParameters, report: Report, abort: threading.Event | None = None
) -> Comparison:
    """Compare two layers in world coordinates: where each is seen, not pixel by pixel."""
    with stoppable(abort or threading.Event()):
        result, where, sides = _compared(first, second, parameters, report)
    a, b = first, second
    provenance = {
        "model": "compare",
        "a": a.name,
        "b": b.name,
        "parameters": parameters.to_json(),
        "version": shapelab.__version__,
        "notes": list(result["notes"]),
    }
    return Comparison((a.name, b.name), {"a": a.name, "b": b.name, **result}, where, provenance, sides=sides)


def _compared(
    first: TakenLayer, second: TakenLayer, parameters: CompareParameters, report: Report
) -> tuple[dict[str, Any], LayerData | None, tuple[LayerData, LayerData]]:
    """Return the numbers, where the two differ, and both as they were read; it can be stopped at any moment."""
    from shapelab.compare import compare, difference

    report(Progress(-1, "Reading the layers…"))
    taken = apart(lambda: [read_shape(side) if side.kind in ("labels", "image") else side.read() for side in (first, second)])
    a, b = (side.layer_data() for side in taken)
    report(Progress(-1, "Overlaps, distances, statistics…"))
    result = compare(a, b, **parameters.options(), progress=lambda done, total: report(Progress(done / total, "Effective properties…")))
    result["notes"] = [*(f"{side.name}: {note}" for side in taken for note in side.notes), *_apart(*taken), *result["notes"]]
    grids = {"mask", "labels", "field"}
    if not parameters.difference or result["kind_a"] not in grids or result["kind_b"] not in grids:
        return result, None, (a, b)
    report(Progress(-1, "Finding where they differ…"))
    where = apart(lambda: difference(a, b))
    if not first.unit:  # napari knows several units that are pixels, and none beside another
        where = replace(where, meta={**where.meta, "units": first.units})
    return result, where, (a, b)


def _apart(a: TakenLayer, b: TakenLayer) -> list[str]:
    """Say it where two slices lie in different planes: only their own two axes are compared."""
    if a.height is None or b.height is None:
        return []
    other = b.height * (conversion(b.unit, a.unit) if is_length(a.unit) and is_length(b.unit) else 1.0)
    if abs(other - a.height) < 1e-3 * min(a.spacing):
        return []
    unit = shown_unit(a.unit) or "pixels"
    return [f"The two slices lie at different depths ({a.height:.4g} and {other:.4g} {unit}); they were compared as if in one plane."]


def numbers(comparison: Comparison) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the numbers between the two, those of the first and those of the second, by name."""
    return comparison_rows(comparison.result)


def distributions(comparison: Comparison) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return statistic -> (values of the first's cells, of the second's)."""
    result = comparison.result
    if "populations" not in result or "cells_a" not in result:
        return {}
    inner = result["populations"].attrs["exclude_border"]
    tables = [_kept(result[f"cells_{side}"], inner) for side in "ab"]
    return {str(name): (tables[0][name].to_numpy(float), tables[1][name].to_numpy(float)) for name in result["populations"].index}


def _kept(table: Any, inner: bool) -> Any:
    return table[~table["touches_border"].astype(bool)] if inner and "touches_border" in table else table


def densities(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the curvature diagrams of both on common bins, and the bins' edges; None if there are none."""
    result = comparison.result
    if "curvature_diagram_a" not in result:
        return None
    diagrams: list[Any] = [result[f"curvature_diagram_{side}"] for side in "ab"]
    width = max(abs(limit) for diagram in diagrams for limit in diagram.limits)
    edges = np.linspace(-width, width, _BINS + 1)
    both = [np.histogram2d(d.k1, d.k2, bins=(edges, edges), weights=d.weights)[0] / d.weights.sum() for d in diagrams]  # type: ignore[arg-type]
    return both[0], both[1], edges


def headline(comparison: Comparison) -> str:
    """Return in a sentence what was found first of all."""
    result = comparison.result
    if result["compared"] == "movies":
        return f"Compared {result['pairs']} pairs of frames."
    if "mismatch" in result:
        number = f"Mismatch {percent(result['mismatch'])}"
    elif "dice" in result:
        number = f"Dice overlap {result['dice']:.3f}"
    elif "mean_surface_distance" in result:
        number = f"Mean distance {result['mean_surface_distance']:.4g}"
    else:
        return f"Compared as {result['compared']}."
    return f"{number}, compared as {result['compared']}."
