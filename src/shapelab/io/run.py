"""Read a run folder: its frames lazily, its scalars, and the simulation itself, to be resumed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import checked
from shapelab.catalog import create
from shapelab.device import require_memory
from shapelab.errors import InputError, NotFiniteError, OutOfMemoryError, ParameterError, ShapelabError
from shapelab.frame import Frame, LayerData
from shapelab.io.checkpoint import names_in_checkpoint, read_checkpoint
from shapelab.io.growing_csv import read_table
from shapelab.io.layer_meta import check_place
from shapelab.io.ngff import inside, refuse_links
from shapelab.io.presence import is_folder
from shapelab.io.record import SCALARS, WIDER_SCALARS, LayerRecord, RunRecord, read_record
from shapelab.io.redrawn import Redrawn
from shapelab.io.series import Series
from shapelab.short_repr import short_repr
from shapelab.simulation import Simulation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "load_run"]

UNKNOWN_BOX = "its scenario is not installed here, so its box was assumed not to be periodic (set periodic=True, or --periodic, if it is)."
"""Said where a run's own word is not to be had."""
_TRIED_OUT = 64_000_000
"""Largest state that is tried out when it is opened [bytes]; larger ones would keep the user waiting."""


@checked()
def load_run(path: str | Path) -> Run:
    """Open a run folder. Only its record is read now, and everything that it states is checked.

    Raises
    ------
    InputError
        If the folder is missing, foreign, cut or damaged, or refers to anything outside of itself.
    """
    folder = Path(path)
    if not is_folder(folder):
        raise InputError(f"There is no run folder {str(folder)!r}.")
    refuse_links(folder)
    record = read_record(folder)
    if not record.steps:
        raise InputError(f"The run {folder.name} has no complete frame.")
    run = Run(folder, record)
    for item in record.layers:
        if item.kind != "points":
            run.array(item)
    return run


@short_repr
@dataclass(frozen=True, eq=False)
class Run:
    """A run on disk."""

    path: Path
    record: RunRecord

    def __len__(self) -> int:
        return len(self.record.steps)

    @property
    def steps(self) -> list[int]:
        """Step of each frame."""
        return self.record.steps

    @property
    def periodic(self) -> bool | None:
        """Whether opposite sides of the box are joined; None if that is not known, as the run's scenario is not installed here."""
        try:
            return create(self.record.family, self.record.preset, **self.record.latest_parameters()).periodic
        except (ShapelabError, TypeError):
            return None

    @property
    def time_unit(self) -> str:
        """Unit of the times of its frames, "" where they are pure numbers."""
        return "s" if self.record.family == "cells" else ""

    @property
    def scalars(self) -> pd.DataFrame:
        """One row per frame: step, time and every scalar."""
        table, intact = self._scalars()
        if table is None or len(table) != len(self):
            raise InputError(f"The table scalars.csv of {self.path.name} is missing or damaged.")
        if any(table[column].dtype.kind not in "biuf" for column in table.columns):
            raise InputError(f"The table scalars.csv of {self.path.name} is damaged: it holds something else than numbers.")
        return self._require_intact(table, intact, "scalars.csv")

    def layers(self) -> list[LayerData]:
        """Return the layers with a leading time axis (one entry per frame); arrays are read when they are looked at."""
        return [self._points(item, None) if item.kind == "points" else self._series(item) for item in self.record.layers]

    def frame(self, index: int = -1, resolution: int | None = None) -> Frame:
        """Return one frame, read into memory; its cells as they were saved, or with `resolution` pixels per computed one and axis."""
        index = range(len(self))[index]
        if resolution is not None:
            frame, drawn = self.frame(index), self.redrawn(resolution).layer(index)
            return replace(frame, layers=tuple(drawn if item.name == drawn.name else item for item in frame.layers))
        layers, arrays = [], {item.path: self.array(item) for item in self.record.layers if item.kind != "points"}
        require_memory(sum(array.nbytes // max(1, array.shape[0]) for array in arrays.values()))
        for item in self.record.layers:
            if item.kind == "points":
                layers.append(self._points(item, index))
            else:
                array = arrays[item.path]
                layers.append(LayerData(item.name, array[index], item.kind, item.meta | self._features(item, index)))
        row = self.scalars.iloc[index]
        values = {str(name): float(row[name]) for name in row.index if name not in ("step", "time")}
        return Frame(self.record.steps[index], self.record.times[index], tuple(layers), values)

    def redrawn(self, resolution: int) -> Redrawn:
        """Return the cells of all frames with `resolution` (1 to 16) pixels per computed pixel along each axis, drawn as they are read."""
        saved = next((self.array(item) for item in self.record.layers if item.name == "cells" and item.kind == "labels"), None)
        return Redrawn(self.path, self.record, np.dtype(np.uint32) if saved is None else saved.dtype, resolution)

    def simulation(self, step: int | None = None) -> Simulation:
        """Return the simulation as it was at `step` (by default the last checkpoint), ready to be resumed."""
        try:
            simulation = create(self.record.family, self.record.preset, **self.record.latest_parameters())
        except TypeError as error:  # a parameter by the name of something else
            raise InputError(f"The record of {self.path.name} is damaged: its parameters are not those of {self.record.family}.") from error
        self.restore(simulation, step)
        return simulation

    def restore(self, simulation: Simulation, step: int | None = None) -> None:
        """Put `simulation`, of the same family, where this run was at `step` (by default the last checkpoint)."""
        if simulation.model.name != self.record.family:
            raise InputError(f"{self.path.name} is a run of {self.record.family}, not of {simulation.model.name}.")
        step, plain, arrays = self._checkpoint(step)
        try:
            _check_shapes(simulation, plain, arrays, self.path.name)
            simulation.restore_checkpoint(plain, arrays)
            _try_out(simulation)
        except ShapelabError:
            raise
        except Exception as error:  # whatever a state that is not one leads to
            raise InputError(f"The checkpoint of step {step} in {self.path.name} is damaged.") from error
        simulation.history, simulation.origin = [], (str(self.path.resolve()), step)

    def held_fields(self) -> list[str] | None:
        """Return what the state holds besides what evolves, such as a mask of clamped voxels; None if the run has no checkpoint."""
        if not self.record.checkpoints:
            return None
        file = inside(self.path, f"checkpoints/{self.record.checkpoints[-1]:08d}.npz")
        return [name.removeprefix("fields.") for name in names_in_checkpoint(file) if name.startswith("fields.")]

    def _checkpoint(self, wanted: int | None) -> tuple[int, dict[str, Any], dict[str, np.ndarray]]:
        """Read a checkpoint; where whoever writes the run has replaced it by a later one meanwhile, that one."""
        while True:
            steps = read_record(self.path).checkpoints
            if not steps:
                raise InputError(f"The run {self.path.name} was saved without a checkpoint, so it cannot be resumed.")
            step = steps[-1] if wanted is None else wanted
            if step not in steps:
                raise InputError(f"The run {self.path.name} has no checkpoint of step {step}; it has {', '.join(map(str, steps[-20:]))}.")
            try:
                return step, *read_checkpoint(inside(self.path, f"checkpoints/{step:08d}.npz"))
            except InputError:
                if read_record(self.path).checkpoints == steps:
                    raise

    def table(self, path: str) -> pd.DataFrame:
        """Return the table of a layer (its `path` in the record): the frame of each row, coordinates and features."""
        table, intact = self._table(f"{path}.csv") or (None, True)
        numbers = [] if table is None else [name for name in table.columns if name == "frame" or str(name).startswith("axis_")]
        if table is None or "frame" not in numbers or any(table[name].dtype.kind not in "iuf" for name in numbers):
            raise InputError(f"The table {path}.csv of {self.path.name} is missing or damaged.")
        if not table["frame"].between(0, len(self) - 1).all():
            raise InputError(f"The table {path}.csv of {self.path.name} is damaged: it speaks of frames that are not there.")
        return self._require_intact(table, intact, f"{path}.csv")

    def checkpoint_before(self, step: int) -> int | None:
        """Return the last step up to `step` that the run can be resumed from, None if there is none."""
        return max((kept for kept in self.record.checkpoints if kept <= step), default=None)

    def array(self, item: LayerRecord) -> Series:
        """Open the array (t, …) of a layer and check it against the record."""
        array = Series(inside(self.path, f"{item.path}/0"))
        if array.ndim not in (3, 4) or array.shape[0] < len(self) or math.prod(array.shape[1:]) == 0:
            raise InputError(f"The layer {item.name!r} of {self.path.name} has shape {array.shape}; the record lists {len(self)} frames.")
        if math.prod(array.shape[1:]) * array.dtype.itemsize > 2**40:
            raise InputError(f"The layer {item.name!r} of {self.path.name} claims the shape {array.shape}: refused.")
        if item.kind == "labels" and array.dtype.kind not in "iu":
            raise InputError(f"The labels {item.name!r} of {self.path.name} are not whole numbers but {array.dtype}.")
        check_place(item.meta, array.ndim - 1, item.name)
        return array

    def _series(self, item: LayerRecord) -> LayerData:
        import dask.array as da

        array = self.array(item)
        series = da.from_array(array, chunks=array.chunks, name=False)[: len(self)]  # type: ignore[no-untyped-call]
        return LayerData(item.name, series, item.kind, _with_time(item.meta))

    def _points(self, item: LayerRecord, index: int | None) -> LayerData:
        table = self.table(item.path)
        axes = [name for name in table.columns if str(name).startswith("axis_")]
        check_place(item.meta, len(axes), item.name)
        features = table.drop(columns=[*axes, "frame"])
        if index is None:
            return LayerData(item.name, table[["frame", *axes]].to_numpy(), "points", {**_with_time(item.meta), "features": features})
        here = (table["frame"] == index).to_numpy()
        return LayerData(item.name, table.loc[here, axes].to_numpy(), "points", {**item.meta, "features": features[here]})

    def _features(self, item: LayerRecord, index: int) -> dict[str, Any]:
        if f"{item.path}.csv" not in self.record.tables:
            return {}
        table = self.table(item.path)
        return {"features": table[table["frame"] == index].drop(columns="frame").reset_index(drop=True)}

    def _scalars(self) -> tuple[pd.DataFrame | None, bool]:
        """Return the scalars of these frames, and whether they are what was written; None if they are missing.

        Whoever writes the run replaces the table by a wider one when there are further scalars: then the record of now says what counts.
        """
        run = self
        while True:
            name = WIDER_SCALARS if WIDER_SCALARS in run.record.tables else SCALARS
            with contextlib.suppress(InputError):
                table, intact = run._table(name) or (None, True)
                if table is not None and intact and len(table) == len(run):
                    return table[: len(self)], True
            now = read_record(self.path)
            if now == run.record:
                return run._table(name) or (None, True)
            run = replace(self, record=now)

    def _table(self, name: str) -> tuple[pd.DataFrame, bool] | None:
        """Return a table, and whether it is what was written; None if the run has no such table."""
        extent = self.record.extent(name)
        if extent is None:
            return None
        if name == WIDER_SCALARS:
            with contextlib.suppress(InputError):
                return read_table(inside(self.path, name), extent)
            name = SCALARS  # renamed before the record could say so
        return read_table(inside(self.path, name), extent)

    def _require_intact(self, table: pd.DataFrame, intact: bool, name: str) -> pd.DataFrame:
        if not intact:
            raise InputError(f"The table {name} of {self.path.name} is damaged: its checksum is not that of what was written.")
        return table


def _with_time(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Add the time axis (in frames) to a layer's axes."""
    first = {"scale": 1.0, "translate": 0.0, "units": "pixel", "axis_labels": "t"}
    return {key: [first[key], *value] if key in first and isinstance(value, list) else value for key, value in meta.items()}


def _try_out(simulation: Simulation) -> None:
    """Show the state and take a step with a copy of it: a damaged one is told when it is opened, not when the run goes on."""
    simulation.frame()
    state = simulation.state()
    if sum(array.nbytes for array in state.pack()[1].values()) <= _TRIED_OUT:
        with contextlib.suppress(NotFiniteError, OutOfMemoryError):  # which may be how the run ends
            simulation.model.step(state)


def _check_shapes(simulation: Simulation, plain: dict[str, Any], arrays: dict[str, np.ndarray], name: str) -> None:
    """Compare with a new state where one can be made: compiled loops trust the shapes of a state."""
    if not isinstance(plain.get("parameters"), dict):
        raise InputError(f"The checkpoint of {name} is damaged: it has no parameters.")
    parameters = simulation.model.parameters_type.from_json(plain["parameters"])
    grid = tuple(getattr(parameters, "shape", ()))
    try:
        _, fresh = Simulation(simulation.model, parameters, preset=simulation.preset).checkpoint()
    except (InputError, ParameterError):  # it started from a user's own shape, which only the checkpoint holds
        fresh = {}
    for key, array in arrays.items():
        like = fresh.get(key)
        if like is not None:
            on_grid = grid and like.shape[-len(grid) :] == grid
            fits = array.dtype == like.dtype and array.ndim == like.ndim and (not on_grid or array.shape == like.shape)
        else:  # a field on the grid, or one that broadcasts to it
            fits = array.ndim < 3 or bool(fresh) or all(n in (1, m) for n, m in zip(array.shape[-len(grid) :], grid, strict=True))
        if not fits:
            raise InputError(f"The checkpoint of {name} is damaged: {key} has shape {array.shape} and dtype {array.dtype}.")
