"""How two shapes of each kind are compared: masks, labels, surfaces, points, mixtures, diagrams, tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from shapelab.compare.as_points import as_points, boundary_points, voxel_points
from shapelab.compare.cells import cell_statistics
from shapelab.compare.grids import on_common_grid, voxelised
from shapelab.compare.inputs import Shape
from shapelab.compare.mixtures import mixture_distance
from shapelab.compare.overlap import adjusted_rand, boundary_f1, dice, iou, match_labels, variation_of_information
from shapelab.compare.population import population_numbers
from shapelab.compare.sinkhorn import Divergence, WeightedPoints, curvature_divergence, sinkhorn_divergence
from shapelab.compare.surfaces import mask_distances, mesh_distances, point_distances
from shapelab.convert.voxels import overlaps
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.measure.diagram import curvature_diagram
from shapelab.measure.surface import is_closed, mesh_area, mesh_volume
from shapelab.memory import of_comparison
from shapelab.units import shown_unit

__all__ = ["Comparison", "comparison_of"]

Comparison: TypeAlias = Callable[[Shape, Shape, dict[str, Any]], dict[str, Any]]
"""Two shapes in one unit and frame, and the options of `shapelab.compare.compare`, to numbers and notes."""

_SMALLEST_CURVED = 8
"""Least number of voxels along each axis for which curvature is compared."""


def comparison_of(a: str, b: str) -> tuple[str, Comparison]:
    """Return how shapes of two kinds are compared: its name, such as "masks", and the function that does it.

    Raises
    ------
    InputError
        If there is no way to compare them.
    """
    grids, kinds = {"mask", "labels", "field"}, {a, b}
    if kinds == {"labels"}:
        return "labels", _labels
    if kinds <= grids | {"surface"} and kinds & grids:
        return "masks", _masks
    if kinds == {"surface"}:
        return "surfaces", _surfaces
    if kinds <= grids | {"surface", "points"}:
        return "points", _points
    same: dict[str, Comparison] = {
        "mixture": _mixtures,
        "diagram": _diagrams,
        "table": _tables,
    }
    if a == b and a in same:
        return f"{a}s", same[a]
    raise InputError(f"There is no way to compare {a} with {b}: convert one of them first (shapelab.convert).")


def _labels(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    a, b, notes = on_common_grid(a, b)
    require_memory(of_comparison(a.data.shape, labels=True))
    match = match_labels(a.data, b.data)
    split, merge = variation_of_information(a.data, b.data)
    result = {
        "mismatch": match.mismatch,
        "matches": match.pairs,
        "adjusted_rand": adjusted_rand(a.data, b.data),
        "split_bits": split,
        "merge_bits": merge,
        "variation_of_information": split + merge,
        "boundary_f1": boundary_f1(a.data, b.data, a.spacing, options["tolerance"]),
        "dice": dice(a.data, b.data),
        "iou": iou(a.data, b.data),
        "labels_a": int(np.count_nonzero(np.unique(a.data))),
        "labels_b": int(np.count_nonzero(np.unique(b.data))),
        "spacing": a.spacing,
        "notes": notes,
    }
    if options["transport"]:
        result |= _transport(boundary_points(a), boundary_points(b), options, "boundaries of the cells", notes, a.unit)
    if options["statistics"]:
        tables = [cell_statistics(*shape.own_grid, unit=shape.unit) for shape in (a, b)]
        result |= {"cells_a": tables[0], "cells_b": tables[1], **population_numbers(tables[0], tables[1], options, notes)}
    return result


def _masks(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    notes: list[str] = []
    if a.kind == "surface":
        a = voxelised(a, b, notes)
    elif b.kind == "surface":
        b = voxelised(b, a, notes)
    if "labels" in (a.kind, b.kind):
        notes.append("Only one of the two has several labels: their foregrounds are compared.")
    a, b, said = on_common_grid(a, b)
    require_memory(of_comparison(a.data.shape, labels=False))
    notes += said
    inside_a, inside_b = a.mask, b.mask
    voxel = math.prod(a.spacing)
    volumes = [float(np.count_nonzero(m)) * voxel for m in (inside_a, inside_b)]
    result = {"dice": dice(inside_a, inside_b), "iou": iou(inside_a, inside_b)}
    result["boundary_f1"] = boundary_f1(inside_a, inside_b, a.spacing, options["tolerance"])
    if inside_a.all() or inside_b.all():
        notes.append("One of the masks is full and has no surface: distances between surfaces are left out.")
    else:
        result |= mask_distances(inside_a, inside_b, a.spacing)
        if options["curvature"]:
            result |= _curvatures(a, b, options, notes)
    result |= {"volume_a": volumes[0], "volume_b": volumes[1], "volume_difference": volumes[1] - volumes[0]}
    if options["transport"]:
        result |= _transport(voxel_points(a, inside_a), voxel_points(b, inside_b), options, "voxels inside", notes, a.unit)
    return {**result, "spacing": a.spacing, "notes": notes}


def _surfaces(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    notes: list[str] = []
    result: dict[str, Any] = mesh_distances(a.data, b.data, seed=options["seed"])
    result |= {"area_a": mesh_area(a.data), "area_b": mesh_area(b.data)}
    if is_closed(a.data) and is_closed(b.data):
        volumes = mesh_volume(a.data), mesh_volume(b.data)
        result |= {"volume_a": volumes[0], "volume_b": volumes[1], "volume_difference": volumes[1] - volumes[0]}
        notes += [f"Bodies of {side} overlap: their volumes were added up." for side, s in (("a", a), ("b", b)) if overlaps(s.data)]
    else:
        notes.append("At least one of the surfaces is open: volumes are left out.")
    if options["transport"]:
        result |= _transport(as_points(a), as_points(b), options, "triangles, weighted by area", notes, a.unit)
    return {**result, "notes": notes}


def _points(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    notes: list[str] = []
    clouds = as_points(a), as_points(b)
    if clouds[0].points.shape[1] != clouds[1].points.shape[1]:
        dims = clouds[0].points.shape[1], clouds[1].points.shape[1]
        raise InputError(f"One of the two has {dims[0]} coordinates and the other {dims[1]}: compare shapes of the same number of axes.")
    result: dict[str, Any] = point_distances(clouds[0].points, clouds[1].points)
    result |= {"points_a": len(clouds[0].points), "points_b": len(clouds[1].points)}
    if options["transport"]:
        result |= _transport(*clouds, options, "points", notes, a.unit)
    return {**result, "notes": notes}


def _mixtures(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    distance, plan = mixture_distance(a.data, b.data)
    return {"mixture_distance": distance, "plan": plan}


def _diagrams(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    given = {"blur": options["blur"], "reach": options["reach"], "max_points": options["max_points"]}
    divergence = curvature_divergence(a.data, b.data, **given)
    return {
        "curvature_distance": divergence.distance,
        "curvature_divergence": divergence.value,
        "notes": [_said(divergence, "curvatures", a.unit, "1/")],
    }


def _tables(a: Shape, b: Shape, options: dict[str, Any]) -> dict[str, Any]:
    notes: list[str] = []
    return {**population_numbers(a.data, b.data, options, notes), "notes": notes}


def _curvatures(a: Shape, b: Shape, options: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    if a.data.ndim == 2 or min(a.data.shape) < _SMALLEST_CURVED:
        return {}
    try:
        diagrams = [curvature_diagram(s.data if s.kind == "field" else s.mask, s.spacing) for s in (a, b)]
    except InputError as error:
        notes.append(f"Curvatures are left out. {error}")
        return {}
    divergence = curvature_divergence(diagrams[0], diagrams[1], max_points=min(options["max_points"], 500), device=options["device"])
    notes.append(_said(divergence, "curvatures", a.unit, "1/"))
    return {"curvature_distance": divergence.distance, "curvature_diagram_a": diagrams[0], "curvature_diagram_b": diagrams[1]}


def _transport(a: WeightedPoints, b: WeightedPoints, options: dict[str, Any], what: str, notes: list[str], unit: str) -> dict[str, Any]:
    given = {name: options[name] for name in ("blur", "reach", "max_points", "device")}
    divergence = sinkhorn_divergence(a, b, **given)
    notes.append(_said(divergence, what, unit))
    return {"sinkhorn_divergence": divergence.value, "transport_distance": divergence.distance, "blur": divergence.blur}


def _said(divergence: Divergence, what: str, unit: str, over: str = "") -> str:
    n, m = divergence.points
    symbol = shown_unit(unit)
    per = f" {over}{symbol}" if symbol else ""
    merged = f", merged within cubes of {divergence.cluster_size:.3g}{per}" if divergence.cluster_size else ""
    unbalanced = "" if divergence.reach is None else f", reach {divergence.reach:.3g}{per}"
    return f"Optimal transport between {what}: {n} and {m} points{merged}; blur {divergence.blur:.3g}{per}{unbalanced}."
