"""Save a run to disk while it is running: the worker hands over what is due, a thread of its own writes it."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from shapelab.errors import ShapelabError
from shapelab.io import RunWriter
from shapelab.io.moment import Moment
from shapelab.io.writer import Keep
from shapelab.simulation import Frame, Simulation

__all__ = ["Recorder"]

_log = logging.getLogger(__name__)
_MOST_BYTES = 2_000_000_000
"""What the checkpoints of all frames may take, unless the user wants them [bytes]."""
_SHARE_OF_DISK = 0.1
"""Part of the free space that they may take."""
_FRAMES = 200
"""Frames to expect of a run without a step limit."""


class Recorder:
    """Saves a frame every so many steps in a new run folder, or continues one.

    The worker calls it between two steps. It only copies the state; a thread writes it, at most two saved frames behind.
    It never raises: whatever goes wrong is one sentence, after which nothing more is saved and the run itself goes on.

    Parameters
    ----------
    path
        Run folder to make; its parent is made too.
    every
        Save a frame when the step is a multiple of this; the first frame and the last one are saved as well.
    keep
        Checkpoints to keep; None for those of all frames where their size is reasonable, else the last one.
    append
        Continue the folder `path`.
    """

    def __init__(self, path: Path, every: int, keep: Keep | None = None, *, append: bool = False) -> None:
        self.path, self.every, self.append = path, every, append
        self.keep = keep
        """Checkpoints that are kept; decided at the first frame if None was given."""
        self.frames = 0
        """Complete frames in the folder."""
        self.problem = ""
        """Why nothing more is saved, "" while all is well."""
        self.checkpoint_bytes = 0
        self._told = False
        self._writer: RunWriter | None = None
        self._last = -1
        self._moments: queue.Queue[Moment | None] = queue.Queue(1)
        self._thread: threading.Thread | None = None

    @property
    def writing(self) -> bool:
        """True while something that was handed over is not on the disk yet."""
        return self._moments.unfinished_tasks > 0

    def due(self, simulation: Simulation, *, last: bool = False) -> bool:
        """Tell whether the present frame, or the `last` one, is due to be saved."""
        step = simulation.step_number
        return not self.problem and step != self._last and (last or self._last < 0 or step // self.every > self._last // self.every)

    def follow(self, simulation: Simulation, frame: Frame | None) -> str:
        """Save the present frame, if one is given; return a problem to tell, "" if there is none."""
        if frame is not None:
            self._last = frame.step
            self._attempt(lambda: self._hand_over(simulation, frame))
        return self._to_tell()

    def close(self, reason: str | None = None) -> str:
        """Wait until all is written, and note how the run ended; return a problem to tell, "" if there is none."""
        if self._thread is not None:
            self._moments.put(None)
            self._thread.join()
            self._thread = None
        writer, self._writer = self._writer, None
        if writer is not None and not self.problem:
            self._attempt(lambda: writer.close(reason))
        if writer is not None and self.problem:
            _let_go(writer)
        return self._to_tell()

    def _hand_over(self, simulation: Simulation, frame: Frame) -> None:
        if self._writer is None:
            self._writer = self._opened(simulation)
            self._thread = threading.Thread(target=self._write_all, args=(self._writer,), name="shapelab save", daemon=True)
            self._thread.start()
        self._moments.put(self._writer.take(frame, copy=True))

    def _write_all(self, writer: RunWriter) -> None:
        while (moment := self._moments.get()) is not None:
            if not self.problem:  # else it is only taken, so that the worker never waits
                self._attempt(partial(self._write, writer, moment))
                if self.problem:
                    _let_go(writer)
            self._moments.task_done()

    def _write(self, writer: RunWriter, moment: Moment) -> None:
        writer.write_moment(moment)
        self.frames = writer.frames

    def _opened(self, simulation: Simulation) -> RunWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.checkpoint_bytes = sum(array.nbytes for array in simulation.checkpoint()[1].values())
        if self.keep is None:
            self.keep = "all" if self._expected_bytes(simulation) <= self._room() else "last"
        return RunWriter(self.path, simulation, keep=self.keep, append=self.append)

    def _expected_bytes(self, simulation: Simulation) -> int:
        limit = getattr(simulation.parameters, "max_steps", None)
        frames = _FRAMES if limit is None else max(1, (limit - simulation.step_number) // self.every + 2)
        return frames * self.checkpoint_bytes

    def _room(self) -> float:
        return min(_MOST_BYTES, _SHARE_OF_DISK * shutil.disk_usage(self.path.parent).free)

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ShapelabError as error:
            self.problem = str(error)
        except OSError as error:
            self.problem = f"The run cannot be saved in {str(self.path.parent)!r}: {error.strerror or error}."
        except Exception as error:  # saving must not end the run, whatever happens
            _log.exception("Saving a run failed")
            self.problem = f"The run is no longer saved: unexpected error ({type(error).__name__})."

    def _to_tell(self) -> str:
        if not self.problem or self._told:
            return ""
        self._told = True
        return f"{self.problem} The run itself continues."


def _let_go(writer: RunWriter) -> None:
    """Close a writer after a problem, which has been told: the folder is free for others, as it is."""
    with contextlib.suppress(ShapelabError, OSError):
        writer.close()
