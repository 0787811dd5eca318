"""Put the first cells into a state: made ones, or a user's."""

from __future__ import annotations

import numpy as np

from shapelab.errors import InputError
from shapelab.foam.given import GivenFoam
from shapelab.foam.pixels import Pixels
from shapelab.foam.state import FoamState
from shapelab.grid_parameters import ball_radius

__all__ = ["even_volumes", "populate", "take_given"]

_RESOLVED = 4.0
"""Radius below which cells are not resolved [pixels]."""


def populate(state: FoamState, rows: np.ndarray, ids: np.ndarray, types: np.ndarray) -> None:
    """Fill the pixels with the cells of an image of rows; each wants the volume that it has."""
    p, k = state.given, len(ids)
    state.pixels = Pixels.of_rows(rows, p.periodic)
    counts = np.bincount(state.codes, minlength=k).astype(float)
    state.ids, state.types = ids.astype(np.int64), types.astype(np.int64)
    state.kinds = np.zeros(k, np.int32)
    state.targets, state.births = counts.copy(), counts.copy()
    state.targets[0] = state.births[0] = np.nan
    state.prices, state.leaving, state.surfaces = np.zeros(k), np.zeros(k), np.zeros(k)
    state.paces = state.rng.uniform(0.7, 1.3, k)
    state.drifts, state.pulls = np.zeros((k, 3)), np.zeros((k, 4))
    state.medium = bool(counts[0] > 0)
    state.centres = _centres(state.pixels, k)
    state.next_id = int(ids.max()) + 1


def even_volumes(state: FoamState) -> None:
    """Let the cells of each type want one volume, with the ratio of the parameters, and the volume of all of them what it is."""
    ratio = np.where(state.types[1:] == 1, state.given.size_ratio, 1.0)
    state.targets[1:] = state.births[1:] = ratio * state.targets[1:].sum() / ratio.sum()


def take_given(state: FoamState, given: GivenFoam) -> None:
    """Put a user's cells into the state, with their types, tensions and volumes."""
    p, ids = state.given, given.ids
    if tuple(p.shape) != given.labels.shape:
        raise InputError(f"The labels have shape {given.labels.shape} and the grid {tuple(p.shape)}: they must be the same.")
    known = ids.astype(given.labels.dtype) if given.labels.dtype.kind in "ui" else ids
    types = np.zeros(len(ids), np.int64)
    if given.types is not None:
        types[1:] = [given.types[int(i)] for i in ids[1:].tolist()]
    populate(state, np.searchsorted(known, given.labels), ids, types)
    if given.volumes is not None:
        state.targets[1:] = state.births[1:] = given.volumes[1:] / p.pixel_volume
    if given.table is not None:
        state.table, state.own_table = given.table.copy(), True
        state.kinds = np.arange(len(ids), dtype=np.int32)
    state.notes += list(given.notes)
    small = int((_radii(state) < _RESOLVED).sum())
    if small:
        state.notes.append(
            f"{small} of {len(state)} cells have a radius below {_RESOLVED:g} pixels: such cells are not resolved; use a finer grid."
        )


def _radii(state: FoamState) -> np.ndarray:
    p = state.given
    return np.array([ball_radius(v * p.pixel_volume, p.ndim) for v in state.births[1:]]) / max(p.voxel_size)


def _centres(pixels: Pixels, k: int) -> np.ndarray:
    """Return a point near each cell, (K, 3): along periodic axes the mean on the circle, about which its pixels are counted."""
    places = np.unravel_index(np.arange(len(pixels.codes)), tuple(pixels.shape.tolist()))
    centres = np.zeros((k, 3))
    for c, place in enumerate(places):
        n = int(pixels.shape[c])
        if pixels.periodic[c]:
            angle = 2 * np.pi * place / n
            cos, sin = (np.bincount(pixels.codes, w, k) for w in (np.cos(angle), np.sin(angle)))
            centres[:, c] = np.arctan2(sin, cos) / (2 * np.pi) * n % n
        else:
            centres[:, c] = np.bincount(pixels.codes, place, k) / np.maximum(np.bincount(pixels.codes, minlength=k), 1)
    return centres
