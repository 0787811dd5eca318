"""What may be seen of a foam: labels, centres with features, observables."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.foam.drawing import drawn_rows
from shapelab.foam.resolution import Resolution
from shapelab.foam.state import FoamState
from shapelab.frame import LayerData, fine_grid, frozen
from shapelab.units import percent

__all__ = ["LOST", "centres_in_pixels", "foam_layers", "notices", "observables"]

LOST = "lost"
"""Among a state's counts: cells that vanished though they were to keep their volume."""
_MEASURED = 2
"""Step from which the energy is told: it is that of the interfaces before a step, and those of whole pixels are not smooth yet."""
_TOLERANCE = 0.01
"""Mean volume error above which a user is told: several times what a foam that is well posed shows while it moves."""


def foam_layers(state: FoamState, volumes: np.ndarray, resolution: Resolution, fineness: int = 1) -> tuple[LayerData, ...]:
    """Return the labels "cells", `fineness` times as fine as the grid, and "seeds": the centres of the cells with their features."""
    p = state.given
    place = {"scale": p.voxel_size, "units": (p.unit,) * p.ndim, "axis_labels": ("z", "y", "x")[-p.ndim :]}
    dtype = next(dtype for dtype in (np.uint16, np.uint32, np.uint64) if state.next_id <= np.iinfo(dtype).max + 1)
    rows = state.pixels.rows()
    image = state.ids.astype(dtype)[drawn_rows(state.pixels, fineness)]
    image.setflags(write=False)
    centres = centres_in_pixels(state)
    radius = (np.nanmean(state.births[1:]) if len(state) else 1.0) ** (1 / p.ndim)
    dots = {"size": max(1.0, 0.12 * radius), "face_color": "white", "border_color": "black", "border_width": 0.2, "opacity": 0.7}
    seeds = {**place, "features": _features(state, rows, volumes, resolution), **dots}
    drawn = fine_grid(place, fineness)
    return (
        LayerData("cells", image, "labels", {**drawn, "metadata": {"colour_by": "type"}} if _several_types(state) else drawn),
        LayerData("seeds", frozen(centres), "points", seeds),
    )


def centres_in_pixels(state: FoamState) -> np.ndarray:
    """Return where the centres of the cells are drawn, (K, d), in pixels, within a periodic box."""
    p = state.given
    centres: np.ndarray = state.centres[1:, 3 - p.ndim :]
    return centres % np.array(p.shape) if p.periodic else centres.copy()


def _several_types(state: FoamState) -> bool:
    return bool(len(np.unique(state.types[1:])) > 1)


def _features(state: FoamState, rows: np.ndarray, volumes: np.ndarray, resolution: Resolution) -> dict[str, np.ndarray]:
    """Return one column per property of the cells, in world units."""
    pixel = state.given.pixel_volume
    neighbours = _neighbours(rows, len(state.ids))
    columns = {
        "id": state.ids,
        "type": state.types,
        "pressure": (state.prices - state.prices[0]) * resolution.pressure_factor,
        "volume": volumes * pixel,
        "target": state.targets * pixel,
        "error": _errors(state, volumes),
        "perimeter" if state.given.ndim == 2 else "surface": state.surfaces * resolution.area_factor,
        "neighbours": neighbours,
    }
    return {name: frozen(np.asarray(values)[1:]) for name, values in columns.items()}


def _neighbours(rows: np.ndarray, k: int) -> np.ndarray:
    """Return how many cells share a face of a pixel with each cell, (K,)."""
    keys = []
    for axis in range(rows.ndim):
        a, b = np.moveaxis(rows, axis, 0)[1:], np.moveaxis(rows, axis, 0)[:-1]
        differ = (a != b) & (a > 0) & (b > 0)
        one, other = a[differ].astype(np.int64), b[differ].astype(np.int64)
        keys.append(np.minimum(one, other) * k + np.maximum(one, other))
    pairs = np.unique(np.concatenate(keys))
    return np.bincount(np.concatenate([pairs // k, pairs % k]), minlength=k)


def _errors(state: FoamState, volumes: np.ndarray) -> np.ndarray:
    if not state.given.exact_volumes:
        return np.zeros(len(volumes))
    result: np.ndarray = np.abs(volumes - state.targets) / np.maximum(state.targets, 1.0)
    result[state.targets == 0] = 0  # a cell that is to vanish has no volume to keep
    return result


def observables(state: FoamState, volumes: np.ndarray, resolution: Resolution) -> dict[str, float]:
    """Return the numbers of the live plot."""
    errors = _errors(state, volumes)[1:]
    areas = state.contacts * resolution.area_factor
    found: dict[str, Any] = {
        "cells": len(state),
        "volume_error": errors.mean() if len(errors) else 0.0,
        "max_volume_error": errors.max(initial=0.0),
        "time": state.time,
    }
    if state.step >= _MEASURED:
        found["energy"] = state.energy * resolution.area_factor
    inner, outer = areas[1:, 1:], areas[0, 1:]
    if inner.size and (all_inner := np.triu(inner).sum()) > 0 and _several_types(state):
        found["heterotypic_contact"] = np.triu(inner, 1).sum() / all_inner
    if outer.sum() > 0 and _several_types(state):
        found["first_outside"] = outer[0] / outer.sum()
    for name in ("births", "deaths", "returned"):
        if name in state.counts:
            found[name] = state.counts[name]
    return {name: float(value) for name, value in found.items()}


def notices(state: FoamState, scalars: dict[str, float]) -> tuple[str, ...]:
    """Return what the user should know beside the tensions: cells that miss their volumes, or that vanished unasked."""
    found = []
    if (error := scalars["volume_error"]) > _TOLERANCE:
        found.append(f"The cells miss their volumes by {percent(error)} on average; {percent(_TOLERANCE)} is allowed.")
    if lost := int(state.counts.get(LOST, 0)):
        cells, their = ("1 cell has", "its") if lost == 1 else (f"{lost} cells have", "their")
        found.append(
            f"{cells} vanished, although {their} volume should be conserved: the tensions around differ too much. Choose more similar ones."
        )
    return tuple(found)
