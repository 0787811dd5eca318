"""What evolves: the cells as arrays with one row per cell."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import numpy as np

from shapelab.grid_parameters import ball_radius
from shapelab.short_repr import short_repr
from shapelab.state import State

__all__ = ["CellState"]

_ROWS = ("ids", "positions", "velocities", "volumes", "axes", "types", "potentials")


@short_repr
@dataclass
class CellState(State):
    """The cells of one run. Lengths are in box lengths (longest side of the box = 1)."""

    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """(N,) numbers that stay with a cell for life; the label image shows them."""
    positions: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """(N, d) seeds."""
    velocities: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """(N, d)"""
    volumes: np.ndarray = field(default_factory=lambda: np.zeros((0,)))
    """(N,) target areas or volumes."""
    axes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """(N, d) unit vectors: where a cell heads, or its long axis."""
    types: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """(N,) population of each cell, from 0."""
    potentials: np.ndarray = field(default_factory=lambda: np.zeros((0,)))
    """(N,) potentials of the last solution: the warm start; NaN where a cell has none yet."""
    traits: dict[str, np.ndarray] = field(default_factory=dict)
    """Whatever else belongs to cells, one row each: stiffness, exponent, travelled way…"""
    fields: dict[str, np.ndarray] = field(default_factory=dict)
    """Arrays that are not per cell; "mask" is True where there is no wall."""
    diagram: dict[str, np.ndarray] = field(default_factory=dict)
    """The solved cells, as `CellDiagram` reads them."""
    counts: dict[str, float] = field(default_factory=dict)
    """Numbers that a scenario keeps: evacuated cells, births…"""
    next_id: int = 1
    ending: str | None = None
    """Why the run is over."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return int(self.positions.shape[1])

    @property
    def radius(self) -> float:
        """Radius of a ball of the mean target volume."""
        return float(ball_radius(self.volumes.mean(), self.ndim)) if len(self) else 0.0

    @property
    def radii(self) -> np.ndarray:
        """(N,) radii of balls of the target volumes."""
        return np.asarray(ball_radius(self.volumes, self.ndim))

    def snapshot(self) -> CellState:
        """Return a copy that shares what steps replace and never write to: the solved cells and the fields."""
        other = copy.copy(self)
        other.rng = copy.deepcopy(self.rng)
        for name in _ROWS:
            setattr(other, name, getattr(self, name).copy())
        other.traits = {name: value.copy() for name, value in self.traits.items()}
        other.fields, other.diagram, other.counts = dict(self.fields), dict(self.diagram), dict(self.counts)
        return other

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these cells (booleans or row numbers)."""
        for name in _ROWS:
            setattr(self, name, getattr(self, name)[rows])
        self.traits = {name: value[rows] for name, value in self.traits.items()}

    def add(
        self, positions: np.ndarray, volumes: np.ndarray, *, parents: np.ndarray | None = None, ids: np.ndarray | None = None
    ) -> np.ndarray:
        """Append cells and return their row numbers; what is not given is taken from `parents` (rows), or is zero."""
        n, first = len(positions), len(self)
        ids = np.arange(self.next_id, self.next_id + n) if ids is None else np.asarray(ids, np.int64)
        given = {"ids": ids, "positions": positions, "volumes": volumes, "potentials": np.full(n, np.nan)}
        for name in _ROWS:
            old = getattr(self, name)
            new = given[name] if name in given else _inherited(old, parents, n)
            setattr(self, name, np.concatenate([old, new]))
        self.traits = {name: np.concatenate([value, _inherited(value, parents, n)]) for name, value in self.traits.items()}
        self.next_id = max(self.next_id, int(ids.max(initial=0)) + 1)
        return np.arange(first, first + n)

    def row(self, cell_id: int) -> int | None:
        """Return the row of the cell with this id, None if there is none."""
        rows = np.flatnonzero(self.ids == cell_id)
        return int(rows[0]) if len(rows) else None


def _inherited(values: np.ndarray, parents: np.ndarray | None, n: int) -> np.ndarray:
    if parents is not None:
        return values[parents]
    return np.zeros((n, *values.shape[1:]), values.dtype)
