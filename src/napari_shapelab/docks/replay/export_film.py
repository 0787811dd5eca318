"""A movie of the viewer's canvas: the window draws each frame, a thread writes them, and neither waits long for the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_shapelab.docks.replay.timeline import Timeline
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.sentence import sentence
from shapelab.errors import InputError
from shapelab.io.movie import write_movie
from shapelab.stopping import check_stop, stoppable

__all__ = ["Film"]

_WAITING = 3
"""Pictures that may wait to be written."""
_PATIENCE = 0.1
"""Time between two looks whether the movie has been cancelled [s]."""


class Film(QObject):
    """One movie.

    Parameters
    ----------
    viewer
        Whose canvas is filmed.
    timeline
        What is moved; afterwards it is where it was.
    wanted
        Tells whether the movie is still being made.
    parent
        Widget that it lives with.
    """

    def __init__(self, viewer: Any, timeline: Timeline, wanted: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._timeline, self._wanted = unwrapped(viewer), timeline, wanted
        self._pictures: queue.Queue[np.ndarray | Exception | None] = queue.Queue(_WAITING)
        self._total, self._next, self._before = len(timeline), 0, timeline.index
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._shoot)

    def start(self) -> None:
        """Begin to draw."""
        self._timer.start(0)

    def write(self, path: Path, rate: float, report: Report, abort: threading.Event) -> Path:
        """Write the movie, in a thread, while the window draws."""
        with stoppable(abort):
            return write_movie(path, self._drawn(report), rate)

    def _drawn(self, report: Report) -> Iterator[np.ndarray]:
        done = 0
        while True:
            check_stop()
            try:
                picture = self._pictures.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if picture is None:
                return
            if isinstance(picture, Exception):
                raise InputError(sentence(picture, f"Frame {done + 1} cannot be drawn")) from picture
            yield picture
            done += 1
            report(Progress(done / self._total, f"Frame {done} of {self._total} is in the movie."))

    def _shoot(self) -> None:
        if not self._wanted():
            self._end()
        elif self._pictures.full():
            self._timer.start(5)
        elif self._next < self._total:
            try:
                self._timeline.go(self._next)
                self._pictures.put(np.asarray(self._viewer.screenshot(canvas_only=True, flash=False)))
            except Exception as error:  # whatever it is: else the thread would wait for ever
                self._pictures.put(error)
                self._end()
                return
            self._next += 1
            self._timer.start(0)
        else:
            self._pictures.put(None)
            self._end()

    def _end(self) -> None:
        self._timeline.go(self._before)
        self.deleteLater()
