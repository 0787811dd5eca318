"""How fast a run goes, and when its worker makes frames and analyses: each may take a share of the worker's time only."""

from __future__ import annotations

import time

__all__ = ["Pace"]

_FRAME_SHARE = 0.25
"""Share of the worker's time that making frames may take."""
_LONGEST_WAIT = 2.0
"""Longest time between two frames [s]: the first one compiles kernels, and says nothing of the others."""
_SAMPLE_TIME = 0.1
"""Longest time between two samples of the scalars, even while the window takes no frames [s]."""
_ANALYSIS_SHARE = 0.1
"""Share of the worker's time that the slow analysis (a curvature diagram) may take."""


class Pace:
    """The timing of one run, kept by its worker."""

    def __init__(self) -> None:
        self.worked = 0.0
        """Time that all steps have taken [s]."""
        self.rate = 0.0
        """Steps per second, a running mean."""
        self._next_frame = self._next_sample = self._next_analysis = 0.0

    def stepped(self, duration: float) -> None:
        """Note that a step took `duration` [s]."""
        self.worked += duration
        rate = 1.0 / max(duration, 1e-9)
        self.rate = rate if self.rate == 0.0 else 0.9 * self.rate + 0.1 * rate

    def frame_is_due(self, *, taken: bool) -> bool:
        """Return whether to make a frame now; if the window has not `taken` the last one, only to sample the scalars."""
        now = time.perf_counter()
        return now >= self._next_frame and (taken or now >= self._next_sample)

    def frame_made(self, begin: float) -> None:
        """Note that a frame was made just now, since `begin` (`time.perf_counter`)."""
        end = time.perf_counter()
        self._next_sample = end + _SAMPLE_TIME
        self._next_frame = end + min((end - begin) * (1.0 / _FRAME_SHARE - 1.0), _LONGEST_WAIT)

    def analysis_is_due(self) -> bool:
        """Return whether to analyse a frame now."""
        return time.perf_counter() >= self._next_analysis

    def analysis_made(self, begin: float) -> None:
        """Note that a frame was analysed, since `begin` (`time.perf_counter`)."""
        end = time.perf_counter()
        self._next_analysis = end + (end - begin) * (1.0 / _ANALYSIS_SHARE - 1.0)
