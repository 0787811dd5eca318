"""Write a run while it goes on: an OME-Zarr folder that opens at its last complete frame whenever it is cut.

The folder holds ``images/NAME/0`` and ``labels/NAME/0`` (arrays with a growing time axis), ``points/NAME.csv``,
``scalars.csv``, ``checkpoints/STEP.npz`` and ``run.json``; runs of cells also ``drawings/STEP.npz``, from which every frame can be
drawn on any grid. A frame's arrays, rows and checkpoint are written first, and
settled on the disk, and the record last, in one rename: what the record does not list does not count. One process at a
time writes a folder.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np

from shapelab.arguments import checked
from shapelab.errors import InputError
from shapelab.frame import Frame
from shapelab.io.checkpoint import write_checkpoint
from shapelab.io.durable import settle, settle_folder
from shapelab.io.lock import FolderLock
from shapelab.io.moment import Moment
from shapelab.io.output import free_name, require_new
from shapelab.io.partial_names import hidden_path
from shapelab.io.record import RECORD, SCALARS, WIDER_SCALARS, Stamp, new_record, read_record, record_to_resume, stamp_of, write_record
from shapelab.io.run_arrays import RunArrays
from shapelab.io.run_tables import append_scalars, append_table, layer_rows, settle_scalars
from shapelab.simulation import Simulation

__all__ = ["RunWriter", "save_run"]

Keep = Literal["last", "all", "none"]

_PARTS = {"zarr.json", "images", "labels", "points", "checkpoints", "drawings", SCALARS, WIDER_SCALARS}
"""What a run folder holds besides its record."""


@checked()
def save_run(path: str | Path, simulation: Simulation) -> Path:
    """Save the present frame of a simulation, with what it takes to resume it, as a new run folder."""
    writer = RunWriter(path, simulation)
    try:
        writer.write(simulation.frame())
    finally:
        writer.close("A single frame was saved.")
    return writer.path


class RunWriter:
    """A consumer of frames that keeps them in a folder.

    Nothing appears under `path` before the first frame is complete. Use it as a context manager, in the thread that
    steps the simulation. The folder is locked until `close`.

    Parameters
    ----------
    path
        Folder to make, such as ``tubes.zarr``; it must not exist.
    simulation
        The run that the frames come from.
    keep
        Checkpoints to keep: the "last" one (the run can be resumed), "all" (resumed from any frame) or "none". By default
        "last", or as the run was saved until now. Those of a run that was saved with "all" are never removed.
    append
        Continue the folder of the run that `simulation` was restored from; then `path` must exist.

    Raises
    ------
    InputError
        If the folder exists, cannot be written or is being written by someone else, or is not the run to append to;
        nothing is overwritten.
    """

    def __init__(self, path: str | Path, simulation: Simulation, *, keep: Keep | None = None, append: bool = False) -> None:
        self.path = Path(path)
        self._simulation = simulation
        self._arrays: RunArrays | None = None
        self._first: list[Path] = []  # of the first frame
        self._settled: set[Path] = set()  # folders whose names are on the disk
        self._stamp: Stamp | None = None
        self._problem = ""  # why nothing more can be written
        if not append:
            require_new(self.path)  # before the lock, whose file would be made beside it
        self._lock: FolderLock | None = FolderLock(self.path, "run")
        try:
            if append:
                self._resume(keep)
            else:
                require_new(self.path)
                self._folder = hidden_path(self.path)
                self.record = new_record(simulation)
                self.record.keep = self._keep = keep or "last"
                self._protected: set[int] = set()
            self._saved = self.record.snapshot()
            self._begun = self._saved
        except BaseException:
            self._unlock()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def frames(self) -> int:
        """Number of complete frames in the folder."""
        return len(self.record.steps)

    def write(self, frame: Frame) -> None:
        """Add a frame; one that is not later than the last is left out. When it returns, a power cut spares the frame.

        Raises
        ------
        InputError
            If the disk is full or the frame's layers are not those of the first one (the folder keeps its complete
            frames), or if the folder was removed, or written by someone else.
        """
        self.write_moment(self.take(frame))

    def take(self, frame: Frame, *, copy: bool = False) -> Moment:
        """Return what `write` would write now; a `copy` may be written later, in another thread, while the simulation goes on."""
        return Moment.of(self._simulation, frame, checkpoint=self._keep != "none", copy=copy)

    def write_moment(self, moment: Moment) -> None:
        """Add what `take` returned; raises as `write` does."""
        frame = moment.frame
        if self.record.steps and frame.step <= self.record.steps[-1]:
            return
        with self._sentences():
            settle_scalars(self._folder, self.record)
            first = self._folder != self.path
            if first:
                self.record.layers = RunArrays.create(self._folder, frame)
                self._arrays = RunArrays(self._folder, self.record.layers)
            written = self._write_layers(frame)
            scalars = {"step": [frame.step], "time": [frame.time], **{name: [float(v)] for name, v in frame.scalars.items()}}
            written.append(append_scalars(self._folder, self.record, scalars))
            old = self._write_checkpoint(moment, written)
            if moment.drawing is not None:
                written.append(self._drawing_file(frame.step))
                written[-1].parent.mkdir(exist_ok=True)
                write_checkpoint(written[-1], *moment.drawing)
                self.record.drawings.append(frame.step)
            self.record.note_changes(frame.step, moment.parameters)
            self.record.steps.append(frame.step)
            self.record.times.append(float(frame.time))
            self.record.done, self.record.failed, self.record.reason = moment.done, moment.failed, moment.reason
            settle((file for file in self._folder.rglob("*") if file.is_file()) if first else written, self._folder, self._settled)
            self._commit()
            self._require_whole(written)
            settle_scalars(self._folder, self.record)
            for step in old:
                self._checkpoint_file(step).unlink(missing_ok=True)
            if self._folder != self.path:
                self._publish()

    def close(self, reason: str | None = None) -> None:
        """Note how the run ended (`reason`, unless the simulation itself knows); without a frame nothing is left on the disk."""
        try:
            if self._folder != self.path:
                shutil.rmtree(self._folder, ignore_errors=True)
            elif self.record.steps and not self._problem:
                simulation = self._simulation
                with self._sentences():
                    self.record.done, self.record.failed = simulation.done, simulation.failed
                    self.record.reason = simulation.reason or reason
                    if self._arrays is not None:
                        self._arrays.cut(self.frames)
                    self._commit()
        finally:
            self._unlock()

    def _resume(self, keep: Keep | None) -> None:
        """Open the folder of a run that is resumed."""
        self._folder = self.path
        self.record = record_to_resume(self.path, self._simulation)
        self._stamp = stamp_of(self.path)
        before = self.record.keep or ("all" if len(self.record.checkpoints) > 1 else "last")
        self._protected = set(self.record.checkpoints) if before == "all" else set()
        self._keep = keep or before
        self.record.keep = "all" if before == "all" else self._keep
        self._arrays = RunArrays(self.path, self.record.layers)
        self._first = self._arrays.files(0)
        self._remove_parts()
        settle_scalars(self.path, self.record)

    def _write_layers(self, frame: Frame) -> list[Path]:
        """Write the arrays and rows of a frame; return the files that they are in."""
        assert self._arrays is not None
        index, written = self.frames, list[Path]()
        for record in self.record.layers:
            if record.name not in frame:
                raise InputError(f"The frame of step {frame.step} has no layer {record.name!r}; the first frame had one.")
            layer = frame.layer(record.name)
            if record.kind != "points":
                written.extend(self._arrays.write(record, np.asarray(layer.data), index))
            rows = layer_rows(layer)
            if rows:
                count = len(next(iter(rows.values())))
                written.append(append_table(self._folder, self.record, f"{record.path}.csv", {"frame": [index] * count, **rows}))
        return written

    def _write_checkpoint(self, moment: Moment, written: list[Path]) -> list[int]:
        """Write the state; return the steps of older checkpoints that may go once the record no longer lists them."""
        if moment.checkpoint is None:
            return []
        step = moment.frame.step
        write_checkpoint(self._checkpoint_file(step), *moment.checkpoint)
        written.append(self._checkpoint_file(step))
        old = [known for known in self.record.checkpoints if known not in self._protected] if self._keep == "last" else []
        self.record.checkpoints = [*(known for known in self.record.checkpoints if known not in old), step]
        return old

    def _checkpoint_file(self, step: int) -> Path:
        return self._folder / "checkpoints" / f"{step:08d}.npz"

    def _drawing_file(self, step: int) -> Path:
        return self._folder / "drawings" / f"{step:08d}.npz"

    def _commit(self) -> None:
        """Write the record, unless someone has removed or written the folder meanwhile."""
        self._require_mine()
        self._stamp = write_record(self._folder, self.record)
        self._saved = self.record.snapshot()

    def _publish(self) -> None:
        """Give the folder its name; where someone without our lock was faster, one beside it, and say so."""
        taken = self.path
        if taken.exists():
            self.path = free_name(taken)
        self._folder.rename(self.path)
        self._settled = {self.path / folder.relative_to(self._folder) for folder in self._settled}
        self._folder = self.path
        settle_folder(self.path.parent)
        self._arrays = RunArrays(self._folder, self.record.layers)
        self._first = self._arrays.files(0)
        if self.path != taken:
            raise InputError(f"{str(taken)!r} was made by someone else meanwhile: this run is saved as {self.path.name!r}.")

    def _remove_parts(self) -> None:
        """Remove what a killed process left: files begun, and checkpoints that were never committed."""
        listed = {self._checkpoint_file(step) for step in self.record.checkpoints}
        listed |= {self._drawing_file(step) for step in self.record.drawings}
        states = (file for folder in ("checkpoints", "drawings") for file in (self._folder / folder).glob("*.npz"))
        for file in {*self._folder.rglob("*.partial"), *states} - listed:
            file.unlink(missing_ok=True)

    def _mine(self) -> bool:
        """Tell whether the record on the disk is the one that this writer has read or written last."""
        if self._folder != self.path or stamp_of(self.path) == self._stamp:
            return True
        try:  # some network disks change their minds about the time of a file
            return read_record(self.path).model_dump() == self._saved.model_dump()
        except InputError:
            return False

    def _require_mine(self) -> None:
        if not self._mine():
            raise InputError("The folder is no longer ours.")  # which `_abandon` says with the reason

    def _require_whole(self, written: list[Path]) -> None:
        """Take the record back where somebody removes the folder file by file, and was past the record when it was written."""
        if self._folder == self.path and not all(file.exists() for file in (*written, self.path / "zarr.json", *self._first)):
            (self.path / RECORD).unlink(missing_ok=True)
            raise InputError("The folder is being removed.")  # which `_abandon` says

    def _abandon(self) -> None:
        """Let go of a folder that was taken away or written by someone else; say so from now on."""
        gone = stamp_of(self.path) is None
        what = "removed, moved or unmounted" if gone else "changed by another program"
        self._problem = f"The run folder {str(self.path)!r} was {what} while the run was being saved: nothing more is saved."
        if gone and self.path.is_dir() and {entry.name for entry in self.path.iterdir()} <= _PARTS:
            shutil.rmtree(self.path, ignore_errors=True)  # what was begun after the record was gone
        self._unlock()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn errors of the disk into one sentence; drop what was begun but not committed."""
        if self._problem:
            raise InputError(self._problem)
        self._lock = self._lock or FolderLock(self.path, "run")
        try:
            self._require_mine()
            yield
        except BaseException as error:
            if self._folder != self.path:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._saved = self._begun.snapshot()
                self._unlock()  # nothing is left
            self.record = self._saved.snapshot()
            if not self._mine():
                self._abandon()
                raise InputError(self._problem) from error
            if isinstance(error, OSError):
                kept = f" Its frames up to step {self.record.steps[-1]} are complete." if self.frames else ""
                raise InputError(f"The run cannot be written to {str(self.path)!r}: {error.strerror or error}.{kept}") from error
            raise
