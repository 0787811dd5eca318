"""Flat cells as a page recomputes them: seeds, potentials and the numbers of their costs, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.frame import Frame
from shapelab.io import Run
from shapelab.page.packing import Chunks, Column, pack_columns
from shapelab.simulation import Simulation
from shapelab.stopping import check_stop
from shapelab.units import shown_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHAPE_COLUMNS", "FlatCells", "columns_of", "cost_columns", "present_cells", "read_cells"]

SHAPE_COLUMNS = ("kind", "exponent", "scale", "a00", "a01", "a11", "axis0", "axis1", "length", "cap")
"""Numbers of a cost beside the seed and the potential: kind, p, s, the matrix A, the axis and the half length of rods, the cap."""
NO_CAP = 1e30
"""Cap of a cost that grows without bound, in the single precision of a shader."""
_WHOLE = ("type", "id")
_CLOSED_FORMS = 3
"""Kinds of costs up to this one have a closed form (see `shapelab.transport.cost_table`)."""


class FlatCells:
    """The cells of some frames.

    Parameters
    ----------
    frames
        Arrays of each frame: "seeds" (N, 2), "potentials", "volumes", "types", "ids", "colours", all (N,), "cost" (N, 10)
        and "open" (y, x), True where there is no wall. Lengths are in box lengths.
    shape, spacing, periodic
        The grid that they were solved on.
    length, unit
        One box length in the world, and its unit.
    colour_by
        What "colours" are, "" if nothing.
    """

    def __init__(
        self,
        frames: Sequence[dict[str, np.ndarray]],
        shape: tuple[int, ...],
        spacing: tuple[float, ...],
        periodic: bool,
        length: float,
        unit: str,
        colour_by: str = "",
    ) -> None:
        self.frames, self.shape, self.spacing, self.periodic = list(frames), shape, spacing, periodic
        self.length, self.unit, self.colour_by = length, unit, colour_by

    def at(self, indices: Sequence[int]) -> FlatCells:
        """Return some of the frames."""
        kept = [self.frames[index] for index in indices]
        return FlatCells(kept, self.shape, self.spacing, self.periodic, self.length, self.unit, self.colour_by)

    def pack(self, bits: int) -> tuple[list[Chunks], dict[str, Any]]:
        """Return the bytes of columns and walls, and what is needed to read them."""
        highest = {f"x{axis}": n * h for axis, (n, h) in enumerate(zip(self.shape, self.spacing, strict=True))}
        tables = [columns_of(frame) for frame in self.frames]
        columns = []
        for name in tables[0]:
            low = 0.0 if name in highest else None
            columns.append(Column(name, [table[name] for table in tables], low, highest.get(name), exact=name in _WHOLE))
        chunks, described = pack_columns(columns, bits)
        walls = Chunks()
        for frame in self.frames:
            walls.add_bytes(np.packbits(frame["open"]).tobytes())
        return [chunks, walls], {
            "kind": "cells2",
            "shape": list(self.shape),
            "spacing": list(self.spacing),
            "periodic": self.periodic,
            "counts": [len(frame["ids"]) for frame in self.frames],
            "columns": described,
            "colourBy": self.colour_by,
            "perBox": self.length,
            "unit": self.unit,
        }


def columns_of(frame: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what a page needs of every cell of one frame, by the names that its program knows."""
    shapes = {name: frame["cost"][:, k] for k, name in enumerate(SHAPE_COLUMNS)}
    seeds = {f"x{axis}": frame["seeds"][:, axis] for axis in range(2)}
    rest = {"volume": frame["volumes"], "colour": frame["colours"], "type": frame["types"], "id": frame["ids"]}
    return {**seeds, "potential": frame["potentials"], **shapes, **rest}


def read_cells(run: Run, indices: Sequence[int]) -> FlatCells | None:
    """Return the cells of these frames of a run; None if they are not flat, not saved to be redrawn, or have a cost without closed form.

    Raises
    ------
    ShapelabError
        If what they are redrawn from is damaged, or their scenario is not installed.
    """
    record = run.record
    if set(record.steps) - set(record.drawings):
        return None
    redrawn = run.redrawn(1)
    model, frames = redrawn.model, []
    if len(redrawn.shape) != 3 or not hasattr(model, "cost"):
        return None
    parameters: Any = None
    table = _colour_table(run, model.colour_by)
    for index in indices:
        check_stop()
        state: Any = redrawn.state(index)
        frame = _frame(model, state)
        if frame is None:
            return None
        frame["colours"] = _colours(table, model.colour_by, index, len(frame["ids"]))
        frames.append(frame)
        parameters = state.parameters
    return _flat_cells(frames, parameters, model)


def present_cells(simulation: Simulation, frame: Frame) -> FlatCells | None:
    """Return the cells of a simulation as they are now, on the same terms as `read_cells`; `frame` is the present one."""
    model: Any = simulation.model
    state: Any = simulation.look(model.drawable)
    if state is None or not hasattr(model, "cost") or len(state.parameters.shape) != 2:
        return None
    cells = _frame(model, state)
    if cells is None:
        return None
    features = frame.layer("seeds").meta.get("features", {}) if "seeds" in frame else {}
    known = model.colour_by in features and len(features[model.colour_by]) == len(cells["ids"])
    cells["colours"] = np.asarray(features[model.colour_by], float) if known else np.zeros(len(cells["ids"]))
    return _flat_cells([cells], state.parameters, model)


def _flat_cells(frames: Sequence[dict[str, np.ndarray]], parameters: Any, model: Any) -> FlatCells:
    p = parameters
    return FlatCells(frames, p.shape, p.spacing, bool(model.periodic), p.length, shown_unit(p.unit), model.colour_by)


def _frame(model: Any, state: Any) -> dict[str, np.ndarray] | None:
    n, shape = len(state.ids), state.parameters.shape
    packed = state.fields.get("mask")
    inside = np.ones(shape, bool) if packed is None else np.unpackbits(packed, count=int(np.prod(shape))).astype(bool).reshape(shape)
    cost = np.zeros((0, len(SHAPE_COLUMNS)))
    if n:
        table = model.cost(state).table(state.volumes, 2)
        if table.function is not None or (np.asarray(table.kind) > _CLOSED_FORMS).any():
            return None
        cost = cost_columns(table)
    return {
        "seeds": np.asarray(state.positions, float).reshape(n, 2) % _size(state.parameters, model.periodic),
        "potentials": np.asarray(state.potentials, float),
        "volumes": np.asarray(state.volumes, float),
        "types": np.asarray(state.types, float),
        "ids": np.asarray(state.ids, float),
        "cost": cost,
        "open": inside,
    }


def cost_columns(table: Any) -> np.ndarray:
    """Return the numbers of a `shapelab.transport.cost_table.CostTable` in two dimensions, (N, 10), in the order of `SHAPE_COLUMNS`."""
    matrix, axis = np.asarray(table.matrix), np.asarray(table.axis)
    shape = (table.kind, table.exponent, table.scale, matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 1])
    rods = (axis[:, 0], axis[:, 1], table.length, np.minimum(table.cap, NO_CAP))
    return np.stack([np.asarray(column, float) for column in (*shape, *rods)], axis=1)


def _size(parameters: Any, periodic: bool) -> np.ndarray:
    """Return the period of the box; infinity where it is closed."""
    return np.array([n * h if periodic else np.inf for n, h in zip(parameters.shape, parameters.spacing, strict=True)])


def _colour_table(run: Run, name: str) -> pd.DataFrame | None:
    """Return the table of seeds, if it has the property by which the scenario colours its cells."""
    for item in run.record.layers if name else []:
        if item.name == "seeds" and f"{item.path}.csv" in run.record.tables:
            table = run.table(item.path)
            return table if name in table else None
    return None


def _colours(table: pd.DataFrame | None, name: str, index: int, n: int) -> np.ndarray:
    """Return that property of the cells of one frame, 0 where it is not known."""
    here = table.loc[table["frame"] == index, name].to_numpy(float) if table is not None else np.zeros(0)
    return np.asarray(here) if len(here) == n else np.zeros(n)
