"""What evolves: the cells as arrays with one row each, the medium first, and the pixels that they share."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.convert.given_labels import MOST_TYPES
from shapelab.errors import InputError
from shapelab.foam.parameters import FoamParameters
from shapelab.foam.pixels import Extent, Pixels
from shapelab.parameters import Parameters
from shapelab.short_repr import short_repr
from shapelab.state import State

__all__ = ["FoamState"]

ROWS = ("ids", "types", "kinds", "targets", "births", "paces", "leaving", "prices", "centres", "drifts", "pulls")


def _none(dtype: type = float) -> np.ndarray:
    return np.zeros(0, dtype)


@short_repr
@dataclass
class FoamState(State):
    """The foam of one run. Row 0 of every array is the medium, whether there is one or not; volumes are in pixels."""

    ids: np.ndarray = field(default_factory=lambda: _none(np.int64))
    """(K,) numbers that stay with a cell for life; the label image shows them."""
    types: np.ndarray = field(default_factory=lambda: _none(np.int64))
    """(K,) population of each cell, from 0; that of the medium means nothing."""
    kinds: np.ndarray = field(default_factory=lambda: _none(np.int32))
    """(K,) row of each cell in `table`."""
    table: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    """(T, T) tensions between kinds; those of two cells of one kind on the diagonal."""
    own_table: bool = False
    """Whether the table was given with the cells, and does not follow the parameters."""
    targets: np.ndarray = field(default_factory=_none)
    """(K,) wanted volumes; NaN for the medium."""
    births: np.ndarray = field(default_factory=_none)
    """(K,) volumes that the cells began with."""
    paces: np.ndarray = field(default_factory=_none)
    """(K,) how fast each cell grows, around 1: so that not all divide at once."""
    leaving: np.ndarray = field(default_factory=_none)
    """(K,) what cells that are being removed lose in a step."""
    prices: np.ndarray = field(default_factory=_none)
    """(K,) of the last step."""
    centres: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    """(K, 3) centres in pixels along (z, y, x); beyond the box where it is periodic."""
    drifts: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    """(K, 3) directions in which cells pull, of mean square 1."""
    pulls: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    """(K, 4) where a hand pulls each cell, (z, y, x) in pixels, and for how many more steps; 0 steps where it does not."""
    codes: np.ndarray = field(default_factory=lambda: _none(np.int32))
    cells: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.int32))
    fractions: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    """The pixels, as `Pixels` has them."""
    medium: bool = True
    """Whether there is a medium."""
    surfaces: np.ndarray = field(default_factory=_none)
    contacts: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    energy: float = 0.0
    """As `Measured` has them, before the last step."""
    width: float = 2.0
    """Deviation of the Gaussian [pixels of the coarsest axis]."""
    next_id: int = 1
    still: int = 0
    """Steps for which nothing has moved."""
    counts: dict[str, float] = field(default_factory=dict)
    """Births, deaths, pixels given to neighbours."""
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What the user should know of this run, and of its tensions."""

    def __len__(self) -> int:
        """Return the number of cells, without the medium."""
        return max(0, len(self.ids) - 1)

    @property
    def given(self) -> FoamParameters:
        """The parameters, with their type."""
        assert isinstance(self.parameters, FoamParameters)
        return self.parameters

    @property
    def pixels(self) -> Pixels:
        """The pixels."""
        shape = np.array((1,) * (3 - self.given.ndim) + tuple(self.given.shape), np.int64)
        joined = np.array([self.given.periodic and self.given.ndim == 3, self.given.periodic, self.given.periodic])
        return Pixels(shape, joined, self.codes, self.cells, self.fractions)

    @pixels.setter
    def pixels(self, pixels: Pixels) -> None:
        self.codes, self.cells, self.fractions = pixels.codes, pixels.cells, pixels.fractions

    def extent(self) -> Extent:
        """Return how far the cells reach."""
        return self.pixels.extent(self.centres)

    @classmethod
    def unpack(cls, plain: dict[str, Any], arrays: dict[str, np.ndarray], parameters: Parameters) -> FoamState:
        """Make a state from what `pack` returned.

        Raises
        ------
        InputError
            If the arrays do not fit one another: the compiled loops trust them.
        """
        state = super().unpack(plain, arrays, parameters)
        if not state.fits():
            raise InputError("This checkpoint of a foam is damaged: its cells do not fit its pixels.")
        return state

    def fits(self) -> bool:
        """Tell whether every cell that is named exists, and the arrays have one row for each."""
        k, band = len(self.ids), len(self.cells)
        rows = all(len(getattr(self, name)) == k for name in (*ROWS, "surfaces"))
        shapes = (
            self.centres.shape == self.drifts.shape == (k, 3)
            and self.pulls.shape == (k, 4)
            and self.cells.shape == self.fractions.shape == (band, 4)
        )
        types = self.codes.dtype == self.cells.dtype == self.kinds.dtype == np.int32 and self.fractions.dtype == np.float32
        if not (rows and shapes and self.pulls.shape == (k, 4) and types and k and self.table.ndim == 2 and self.codes.ndim == 1):
            return False
        codes = len(self.codes) == math.prod(self.given.shape) and -band <= self.codes.min() and self.codes.max() < k
        named = self.cells.min(initial=-1) >= -1 and self.cells.max(initial=-1) < k and (self.cells[:, 0] >= 0).all()
        table = self.table.shape == (len(self.table),) * 2 and self.kinds.min() >= 0 and self.kinds.max() < len(self.table)
        numbers = np.isfinite(self.table).all() and (self.table > 0).any() and self.types.min() >= 0 and self.types.max() < MOST_TYPES
        return bool(
            codes
            and named
            and table
            and numbers
            and np.isfinite(self.centres).all()
            and np.isfinite(self.fractions).all()
            and np.isfinite(self.pulls).all()
        )

    def snapshot(self) -> FoamState:
        """Return a copy that shares the pixels, which steps replace and never write to."""
        other = copy.copy(self)
        other.rng = copy.deepcopy(self.rng)
        for name in ROWS:
            setattr(other, name, getattr(self, name).copy())
        other.counts, other.notes = dict(self.counts), list(self.notes)
        other.warnings = list(self.warnings)
        return other

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these rows of the arrays; the pixels are not touched."""
        for name in ROWS:
            setattr(self, name, getattr(self, name)[rows])
        self.surfaces = self.surfaces[rows]

    def add(self, parent: int, cell_id: int | None = None) -> int:
        """Append a cell that takes everything after `parent` but its id; return its row."""
        for name in ROWS:
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, old[parent : parent + 1]]))
        self.surfaces = np.append(self.surfaces, 0.0)
        self.pulls[-1] = 0
        self.ids[-1] = self.next_id if cell_id is None else cell_id
        self.next_id = max(self.next_id, int(self.ids[-1])) + 1
        return len(self.ids) - 1

    def row(self, cell_id: int) -> int | None:
        """Return the row of the cell with this id, None if there is none."""
        rows = np.flatnonzero(self.ids[1:] == cell_id)
        return int(rows[0]) + 1 if len(rows) else None
