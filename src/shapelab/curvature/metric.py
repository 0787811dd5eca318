"""The vector work of a flow step: apply the metric, sum the products of the step rule, move; here on the processor."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from shapelab.curvature import filters, metric_kernels
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.slabs import slab_bounds
from shapelab.stopping import shielded
from shapelab.threads import dot, over_ranges

__all__ = ["CpuMetric", "Evaluation", "Metric", "Peaks", "Products"]


class Products(NamedTuple):
    """Inner products over the grid, g: gradient, q = P g, d: change since the last evaluation, s: last step."""

    g_q: float
    dg_dq: float
    s_g: float
    s_s: float
    s_q: float
    q_q: float
    q_sum: float


class Peaks(NamedTuple):
    """What a move did."""

    total: float
    """Sum of u."""
    step: float
    """Largest |s|."""
    field: float
    """Largest |u|."""

    @classmethod
    def of(cls, parts: np.ndarray) -> Peaks:
        """Return them from the sums, largest |s| and largest |u| of parts of the grid, (3, parts)."""
        return cls(float(parts[0].sum()), float(parts[1].max()), float(parts[2].max()))


class Evaluation(NamedTuple):
    """Energy and products at a field."""

    energy: float
    products: Products | None
    """None if the energy is not finite."""
    peaks: Peaks | None = None
    """Of the move before, where they are read with the evaluation: on a card, which would have to be waited for otherwise."""


class Metric(Protocol):
    """What a flow needs of a backend. Arrays of a flow state are changed in place."""

    def array(self, values: Any) -> Any:
        """Return a new array of this backend with the given values."""

    def owns(self, array: Any) -> bool:
        """Return whether an array is one of this backend's."""

    def clear(self, array: Any) -> None:
        """Set an array to 0."""

    def copy(self, source: Any, into: Any) -> None:
        """Copy the values of an array into another."""

    def evaluate(self, state: dict[str, Any]) -> Evaluation:
        """Evaluate energy and gradient, apply the metric; the state's "gradient" and "direction" become those of now."""

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> Peaks | None:
        """Set s to keep s - rate (q - shift), add it to u; return what that did, or leave it to the next evaluation."""

    def shorten(self, state: dict[str, Any], less: float) -> None:
        """Make the step that was just taken, s, `less` times as long."""


class CpuMetric:
    """Compiled kernels, slab by slab.

    Parameters
    ----------
    energy
        What is evaluated, with its grid, border and number type.
    laplacian
        True for the conservative flow.
    average
        True if the gradient's mean is removed first.
    free
        Boolean array, False where u is clamped; None if it is free everywhere.
    """

    def __init__(self, energy: CurvatureEnergy, *, laplacian: bool, average: bool, free: np.ndarray | None) -> None:
        shape, periodic = energy.shape, energy.periodic
        self._energy, self._real = energy, np.dtype(energy.dtype).type
        self._shape, self._laplacian, self._average = shape, laplacian, average
        self._far = [filters.ghost_index(n, filters.RADIUS, periodic) for n in shape]
        self._near = [filters.ghost_index(n, 2, periodic) for n in shape]
        self._bounds, self._rows = slab_bounds(shape[0]), slab_bounds(shape[1])
        self._blurred = np.empty(shape, self._real)
        row = int(metric_kernels.ROW)
        longest = max(shape[:2]) + 2 * filters.RADIUS
        count = max(len(self._bounds), len(self._rows))
        self._buffers = [(np.zeros(longest * row, self._real), np.zeros(2 * row, self._real)) for _ in range(count)]
        self._lines = [np.zeros(shape[2], self._real) for _ in self._bounds]
        self._sums = np.zeros((shape[0], 7))
        self._peaks = np.zeros((shape[0], 3))
        self._clamped = free is not None
        self._free = np.zeros((1, 1, 1), self._real) if free is None else free.astype(self._real)
        self._free_count = float(np.prod(shape)) if free is None else float(free.sum())
        self._ones_image = self._image_of_ones() if self._clamped else None

    def array(self, values: Any) -> np.ndarray:
        return np.array(values, self._real, order="C", copy=True)

    def owns(self, array: Any) -> bool:
        return isinstance(array, np.ndarray)

    def clear(self, array: np.ndarray) -> None:
        array[...] = 0

    def copy(self, source: np.ndarray, into: np.ndarray) -> None:
        into[...] = source

    def evaluate(self, state: dict[str, Any]) -> Evaluation:
        energy, gradient = self._energy.value_and_gradient(state["u"])
        with shielded():  # from here on the state changes
            return Evaluation(energy, self._products(gradient, state) if math.isfinite(energy) else None)

    def _products(self, gradient: np.ndarray, state: dict[str, Any]) -> Products:
        shift = self._project(gradient)
        self._blur(gradient)
        arrays = (gradient, state["gradient"], state["direction"], state["step"])

        def task(i: int, z0: int, z1: int) -> None:
            metric_kernels.metric_products_slab(
                self._blurred, *arrays, self._free, self._clamped, self._laplacian, self._real(shift), *self._near,
                z0, z1, self._lines[i], self._sums,
            )  # fmt: skip

        over_ranges(task, self._bounds)
        return Products(*(float(x) for x in self._sums.sum(axis=0)))

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> Peaks:
        factors = self._real(keep), self._real(rate), self._real(shift)

        def task(i: int, z0: int, z1: int) -> None:
            metric_kernels.move_slab(
                state["u"], state["step"], state["direction"], self._free, self._clamped, *factors, z0, z1, self._peaks
            )

        over_ranges(task, self._bounds)
        return Peaks(float(self._peaks[:, 2].sum()), float(self._peaks[:, 0].max()), float(self._peaks[:, 1].max()))

    def shorten(self, state: dict[str, Any], less: float) -> None:
        state["u"] -= (1 - less) * state["step"]
        state["step"] *= less

    def _project(self, gradient: np.ndarray) -> float:
        """Take the gradient's clamped part (and mean) away; return the mean that P will leave on the free voxels."""
        if not self._clamped:
            if self._average:
                gradient -= self._real(gradient.mean(dtype=np.float64))
            return 0.0
        gradient *= self._free
        if not self._average:
            return 0.0
        gradient -= self._free * self._real(gradient.sum(dtype=np.float64) / self._free_count)
        assert self._ones_image is not None
        return dot(self._ones_image, gradient) / self._free_count

    def _blur(self, a: np.ndarray) -> None:
        flat, out = a.reshape(-1), self._blurred.reshape(-1)
        iz, iy, ix = self._far

        def planes(i: int, z0: int, z1: int) -> None:
            metric_kernels.blur_planes(flat, out, self._shape, iy, ix, z0, z1, *self._buffers[i])

        def across(i: int, y0: int, y1: int) -> None:
            metric_kernels.blur_across(out, self._shape, iz, y0, y1, *self._buffers[i])

        over_ranges(planes, self._bounds)
        over_ranges(across, self._rows)

    def _image_of_ones(self) -> np.ndarray:
        """P applied to the indicator of the free voxels: its product with g is the sum of P g over them."""
        self._blur(self._free)
        image = self._blurred.copy()
        if self._laplacian:
            image *= 6
            for axis, near in enumerate(self._near):
                image -= np.take(self._blurred, near[4:], axis) + np.take(self._blurred, near[:-4], axis)
        return image
