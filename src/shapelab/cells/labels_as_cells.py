"""A user's labels as cells: ids, seeds, volumes, anisotropies and walls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.convert.given_labels import MIN_PIXELS, GivenLabels, numbered_types, take_labels
from shapelab.convert.given_layer import parts_of
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.labels.moments import cell_moments
from shapelab.measure.labels import middles

__all__ = ["GivenCells"]


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenCells(GivenLabels):
    """Cells that a run starts from.

    Attributes
    ----------
    mask
        True where there is no wall; None if there are none.
    """

    mask: np.ndarray | None = None

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
        taken = take_labels("initial", source, empty=True)
        given = cls(labels=taken.labels, scale=taken.scale, unit=taken.unit, mask=_mask(walls, taken.labels))
        return given if taken.stated is None else replace(given, types=numbered_types(taken.stated, given._counted[0]))

    def layers(self) -> dict[str, LayerData]:
        """Return the arrays by the name of the argument that takes them."""
        found = {"initial": self.layer("initial")}
        if self.mask is not None:
            found["walls"] = self.layer("walls", (~self.mask).astype(np.uint8))
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
        found = {**self.grid(), "n_cells": len(counts)}
        if len(counts):
            found["filling"] = min(1.0, float(counts.sum() / room))
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
        raise InputError("The walls leave no space for cells.")
    return None if mask.all() else mask
