"""A step of the published flow on a card: ten launches (two more with an area constraint) and one wait."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from shapelab.curvature.card import metric_kernels, published_kernels
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.gpu.generic import specialise
from shapelab.gpu.queue import Launch
from shapelab.gpu.resident import Resident
from shapelab.gpu.sums import BlockSums

__all__ = ["CardAdam"]

_STEPS, _PULLED, _SPARE = slice(0, 3), 3, 4
"""Rows of the energy's work array, which is free between two evaluations."""


class CardAdam:
    """What `shapelab.curvature.published_flow.PublishedFlow` does with arrays, on a card.

    Parameters
    ----------
    energy
        What is lowered.
    taps
        Central and right half of the blur B.
    constants
        Learning rate, decay of the first and of the second moment, and the constant under the root.
    """

    def __init__(self, energy: CurvatureEnergy, taps: np.ndarray, constants: tuple[float, float, float, float]) -> None:
        self._energy, self._card, self._queue = energy, energy.card, energy.card.queue
        self._real = energy.card.real
        specialise(published_kernels, self._real)
        self._rate, first, second, epsilon = constants
        self._decays = first, second
        self._taps = self._queue.array(taps, self._real)
        self._betas = self._queue.array(np.array([first, 1 - first, second, 1 - second, epsilon]), self._real)
        self._sums = BlockSums(self._queue, 6)
        self._bound: tuple[Any, ...] = ()
        self._launches: list[Launch] = []
        self._adam: Launch | None = None

    def array(self, values: Any) -> Resident:
        """Return a new array on the card."""
        return Resident.of(self._queue, values, self._real)

    def owns(self, array: Any) -> bool:
        """Return whether an array is on this card."""
        return isinstance(array, Resident) and array.is_on(self._queue)

    def evaluate(self, state: dict[str, Any]) -> float:
        """Launch the energy's kernels and return the energy; the gradient stays on the card."""
        self._prepare(state)
        for launch in self._launches[: self._evaluation]:
            launch()
        return float(self._card.value(self._queue.read(self._sums.partial).sum(axis=1)))

    def move(self, state: dict[str, Any]) -> None:
        """Take one step of Adam in place; ``state["count"]`` counts it already."""
        first, second = self._decays
        for launch in self._launches[self._evaluation :]:
            if launch is self._adam:
                launch(-self._rate / (1 - first ** state["count"]), 1 - second ** state["count"])
            else:
                launch()

    def _prepare(self, state: dict[str, Any]) -> None:
        residents = [state[name] for name in ("u", "first", "second", "moved")]
        if self._bound and self._bound[0] == self._card.version and all(a is b for a, b in zip(self._bound[1:], residents, strict=True)):
            return
        self._bound = (self._card.version, *residents)
        card, real, threads, h = self._card, self._real, self._sums.threads, self._card.terms.voxel_size
        u = residents[0].array.flatten()
        parts = [resident.array.reshape((3, card.count)) for resident in residents[1:]]
        work, size = card.work, card.size
        evaluation = card.launches(u, self._sums)
        self._evaluation = len(evaluation)
        self._adam = self._queue.prepare(
            published_kernels.adam, threads, real(0.0), real(1.0), work[_PULLED : _PULLED + 1], size, real(-(h**2) / 2), self._betas,
            threads, *parts, work[_STEPS],
        )  # fmt: skip
        spread = self._queue.prepare(published_kernels.divergence, threads, work[_STEPS], size, real(0.5 / h), threads, work[_SPARE])
        self._launches = [
            *evaluation,
            *self._blur(card.gradient, work[_SPARE], work[_PULLED], add=False),
            self._adam,
            spread,
            *self._blur(work[_SPARE], work[_PULLED], u, add=True),
        ]

    def _blur(self, source: wp.array, spare: wp.array, out: wp.array, *, add: bool) -> list[Launch]:
        """Return the blur from `source`, which is overwritten, into or onto `out`."""
        ny, nx = self._energy.shape[1:]
        passes = ((source, 2, 1, spare, 0), (spare, 1, nx, source, 0), (source, 0, ny * nx, out, int(add)))
        return [
            self._queue.prepare(
                metric_kernels.blur, self._sums.threads, a, self._card.size, axis, stride, 1, self._taps, adding, self._sums.threads, b
            )
            for a, axis, stride, b, adding in passes
        ]
