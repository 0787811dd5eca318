"""A flow's step on a card: nine launches or so, and one wait for the numbers of the step rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from shapelab.curvature import filters
from shapelab.curvature.card import energy_kernels, metric_kernels
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.metric import Evaluation, Peaks, Products
from shapelab.gpu.queue import Launch
from shapelab.gpu.resident import Resident
from shapelab.gpu.sums import BlockSums

__all__ = ["CardMetric"]

_PRODUCTS = slice(metric_kernels.BESIDE_SUMS, metric_kernels.BESIDE_SUMS + 7)


class CardMetric:
    """What `shapelab.curvature.metric.Metric` asks for; arguments as for `CpuMetric`.

    The numbers of a move are read together with those of the next evaluation, so that a step waits once.
    """

    def __init__(self, energy: CurvatureEnergy, *, laplacian: bool, average: bool, free: np.ndarray | None) -> None:
        card = energy.card
        self._card, self._queue, self._real, self._shape = card, card.queue, card.real, energy.shape
        self._laplacian, self._average = laplacian, average
        self._taps = self._queue.array(filters.TAPS.astype(np.float32), self._real)  # the same numbers as on the processor
        self._sums = BlockSums(self._queue, metric_kernels.BESIDE_SUMS + 7)
        self._free = card.no_mask if free is None else self._queue.array(free.ravel(), wp.uint8)
        self._free_count = wp.float64(card.count if free is None else int(free.sum()))
        self._ones: wp.array | None = None
        self._ones_sum = 0.0
        if free is not None and average:
            image = self._image_of_ones(free)
            self._ones, self._ones_sum = self._queue.array(image.ravel(), self._real), float(image[free].sum(dtype=np.float64))
        self._bound: tuple[Any, ...] = ()
        self._evaluation: list[Launch] = []
        self._steps: dict[str, Launch] = {}

    def array(self, values: Any) -> Resident:
        return Resident.of(self._queue, values, self._real)

    def owns(self, array: Any) -> bool:
        return isinstance(array, Resident) and array.is_on(self._queue)

    def clear(self, array: Resident) -> None:
        array.zero()

    def copy(self, source: Resident, into: Resident) -> None:
        into.assign(source)

    def evaluate(self, state: dict[str, Any]) -> Evaluation:
        self._prepare(state)
        for launch in self._evaluation:
            launch()
        parts, moved = self._queue.read_all(self._sums.partial, state["last_move"].array)
        sums = parts.sum(axis=1)
        return Evaluation(self._card.value(sums), Products(*(float(x) for x in sums[_PRODUCTS])), Peaks.of(moved))

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> None:
        self._prepare(state)
        self._steps["move"](keep, rate, shift)

    def shorten(self, state: dict[str, Any], less: float) -> None:
        self._prepare(state)
        self._steps["shorten"](less)

    def launches(self, state: dict[str, Any]) -> dict[str, Launch]:
        """Return the launches of a step by name, to take their times; the move repeats the last one."""
        self._prepare(state)
        area = ["sums for the area"] if self._card.constrained else []
        mean = ["sums for the mean"] if self._average else []
        names = ["pointwise", *area, "gather", *mean, "blur x", "blur y", "blur z", "products"]
        return {**dict(zip(names, self._evaluation, strict=True)), "move": self._steps["move"]}

    def _prepare(self, state: dict[str, Any]) -> None:
        """Prepare the launches for the arrays of this state, unless that was done."""
        if "last_move" not in state:
            state["last_move"] = Resident(self._queue, self._queue.zeros((3, self._sums.blocks), wp.float64))
        residents = [state[name] for name in ("u", "step", "gradient", "direction", "last_move")]
        if self._bound and self._bound[0] == self._card.version and all(a is b for a, b in zip(self._bound[1:], residents, strict=True)):
            return
        self._bound = (self._card.version, *residents)
        u, s, g, q = (resident.array.flatten() for resident in residents[:4])
        self._evaluation = [
            *self._card.launches(u, self._sums, free=self._free, ones=self._ones),
            *([self._sums.reduction(energy_kernels.GRADIENT, energy_kernels.ONES + 1)] if self._average else []),
            *self._metric_launches(s, g, q),
        ]
        threads, count = self._sums.threads, self._card.count
        zero = self._real(0.0)
        moved = residents[4].array
        self._steps = {
            "move": self._queue.prepare(metric_kernels.move, threads, zero, zero, zero, q, self._free, count, threads, u, s, moved),
            "shorten": self._queue.prepare(metric_kernels.shorten, threads, zero, count, threads, u, s),
        }

    def _metric_launches(self, s: wp.array, g: wp.array, q: wp.array) -> list[Launch]:
        """Return what leads from the gradient to q = P g and the products; `g` and `q` are those of the last evaluation."""
        card, threads = self._card, self._sums.threads
        first, second = card.work[0], card.work[1]  # free until the next evaluation
        sums = self._sums.totals[energy_kernels.GRADIENT : energy_kernels.ONES + 1] if self._average else self._sums.totals[:1]
        ny, nx = self._shape[1:]
        launches = [
            self._queue.prepare(
                metric_kernels.blur_projected, threads, card.gradient, card.size, card.wrap, self._taps, sums, self._free_count,
                self._free, threads, first,
            ),
            self._queue.prepare(metric_kernels.blur, threads, first, card.size, 1, nx, card.wrap, self._taps, 0, threads, second),
            self._queue.prepare(metric_kernels.blur, threads, second, card.size, 0, ny * nx, card.wrap, self._taps, 0, threads, first),
        ]  # fmt: skip
        launches.append(
            self._queue.prepare(
                metric_kernels.products,
                threads,
                first,
                card.gradient,
                s,
                card.size,
                card.wrap,
                int(self._laplacian),
                sums,
                self._free_count,
                wp.float64(self._ones_sum),
                self._free,
                threads,
                g,
                q,
                self._sums.partial,
            )
        )
        return launches

    def _image_of_ones(self, free: np.ndarray) -> np.ndarray:
        """P applied to the indicator of the free voxels: its product with g is the sum of P g over them."""
        image = free.astype(np.float64)
        matrices = [filters.axis_matrices(n, bool(self._card.wrap)) for n in self._shape]
        for axis, (blur, _) in enumerate(matrices):
            image = np.moveaxis(np.tensordot(blur, image, (1, axis)), 0, axis)
        if not self._laplacian:
            return image
        parts = [np.moveaxis(np.tensordot(matrix, image, (1, axis)), 0, axis) for axis, (_, matrix) in enumerate(matrices)]
        return np.asarray(np.sum(parts, axis=0))
