"""The curvature energy on a card: what its kernels are given, and the numbers they give back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import warp as wp

from shapelab.curvature.card import energy_kernels as kernels
from shapelab.curvature.card import frame_kernels, metric_kernels
from shapelab.curvature.surface_kernel import near
from shapelab.curvature.terms import SIGMA, EnergyTerms
from shapelab.gpu.generic import specialise
from shapelab.gpu.queue import Launch, Queue
from shapelab.gpu.resident import Resident
from shapelab.gpu.sums import BlockSums

__all__ = ["CardEnergy"]

_SMOOTHING = np.float32(1.69e-6)
"""That of the kernels for the processor, to the bit."""


class CardEnergy:
    """Energy and exact gradient on one card, for `shapelab.curvature.energy.CurvatureEnergy`.

    Parameters
    ----------
    shape
        Grid (z, y, x).
    dtype
        "float32" or "float64".
    device
        "cuda:N" or "warp:cpu".
    """

    def __init__(self, shape: tuple[int, int, int], dtype: str, device: str) -> None:
        self.queue = Queue(device)
        for module in (kernels, frame_kernels, metric_kernels):
            specialise(module, getattr(wp, dtype))
        self.shape, self.size, self.count = shape, wp.vec3i(*shape), math.prod(shape)
        self.real = getattr(wp, dtype)
        self.work = self.queue.empty((10, self.count), self.real)
        """Ten numbers per voxel between the two kernels; whoever computes something else meanwhile may use them."""
        self.gradient = self.queue.empty(self.count, self.real)
        self.none = self.queue.zeros(1, self.real)
        self.no_mask = self.queue.zeros(1, wp.uint8)
        self._masked: tuple[np.ndarray, wp.array] | None = None
        self.version = 0
        """Counts the changes of the terms: launches prepared before one must be prepared again."""

    def update(self, terms: EnergyTerms, factors: np.ndarray) -> None:
        """Use other terms from the next evaluation on; `factors` are their `pointwise_factors`."""
        self.terms, self.wrap = terms, int(terms.boundary == "periodic")
        self.version += 1
        flat = factors.reshape(10, -1)
        nz, ny, nx = factors.shape[1:]
        self._strides = wp.vec3i(ny * nx * (nz > 1), nx * (ny > 1), int(nx > 1))
        self._factors = self.queue.array(flat, self.real)
        numbers = (terms.voxel_size, terms.interface_width, terms.tension, float(_SMOOTHING))
        self._numbers = self.queue.array(np.array(numbers), self.real)
        self._target = self.none if terms.fidelity == 0 else self.queue.array(np.ravel(np.asarray(terms.target)), self.real)

    @property
    def constrained(self) -> bool:
        """Whether there is an area constraint."""
        return self.terms.area is not None and self.terms.area_stiffness != 0

    def launches(self, u: wp.array, sums: BlockSums, *, free: wp.array | None = None, ones: wp.array | None = None) -> list[Launch]:
        """Return what leads from the field to the gradient, with the sums of `energy_kernels` in their rows.

        Parameters
        ----------
        u
            Field, flat.
        sums
            Where the partial sums go.
        free
            1 where u may change, uint8 and flat; None for everywhere.
        ones
            An array whose product with the gradient is summed, None for none.
        """
        t = self.terms
        stiffness = t.area_stiffness / SIGMA if self.constrained else 0.0
        first = self.queue.prepare(
            kernels.pointwise, sums.threads, u, self.size, self.wrap, self._numbers, self._factors, self._strides,
            sums.threads, self.work, sums.partial,
        )  # fmt: skip
        second = self.queue.prepare(
            kernels.gather, sums.threads, u, self.work, self.size, self.wrap, self._numbers,
            wp.float64(stiffness), wp.float64(t.area or 0.0), wp.float64(t.voxel_size**3 / SIGMA), sums.totals,
            self.real(t.fidelity), self._target, self.no_mask if free is None else free, self.none if ones is None else ones,
            sums.threads, self.gradient, sums.partial,
        )  # fmt: skip
        return [first, *([sums.reduction(kernels.DENSITY, kernels.WELLS + 1)] if self.constrained else []), second]

    def value(self, sums: np.ndarray) -> float:
        """Return the energy from the sums of the rows of `energy_kernels`."""
        t = self.terms
        value = float(sums[kernels.DENSITY]) + t.fidelity / 2 * float(sums[kernels.FIDELITY])
        if not self.constrained:
            return value * t.voxel_size**3
        eps = t.interface_width
        area = (eps / 2 * float(sums[kernels.SQUARES]) + float(sums[kernels.WELLS]) / eps) * t.voxel_size**3 / SIGMA
        return value * t.voxel_size**3 + t.area_stiffness * (area - float(t.area or 0.0)) ** 2

    def value_and_gradient(self, u: Any) -> tuple[float, Resident]:
        """Return the energy and the gradient density, which stays on the card, at a field."""
        field = self.resident(u)
        sums = BlockSums(self.queue, 6)
        for launch in self.launches(field.array.flatten(), sums):
            launch()
        total = self.queue.read(sums.partial).sum(axis=1)
        return self.value(total), Resident(self.queue, self.gradient.reshape(self.shape))

    def sums(self, u: Any) -> tuple[float, float, float]:
        """Return the sums of |grad u|^2, of W(u) and of |eps/2 |grad u|^2 - W/eps|."""
        return self.seen(u)[2]

    def seen(
        self, u: Any, clamped: np.ndarray | None = None
    ) -> tuple[float, float, tuple[float, float, float], tuple[float, float, float, float]]:
        """Return mean, part inside, `sums`, and what `shapelab.curvature.surface_kernel.surface_sums` returns.

        What is near the `clamped` voxels has no curvature that counts.
        """
        sums = BlockSums(self.queue, frame_kernels.ROWS)
        self.queue.launch(
            frame_kernels.observe, sums.threads, self.resident(u).array.flatten(), self.size, self.wrap, self._numbers,
            self._near(clamped), sums.threads, sums.partial,
        )  # fmt: skip
        a = [float(value) for value in self.queue.read(sums.partial).sum(axis=1)]
        return a[0] / self.count, a[1] / self.count, (a[2], a[3], a[4]), (a[5], a[6], a[7], a[8])

    def _near(self, clamped: np.ndarray | None) -> wp.array:
        """Return the mask of what is near clamped voxels, made once."""
        if clamped is None:
            return self.no_mask
        if self._masked is None or self._masked[0] is not clamped:
            self._masked = (clamped, self.queue.array(near(clamped).ravel(), wp.uint8))
        return self._masked[1]

    def resident(self, u: Any) -> Resident:
        """Return a field that is on this card, copied there if it is not."""
        return u if isinstance(u, Resident) and u.is_on(self.queue) else Resident.of(self.queue, u, self.real)
