"""A user's labels as cells: ids, seeds, volumes, anisotropies and walls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shapelab.arguments import one_array
from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.convert.given_layer import parts_of
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.labels.check import as_labels, refuse_grey
from shapelab.labels.moments import cell_moments
from shapelab.measure.labels import middles

__all__ = ["GivenCells"]

MIN_PIXELS = 4
"""Smaller labels cannot be followed and are taken as medium."""
MAX_TYPES = 100
"""Populations that labels may state, as many as edits know; no scenario tells more than two of them apart."""
_LARGEST = 2**63 - 2
"""Largest label: ids are signed numbers of 64 bits, and new cells take the next ones."""


@dataclass(frozen=True, eq=False)
class GivenCells:
    """Labels that a run starts from.

    Attributes
    ----------
    labels
        (z, y, x) or (y, x): 0 is medium, each other number a cell.
    mask
        True where there is no wall; None if there are none.
    scale, unit
        Pixel size and unit of the layer, None if unknown.
    types
        Label -> its population (0 or 1 in most scenarios); None where the scenario decides.
    """

    labels: np.ndarray
    mask: np.ndarray | None = None
    scale: tuple[float, ...] | None = None
    unit: str | None = None
    types: Mapping[int, int] | None = None

    @classmethod
    def of(cls, source: Any, walls: Any = None) -> GivenCells:
        """Check labels given as an array, a `LayerData` or a ``(data, meta, kind)`` triple.

        Parameters
        ----------
        source
            Whole numbers in two or three dimensions. A layer whose ``meta["features"]`` have the columns "index" (label) and
            "type" says of which population each cell is.
        walls
            Image of the same shape (not 0: wall), or "background" to make the label 0 wall.

        Raises
        ------
        InputError
            In one sentence, if they cannot be used.
        """
        if isinstance(source, GivenCells):
            return source
        data, meta, kind = parts_of(source)
        labels = _checked(one_array("initial", data))
        if kind != "labels":
            refuse_grey(labels)
        scale = meta.get("scale")
        units = meta.get("units")
        unit = None if units is None else str(units if isinstance(units, str) else units[-1])
        steps = None if scale is None else tuple(abs(float(h)) for h in np.ravel(scale)[-labels.ndim :])
        given = cls(labels, _mask(walls, labels), steps, unit)
        features = meta.get("features")
        if features is None or not {"index", "type"} <= set(features):
            return given
        return replace(given, types=_types(features, given._counted[0]))

    def layers(self) -> dict[str, LayerData]:
        """Return the arrays by the name of the argument that takes them."""
        meta: dict[str, Any] = {} if self.scale is None else {"scale": self.scale}
        if self.unit is not None:
            meta["units"] = (self.unit,) * self.labels.ndim
        if self.types is not None:
            meta["features"] = {"index": list(self.types), "type": list(self.types.values())}
        found = {"initial": LayerData("initial", self.labels, "labels", meta)}
        if self.mask is not None:
            found["walls"] = LayerData("walls", (~self.mask).astype(np.uint8), "labels", meta)
        return found

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self._counted[0])

    @property
    def left_out(self) -> np.ndarray:
        """Labels that are too small to be cells."""
        return self._counted[2]

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that follow from the labels."""
        counts = self._counted[1]
        room = self.labels.size if self.mask is None else int(self.mask.sum())
        found: dict[str, Any] = {"shape": self.labels.shape, "n_cells": len(counts)}
        if len(counts):
            found["filling"] = min(1.0, float(counts.sum() / room))
        found["voxel_size"] = self.scale if self.scale is not None else (1.0,) * self.labels.ndim
        if self.unit is not None:
            found["unit"] = self.unit
        return found

    def populate(self, state: CellState, periodic: bool = False) -> None:
        """Put the cells into `state`: centroids, volumes, long axes, and covariances as the trait "covariance".

        Where opposite sides of the box are joined (`periodic`), a label on both sides is one cell that lies across them.
        """
        p = state.parameters
        assert isinstance(p, CellParameters)
        if tuple(p.shape) != self.labels.shape:
            raise InputError(f"The labels have shape {self.labels.shape} and the grid {tuple(p.shape)}: they must be the same.")
        ids = self._counted[0]
        rows = self._rows(ids)
        near = middles(rows, len(ids), p.spacing, (periodic,) * p.ndim)
        volumes, centres, covariances = cell_moments(rows, len(ids), p.spacing, *near)
        if periodic:
            centres = centres % (np.array(p.shape) * p.spacing)
        state.add(centres, volumes, ids=ids)
        state.traits["covariance"] = covariances
        if len(ids):
            state.axes = np.linalg.eigh(covariances)[1][:, :, -1]

    def assign_types(self, state: CellState) -> None:
        """Give the cells that are still there the types that the labels state."""
        if self.types is not None:
            state.types = np.array([self.types[int(i)] for i in state.ids], np.int64)

    def _rows(self, ids: np.ndarray) -> np.ndarray:
        """Return the image of row numbers of the labels `ids`, -1 elsewhere."""
        ids = ids.astype(self.labels.dtype)  # NumPy would compare numbers of 64 bits with and without a sign as floats
        rows = np.minimum(np.searchsorted(ids, self.labels), max(len(ids) - 1, 0))
        known = (ids[rows] == self.labels) if len(ids) else np.zeros(self.labels.shape, bool)
        return np.where(known if self.mask is None else known & self.mask, rows, -1)

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids and numbers of pixels of the cells, and the labels that are too small."""
        inside = self.labels if self.mask is None else self.labels[self.mask]
        ids, counts = np.unique(inside, return_counts=True)
        large = counts >= MIN_PIXELS
        good = (ids != 0) & large
        return ids[good].astype(np.int64), counts[good], ids[(ids != 0) & ~large]


def _types(features: Any, ids: np.ndarray) -> dict[int, int] | None:
    """Return the population of each cell, 0 for the first of the values in their order; None if nothing is stated."""
    stated = dict(zip(np.asarray(features["index"]).tolist(), np.asarray(features["type"]).tolist(), strict=True))
    values = [stated.get(i) for i in ids.tolist()]
    known = [value for value in values if value is not None and value == value]  # NaN is not itself
    if not known:
        return None
    if len(known) < len(values):
        lost = [i for i, value in zip(ids.tolist(), values, strict=True) if value is None or value != value]
        raise InputError(
            f"The feature 'type' has no value for {len(lost)} of the {len(ids)} cells (the first is label {lost[0]}): "
            "give every cell a type, or remove the column."
        )
    kinds = sorted(set(known), key=lambda value: (isinstance(value, str), value))
    if len(kinds) > MAX_TYPES:
        raise InputError(f"The feature 'type' has {len(kinds)} different values; up to {MAX_TYPES} are allowed.")
    if all(isinstance(value, int | float) and value in range(MAX_TYPES) for value in kinds) and 0 in kinds:
        return {i: int(stated[i]) for i in ids.tolist()}
    return {i: kinds.index(value) for i, value in zip(ids.tolist(), values, strict=True)}


def _checked(labels: np.ndarray) -> np.ndarray:
    labels = as_labels(labels, empty=True, floats=True, most=_LARGEST)
    if min(labels.shape) < 8:
        raise InputError(f"The labels have shape {labels.shape}: each side needs at least 8 pixels.")
    if labels.dtype == bool:
        from scipy.ndimage import label

        labels = np.asarray(label(labels)[0])
    return labels


def _mask(walls: Any, labels: np.ndarray) -> np.ndarray | None:
    if walls is None:
        return None
    if isinstance(walls, str):
        if walls != "background":
            raise InputError(f"walls = {walls!r} is not allowed: give an image, or 'background' to make label 0 wall.")
        mask = labels != 0
    else:
        image = np.asarray(parts_of(walls)[0])
        if image.shape != labels.shape:
            raise InputError(f"The walls have shape {image.shape} and the labels {labels.shape}: they must be the same.")
        mask = image == 0
    if not mask.any():
        raise InputError("The walls leave no room for cells.")
    return None if mask.all() else mask
