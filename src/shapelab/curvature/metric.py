"""The vector work of a flow step: apply the metric, sum the products of the step rule, move; on the CPU or through torch."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from shapelab.curvature import filters, metric_kernels
from shapelab.curvature.slabs import slab_bounds
from shapelab.threads import dot, over_ranges

__all__ = ["CpuMetric", "Metric", "Products", "TorchMetric"]


class Products(NamedTuple):
    """Inner products over the grid, g: gradient, q = P g, d: change since the last evaluation, s: last step."""

    g_q: float
    dg_dq: float
    s_g: float
    s_s: float
    s_q: float
    q_q: float
    q_sum: float


class Metric(Protocol):
    """What a flow needs of a backend. Arrays of a flow state are changed in place."""

    def array(self, values: Any) -> Any:
        """Return a new array of this backend with the given values."""

    def products(self, gradient: Any, state: dict[str, Any]) -> Products:
        """Apply the metric; the state's "gradient" and "direction" become those of this evaluation."""

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> tuple[float, float, float]:
        """Set s to keep s - rate (q - shift), add it to u; return max |s|, max |u| and the sum of u."""


class CpuMetric:
    """Compiled float32 kernels, slab by slab.

    Parameters
    ----------
    shape, periodic
        The grid and its border.
    laplacian
        True for the conservative flow.
    average
        True if the gradient's mean is removed first.
    free
        Boolean array, False where u is clamped; None if it is free everywhere.
    """

    def __init__(self, shape: tuple[int, ...], *, periodic: bool, laplacian: bool, average: bool, free: np.ndarray | None) -> None:
        self._shape, self._laplacian, self._average = shape, laplacian, average
        self._far = [filters.ghost_index(n, filters.RADIUS, periodic) for n in shape]
        self._near = [filters.ghost_index(n, 2, periodic) for n in shape]
        self._bounds, self._rows = slab_bounds(shape[0]), slab_bounds(shape[1])
        self._blurred = np.empty(shape, np.float32)
        row = int(metric_kernels.ROW)
        longest = max(shape[:2]) + 2 * filters.RADIUS
        count = max(len(self._bounds), len(self._rows))
        self._buffers = [(np.zeros(longest * row, np.float32), np.zeros(2 * row, np.float32)) for _ in range(count)]
        self._lines = [np.zeros(shape[2], np.float32) for _ in self._bounds]
        self._sums = np.zeros((shape[0], 7))
        self._peaks = np.zeros((shape[0], 3))
        self._clamped = free is not None
        self._free = np.zeros((1, 1, 1), np.float32) if free is None else free.astype(np.float32)
        self._free_count = float(np.prod(shape)) if free is None else float(free.sum())
        self._ones_image = self._image_of_ones() if self._clamped else None

    def array(self, values: Any) -> np.ndarray:
        return np.array(values, np.float32, order="C", copy=True)

    def products(self, gradient: np.ndarray, state: dict[str, Any]) -> Products:
        shift = self._project(gradient)
        self._blur(gradient)
        arrays = (gradient, state["gradient"], state["direction"], state["step"])

        def task(i: int, z0: int, z1: int) -> None:
            metric_kernels.metric_products_slab(
                self._blurred, *arrays, self._free, self._clamped, self._laplacian, np.float32(shift), *self._near,
                z0, z1, self._lines[i], self._sums,
            )  # fmt: skip

        over_ranges(task, self._bounds)
        return Products(*(float(x) for x in self._sums.sum(axis=0)))

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> tuple[float, float, float]:
        factors = np.float32(keep), np.float32(rate), np.float32(shift)

        def task(i: int, z0: int, z1: int) -> None:
            metric_kernels.move_slab(
                state["u"], state["step"], state["direction"], self._free, self._clamped, *factors, z0, z1, self._peaks
            )

        over_ranges(task, self._bounds)
        return float(self._peaks[:, 0].max()), float(self._peaks[:, 1].max()), float(self._peaks[:, 2].sum())

    def _project(self, gradient: np.ndarray) -> float:
        """Take the gradient's clamped part (and mean) away; return the mean that P will leave on the free voxels."""
        if not self._clamped:
            if self._average:
                gradient -= np.float32(gradient.mean(dtype=np.float64))
            return 0.0
        gradient *= self._free
        if not self._average:
            return 0.0
        gradient -= self._free * np.float32(gradient.sum(dtype=np.float64) / self._free_count)
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


class TorchMetric:
    """The same through dense matrices per axis in torch: any device, any dtype. Arguments as for `CpuMetric`."""

    def __init__(
        self, shape: tuple[int, ...], *, periodic: bool, laplacian: bool, average: bool, free: np.ndarray | None, dtype: str, device: str
    ) -> None:
        import torch

        self._torch, self._dtype, self._device = torch, getattr(torch, dtype), device
        matrices = [filters.axis_matrices(n, periodic) for n in shape]
        self._blurs = [self.array(blur) for blur, _ in matrices]
        self._laplacians = [self.array(matrix) for _, matrix in matrices] if laplacian else []
        self._average = average
        self._free = None if free is None else self.array(free)
        self._free_count = float(np.prod(shape)) if free is None else float(free.sum())

    def array(self, values: Any) -> Any:
        tensor = self._torch.as_tensor(values) if not isinstance(values, np.ndarray) else self._torch.from_numpy(np.array(values))
        return tensor.to(dtype=self._dtype, device=self._device, copy=True)

    def products(self, gradient: Any, state: dict[str, Any]) -> Products:
        q = self._projected(self._apply(self._projected(gradient)))
        dg, dq, s = gradient - state["gradient"], q - state["direction"], state["step"]
        if self._free is not None:
            dg = dg * self._free
        pairs = ((gradient, q), (dg, dq), (s, gradient), (s, s), (s, q), (q, q))
        products = [float((a.double() * b.double()).sum()) for a, b in pairs] + [float(q.double().sum())]
        state["gradient"].copy_(gradient)
        state["direction"].copy_(q)
        return Products(*products)

    def move(self, state: dict[str, Any], keep: float, rate: float, shift: float) -> tuple[float, float, float]:
        u, s = state["u"], state["step"]
        s.mul_(keep).sub_(state["direction"] - shift, alpha=rate)
        if self._free is not None:
            s.mul_(self._free)
        u.add_(s)
        return float(s.abs().max()), float(u.abs().max()), float(u.double().sum())

    def _projected(self, a: Any) -> Any:
        if self._free is not None:
            a = a * self._free
        if self._average:
            mean = a.double().sum() / self._free_count
            a = a - mean.to(a.dtype) * (1 if self._free is None else self._free)
        return a

    def _apply(self, a: Any) -> Any:
        for axis, blur in enumerate(self._blurs):
            a = self._along(blur, a, axis)
        if not self._laplacians:
            return a
        return sum(self._along(matrix, a, axis) for axis, matrix in enumerate(self._laplacians))

    def _along(self, matrix: Any, a: Any, axis: int) -> Any:
        return self._torch.movedim(self._torch.tensordot(matrix, a, dims=([1], [axis])), 0, axis)
