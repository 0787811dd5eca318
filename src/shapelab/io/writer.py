"""Write a run while it goes on: an OME-Zarr folder that opens at its last complete frame whenever it is cut.

The folder holds ``images/NAME/0`` and ``labels/NAME/0`` (arrays with a growing time axis), ``points/NAME.csv``,
``scalars.csv``, ``checkpoints/STEP.npz`` and ``run.json``. A frame's arrays, rows and checkpoint are written first and
the record last, in one rename: what the record does not list does not count.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.io.checkpoint import write_checkpoint
from shapelab.io.ngff import create_group, create_series, multiscales, open_array
from shapelab.io.output import require_new
from shapelab.io.record import SCALARS, WIDER_SCALARS, LayerRecord, LiveChange, layer_record, new_record, record_to_go_on, write_record
from shapelab.io.table import append_rows, column_names, widened_copy
from shapelab.simulation import Simulation

__all__ = ["Moment", "RunWriter", "save_run"]

Keep = Literal["last", "all", "none"]


_AHEAD = 16
"""Frames by which an array grows at once: growing costs as much as writing. What the record does not list is cut at the end."""


@dataclass(frozen=True)
class Moment:
    """All that a run folder keeps of one step."""

    frame: Frame
    parameters: dict[str, Any]
    checkpoint: tuple[dict[str, Any], dict[str, np.ndarray]] | None
    done: bool
    failed: bool
    reason: str | None


def save_run(path: str | Path, simulation: Simulation) -> Path:
    """Save the present frame of a simulation, with what it needs to go on, as a new run folder."""
    with RunWriter(path, simulation) as writer:
        writer.write(simulation.frame())
    return writer.path


class RunWriter:
    """A consumer of frames that keeps them in a folder.

    Nothing appears under `path` before the first frame is complete. Use it as a context manager, in the thread that
    steps the simulation.

    Parameters
    ----------
    path
        Folder to make, such as ``tubes.zarr``; it must not exist.
    simulation
        The run that the frames come from.
    keep
        Checkpoints to keep: the "last" one (the run can be resumed), "all" (resumed from any frame) or "none".
    append
        Go on with the folder of the run that `simulation` was restored from; then `path` must exist.

    Raises
    ------
    InputError
        If the folder exists or cannot be written, or is not the run to append to; nothing is overwritten.
    """

    def __init__(self, path: str | Path, simulation: Simulation, *, keep: Keep = "last", append: bool = False) -> None:
        self.path = Path(path)
        self._simulation = simulation
        self._keep = keep
        self._arrays: dict[str, Any] = {}
        if append:
            self._folder = self.path
            self.record = record_to_go_on(self.path, simulation)
            self._open_arrays()
            self._remove_parts()
            with self._sentences():
                self._settle_scalars()
        else:
            require_new(self.path)
            self._folder = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.partial")
            self.record = new_record(simulation)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def frames(self) -> int:
        """Number of complete frames in the folder."""
        return len(self.record.steps)

    def write(self, frame: Frame) -> None:
        """Add a frame; one that is not later than the last is left out.

        Raises
        ------
        InputError
            If the disk is full or the frame's layers are not those of the first one; the folder keeps its complete frames.
        """
        self.write_moment(self.take(frame))

    def take(self, frame: Frame, *, copy: bool = False) -> Moment:
        """Return what `write` would write now; a `copy` may be written later, in another thread, while the simulation goes on."""
        simulation, checkpoint = self._simulation, None
        if self._keep != "none":
            if simulation.step_number != frame.step:
                raise InputError(
                    f"The simulation is at step {simulation.step_number}, the frame at {frame.step}: write frames as they come."
                )
            plain, arrays = simulation.checkpoint()
            checkpoint = plain, {name: array.copy() for name, array in arrays.items()} if copy else arrays
        return Moment(frame, simulation.parameters.to_json(), checkpoint, simulation.done, simulation.failed, simulation.reason)

    def write_moment(self, moment: Moment) -> None:
        """Add what `take` returned; raises as `write` does."""
        frame = moment.frame
        if self.record.steps and frame.step <= self.record.steps[-1]:
            return
        with self._sentences():
            if not self.record.steps:
                self._create(frame)
            self._write_layers(frame)
            scalars = {"step": [frame.step], "time": [frame.time], **{name: [float(v)] for name, v in frame.scalars.items()}}
            self._append_scalars(scalars)
            old = self._write_checkpoint(moment)
            self._note_changes(frame.step, moment.parameters)
            self.record.steps.append(frame.step)
            self.record.times.append(float(frame.time))
            self.record.done, self.record.failed, self.record.reason = moment.done, moment.failed, moment.reason
            write_record(self._folder, self.record)
            self._settle_scalars()
            for step in old:
                self._checkpoint_file(step).unlink(missing_ok=True)
            if self._folder != self.path:
                self._publish()

    def close(self, reason: str | None = None) -> None:
        """Note how the run ended (`reason`, unless the simulation itself knows); without a frame nothing is left on the disk."""
        if not self.record.steps:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        simulation = self._simulation
        with self._sentences():
            self.record.done, self.record.failed = simulation.done, simulation.failed
            self.record.reason = simulation.reason or reason
            for array in self._arrays.values():
                array.resize((self.frames, *array.shape[1:]))
            write_record(self._folder, self.record)

    def _create(self, frame: Frame) -> None:
        taken: set[str] = set()
        kept = [(item, record) for item in frame.layers if (record := layer_record(item, taken))]
        self.record.layers = [record for _, record in kept]
        volumes = [(item, record) for item, record in kept if item.kind != "points"]
        root = {"multiscales": [_multiscales(item, f"{record.path}/0") for item, record in volumes[:1]]}
        create_group(self._folder, root if volumes else {})
        names = [record.path.split("/")[1] for item, record in volumes if item.kind == "labels"]
        if names:
            create_group(self._folder / "labels", {"labels": names})
        for item, record in volumes:
            extra = {"image-label": {"source": {"image": "../../"}}} if item.kind == "labels" else {}
            create_group(self._folder / record.path, {"multiscales": [_multiscales(item, "0")], **extra})
            data = np.asarray(item.data)
            dtype = np.uint8 if data.dtype == bool else data.dtype
            self._arrays[record.path] = create_series(self._folder / record.path / "0", data.shape, dtype)
        (self._folder / "checkpoints").mkdir()
        (self._folder / "points").mkdir()

    def _write_layers(self, frame: Frame) -> None:
        index = self.frames
        for record in self.record.layers:
            if record.name not in frame:
                raise InputError(f"The frame of step {frame.step} has no layer {record.name!r}; the first frame had one.")
            layer = frame.layer(record.name)
            if record.kind != "points":
                self._write_array(record, np.asarray(layer.data), index)
            rows = _rows(layer)
            if rows:
                count = len(next(iter(rows.values())))
                self._append(f"{record.path}.csv", {"frame": [index] * count, **rows})

    def _write_array(self, record: LayerRecord, data: np.ndarray, index: int) -> None:
        array = self._arrays[record.path]
        if data.shape != array.shape[1:]:
            raise InputError(f"The layer {record.name!r} changed its shape from {array.shape[1:]} to {data.shape}: save it as a new run.")
        if index >= array.shape[0]:
            array.resize((index + _AHEAD, *data.shape))
        array[index] = data

    def _append(self, name: str, columns: Mapping[str, Any]) -> None:
        file = self._folder / name
        file.parent.mkdir(exist_ok=True)
        self.record.tables[name] = append_rows(file, self.record.tables.get(name, 0), columns)

    def _append_scalars(self, columns: Mapping[str, Any]) -> None:
        """Add a row; where it brings new scalars, the table is copied, so that the record goes from one complete file to the other."""
        valid = self.record.tables.get(SCALARS, 0)
        names = [name for name in columns if name not in column_names(self._folder / SCALARS)] if valid else []
        if not names:
            self._append(SCALARS, columns)
            return
        wider = self._folder / WIDER_SCALARS
        self.record.tables[WIDER_SCALARS] = append_rows(wider, widened_copy(self._folder / SCALARS, valid, names, wider), columns)
        del self.record.tables[SCALARS]

    def _settle_scalars(self) -> None:
        """Give the copy the name of the table; a reader that finds it renamed already takes it under that name."""
        if WIDER_SCALARS in self.record.tables:
            with contextlib.suppress(FileNotFoundError):  # renamed already, before the record could say so
                (self._folder / WIDER_SCALARS).replace(self._folder / SCALARS)
            self.record.tables[SCALARS] = self.record.tables.pop(WIDER_SCALARS)

    def _write_checkpoint(self, moment: Moment) -> list[int]:
        """Write the state; return the steps of older checkpoints that may go once the record no longer lists them."""
        if moment.checkpoint is None:
            return []
        step = moment.frame.step
        write_checkpoint(self._checkpoint_file(step), *moment.checkpoint)
        old = self.record.checkpoints if self._keep == "last" else []
        self.record.checkpoints = [step] if self._keep == "last" else [*self.record.checkpoints, step]
        return old

    def _checkpoint_file(self, step: int) -> Path:
        return self._folder / "checkpoints" / f"{step:08d}.npz"

    def _note_changes(self, step: int, parameters: dict[str, Any]) -> None:
        before = self.record.latest_parameters()
        if changed := {name: value for name, value in parameters.items() if value != before.get(name)}:
            self.record.changes.append(LiveChange(step=step, parameters=changed))

    def _publish(self) -> None:
        if self.path.exists():
            raise InputError(f"{str(self.path)!r} was made by someone else meanwhile; this run is in {str(self._folder)!r}.")
        self._folder.rename(self.path)
        self._folder = self.path
        self._open_arrays()

    def _remove_parts(self) -> None:
        """Remove what a killed process left: files begun, and checkpoints that were never committed."""
        listed = {self._checkpoint_file(step) for step in self.record.checkpoints}
        for file in [*self._folder.rglob("*.partial"), *(self._folder / "checkpoints").glob("*.npz")]:
            if file not in listed:
                file.unlink(missing_ok=True)

    def _open_arrays(self) -> None:
        paths = [item.path for item in self.record.layers if item.kind != "points"]
        self._arrays = {path: open_array(self._folder / path / "0", writable=True) for path in paths}

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn errors of the disk into one sentence; drop what was begun but not committed."""
        before = self.record.snapshot()
        try:
            yield
        except BaseException as error:
            self.record = before
            if self._folder != self.path:
                shutil.rmtree(self._folder, ignore_errors=True)
            if isinstance(error, OSError):
                kept = f" Its frames up to step {before.steps[-1]} are complete." if before.steps else ""
                raise InputError(f"The run cannot be written to {str(self.path)!r}: {error.strerror or error}.{kept}") from error
            raise


def _multiscales(layer: LayerData, path: str) -> dict[str, Any]:
    ndim = np.ndim(layer.data)
    meta = layer.meta
    scale = tuple(meta.get("scale", (1.0,) * ndim))
    translate = tuple(meta.get("translate", (0.0,) * ndim))
    unit = str(meta.get("units", ("pixel",))[-1]) if not isinstance(meta.get("units"), str) else str(meta["units"])
    return multiscales(layer.name, path, "t" + "zyx"[-ndim:], (1.0, *scale), (0.0, *translate), unit)


def _rows(layer: LayerData) -> dict[str, Any]:
    """Columns of a layer's table: coordinates of points, and the features of points or labels."""
    features: Any = layer.meta.get("features")
    columns: dict[str, Any] = {}
    if layer.kind == "points":
        data = np.asarray(layer.data)
        columns = {f"axis_{i}": data[:, i] for i in range(data.shape[1])}
    if features is not None:
        columns |= {str(name): np.asarray(features[name]) for name in features}
    return columns
