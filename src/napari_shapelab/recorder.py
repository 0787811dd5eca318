"""Keep a run on the disk while it goes on: called by the worker between two steps, never by the window."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from shapelab.errors import ShapelabError
from shapelab.io import RunWriter
from shapelab.io.writer import Keep
from shapelab.simulation import Simulation

__all__ = ["Recorder"]

_log = logging.getLogger(__name__)
_MOST_BYTES = 2_000_000_000
"""What the checkpoints of all frames may take, unless the user wants them [bytes]."""
_SHARE_OF_DISK = 0.1
"""Part of the free space that they may take."""
_FRAMES = 200
"""Frames to expect of a run without a step limit."""


class Recorder:
    """Keeps a frame every so many steps in a new run folder, or goes on with one.

    It never raises: whatever goes wrong is one sentence, after which nothing more is kept and the run itself goes on.

    Parameters
    ----------
    path
        Run folder to make; its parent is made too.
    every
        Keep a frame when the step is a multiple of this; the first frame and the last one are kept as well.
    keep
        Checkpoints to keep; None for those of all frames where their size is reasonable, else the last one.
    append
        Go on with the folder `path`.
    """

    def __init__(self, path: Path, every: int, keep: Keep | None = None, *, append: bool = False) -> None:
        self.path, self.every, self.append = path, every, append
        self.keep = keep
        """Checkpoints that are kept; decided at the first frame if None was given."""
        self.frames = 0
        """Complete frames in the folder."""
        self.problem = ""
        """Why nothing more is kept, "" while all is well."""
        self.checkpoint_bytes = 0
        self._writer: RunWriter | None = None
        self._last = -1

    def follow(self, simulation: Simulation, *, last: bool = False) -> str:
        """Keep the present frame if it is due, or the `last` one; return a problem to tell, "" if there is none."""
        step = simulation.step_number
        due = last or self._last < 0 or step // self.every > self._last // self.every
        if self.problem or not due or step == self._last:
            return ""
        return self._attempt(lambda: self._write(simulation))

    def close(self, reason: str | None = None) -> str:
        """Note how the run ended, and let the simulation go; return a problem to tell, "" if there is none."""
        writer, self._writer = self._writer, None
        return "" if writer is None or self.problem else self._attempt(lambda: writer.close(reason))

    def _write(self, simulation: Simulation) -> None:
        if self._writer is None:
            self._open(simulation)
        assert self._writer is not None
        self._writer.write(simulation.frame())
        self._last = simulation.step_number
        self.frames = self._writer.frames

    def _open(self, simulation: Simulation) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.checkpoint_bytes = sum(array.nbytes for array in simulation.checkpoint()[1].values())
        if self.keep is None:
            self.keep = "all" if self._expected_bytes(simulation) <= self._room() else "last"
        self._writer = RunWriter(self.path, simulation, keep=self.keep, append=self.append)

    def _expected_bytes(self, simulation: Simulation) -> int:
        limit = getattr(simulation.parameters, "max_steps", None)
        frames = _FRAMES if limit is None else max(1, (limit - simulation.step_number) // self.every + 2)
        return frames * self.checkpoint_bytes

    def _room(self) -> float:
        return min(_MOST_BYTES, _SHARE_OF_DISK * shutil.disk_usage(self.path.parent).free)

    def _attempt(self, work: Callable[[], None]) -> str:
        try:
            work()
        except ShapelabError as error:
            self.problem = str(error)
        except OSError as error:
            self.problem = f"The run cannot be kept in {str(self.path.parent)!r}: {error.strerror or error}."
        except Exception as error:  # keeping must not end the run, whatever happens
            _log.exception("Keeping a run failed")
            self.problem = f"The run is no longer kept: unexpected error ({type(error).__name__})."
        if not self.problem:
            return ""
        self._writer = None
        return f"{self.problem} The run itself goes on."
