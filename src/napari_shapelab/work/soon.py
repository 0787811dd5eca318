"""Small work at once, large work in a thread: the window answers at once where it can, and never waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.work.task import Task
from shapelab.errors import ShapelabError

__all__ = ["is_small", "soon"]

_SMALL = 200_000
"""Pixels that are read in a blink."""


def is_small(taken: TakenLayer) -> bool:
    """Return whether what was taken is in memory, small, and need not be resampled."""
    return type(taken.data) is np.ndarray and taken.data.size <= _SMALL and taken.place.is_straight


def soon(owner: QObject, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None], *, now: bool) -> None:
    """Do `work` now, or in a thread; `done` or `failed` is called in the window's thread."""
    if not now:
        Task(owner, work, done, failed)
        return
    try:
        result = work()
    except ShapelabError as error:
        failed(str(error))
    else:
        done(result)
