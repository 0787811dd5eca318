"""Callbacks whose errors are one sentence: a defect in showing must not cost the run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from napari_shapelab.work.sentence import sentence

__all__ = ["guarded"]

_log = logging.getLogger(__name__)


def guarded(callback: Callable[..., object], say: Callable[[str], object]) -> Callable[..., None]:
    """Return `callback` with its errors told by `say`, instead of let out into the window."""

    def call(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # whatever it is
            _log.exception("A callback of a run failed")
            say(sentence(error, "Something could not be shown"))

    return call
