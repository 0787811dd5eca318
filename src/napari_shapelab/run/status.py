"""What the status line of a run says."""

from __future__ import annotations

import math
import time

from napari_shapelab.run.outcome import Snapshot
from shapelab.measure.units import shown_name
from shapelab.units import percent

__all__ = ["Lasting", "preparing", "status"]

_LONG = 3.0
"""How long it takes before the time is told [s]."""
_KERNELS = {"cells": 54, "curvatubes": 22}
"""How many kernels are compiled, the first time on a machine."""
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
    """Return step, the scalar `first`, speed, time and device, rounded to what they mean: a narrow dock cuts off what matters least."""
    parts = [f"step {snapshot.frame.step}"]
    if first in snapshot.frame.scalars:
        value, name = snapshot.frame.scalars[first], shown_name(first)
        parts.append(f"{name} {percent(value)}" if first in _PERCENT else f"{name} {value:.4g}")
    if snapshot.step_rate > 0:
        parts.append(f"{snapshot.step_rate:.3g} steps/s")
    return " · ".join([*parts, f"{snapshot.elapsed:.0f} s", device.partition(" (")[0]])


def preparing(device: str, family: str, elapsed: float, kernels: int) -> str:
    """Return what a run does before its first frame.

    Parameters
    ----------
    device
        What it is computed on.
    family
        Family of the model.
    elapsed
        Time since its start [s].
    kernels
        How many have been compiled since the program began; 0 where all of them were found on the disk.
    """
    if elapsed < _LONG:
        return f"{device} · preparing…"
    if not kernels:
        return f"{device} · preparing: {elapsed:.0f} s"
    total = _KERNELS.get(family, 0)
    done = f"kernel {kernels} of about {total}" if kernels <= total else f"{kernels} kernels"
    return f"Compiling, the first time only: {done}, {elapsed:.0f} s"
