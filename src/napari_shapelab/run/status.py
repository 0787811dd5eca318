"""What the status line of a run says."""

from __future__ import annotations

import math
import time

from napari_shapelab.run.outcome import Snapshot
from shapelab.measure.units import shown_name

__all__ = ["Lasting", "preparing", "status"]

_COMPILES_AFTER = 3.0
"""Preparing takes less than this, unless kernels are compiled [s]."""
_COMPILES_FOR = 40
"""What compiling takes on two cores, the first time on a machine [s]."""
_PERCENT = frozenset({"volume_error"})
"""Scalars that are parts of one."""
_SECOND = 1.0
"""How long something must be so before it is worth a notice [s]."""


class Lasting:
    """A sentence that is worth saying once it has been true for a second, and as long as it is."""

    def __init__(self) -> None:
        self._since = math.inf

    def of(self, text: str) -> str:
        """Return `text`, what is true now, or "" while that is too new."""
        now = time.monotonic()
        self._since = min(self._since, now) if text else math.inf
        return text if now - self._since >= _SECOND else ""


def status(device: str, snapshot: Snapshot, first: str) -> str:
    """Return device, step, speed, time, and the scalar `first`, rounded to what they mean."""
    parts = [device.partition(" (")[0], f"step {snapshot.frame.step}"]
    if snapshot.step_rate > 0:
        parts.append(f"{snapshot.step_rate:.3g} steps/s")
    parts.append(f"{snapshot.elapsed:.0f} s")
    if first in snapshot.frame.scalars:
        value, name = snapshot.frame.scalars[first], shown_name(first)
        parts.append(f"{name} {100 * value:.2g} %" if first in _PERCENT else f"{name} {value:.4g}")
    return " · ".join(parts)


def preparing(device: str, elapsed: float) -> str:
    """Return what a run does before its first frame, `elapsed` seconds after its start."""
    if elapsed < _COMPILES_AFTER:
        return f"{device} · preparing…"
    if elapsed < _COMPILES_FOR:
        return f"Compiling, the first time only: {elapsed:.0f} s of about {_COMPILES_FOR} s"
    return f"Compiling, the first time only: {elapsed:.0f} s (usually about {_COMPILES_FOR} s)"
