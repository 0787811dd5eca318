"""A function of Warp as a cost: one reduction over all cells per pass, with the exact gradient of the function."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

# Annotations of kernels made within a function are read where they stand: they must not be turned into text (`annotations`).

from functools import cache
from typing import Any, Self

import numpy as np
import warp as wp

from shapelab.errors import InputError
from shapelab.gpu.queue import Queue
from shapelab.transport.reduction import PointReduction

__all__ = ["WarpReduction"]


class WarpReduction(PointReduction):
    """The cost of a ``wp.func`` of the displacement z, and of the parameters q of a cell if there are any.

    Parameters
    ----------
    function
        ``function(z: wp.vec2)`` or ``function(z: wp.vec2, q: <vector of k floats>)``, and ``wp.vec3`` in space.
    parameters
        ``(N, k)``, or None.
    device
        A resolved device; on "cpu" Warp computes on one core.
    """

    def __init__(self, function: Any, parameters: np.ndarray | None, device: str = "cpu") -> None:
        self.function, self.parameters = function, parameters
        self._queue = Queue("warp:cpu" if device == "cpu" else device)

    def on(self, device: str) -> Self:
        return type(self)(self.function, self.parameters, device)

    def lowest(
        self, points: np.ndarray, seeds: np.ndarray, cells: np.ndarray, potentials: np.ndarray, period: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        d, queue = points.shape[1], self._queue
        vector, lowest, _ = _kernels(self.function, d, self._width, k)
        values, places = queue.empty((len(points), k), wp.float32), queue.empty((len(points), k), wp.int32)
        frequency = np.divide(1.0, period, out=np.zeros(d), where=period > 0)
        single = [np.ascontiguousarray(array, np.float32) for array in (points, seeds, self._rows(cells))]
        arrays = [queue.array(single[0], vector), queue.array(single[1], vector), queue.array(single[2], wp.float32)]
        self._launch(lowest, len(points), *arrays, queue.array(potentials, wp.float32), vector(*period), vector(*frequency), values, places)
        found = queue.read(values).astype(float)
        if not np.isfinite(found[:, 0]).all():
            raise InputError(f"The cost function {self._name} must return finite numbers; at some pixels it returns none.")
        return found, queue.read(places).astype(np.int64)

    def gradients(self, z: np.ndarray, cells: np.ndarray) -> np.ndarray:
        queue = self._queue
        vector, _, slope = _kernels(self.function, z.shape[1], self._width, 2)
        out = queue.empty(len(z), vector)
        rows = queue.array(np.ascontiguousarray(self._rows(cells), np.float32), wp.float32)
        self._launch(slope, len(z), queue.array(np.ascontiguousarray(z, np.float32), vector), rows, out)
        return queue.read(out).astype(float).reshape(z.shape)

    def values(self, z: np.ndarray, cell: int) -> np.ndarray:
        """Return the costs of one cell at displacements ``(..., d)``, in single precision."""
        at, d = z.reshape(-1, z.shape[-1]).astype(np.float32), z.shape[-1]
        return self.lowest(at, np.zeros((1, d)), np.array([cell]), np.zeros(1), np.zeros(d), 2)[0][:, 0].reshape(z.shape[:-1])

    @property
    def _width(self) -> int:
        return 0 if self.parameters is None else self.parameters.shape[1]

    @property
    def _name(self) -> str:
        return str(getattr(self.function, "key", self.function)).rpartition(".")[2]

    def _rows(self, cells: np.ndarray) -> np.ndarray:
        return np.zeros((1, 1)) if self.parameters is None else self.parameters[cells]

    def _launch(self, kernel: Any, *arguments: Any) -> None:
        try:
            self._queue.launch(kernel, *arguments)
        except Exception as error:  # Warp raises whatever its parser or the compiler raise
            reason, with_q = str(error).strip().splitlines()[0], f" and q, a vector of {self._width}," if self._width else ""
            raise InputError(
                f"The cost function {self._name} cannot be used: {reason} It must take z, a vector of as many numbers as there are "
                f"axes,{with_q} and return a float."
            ) from error


def _compiled(function: Any, vector: Any, width: int) -> tuple[Any, Any]:
    """Return the cost of cell i at a displacement, and its gradient, with the cell's parameters out of a table."""
    parameters = wp.types.vector(length=max(1, width), dtype=wp.float32)

    if width:

        @wp.func
        def row(q: wp.array2d(dtype=wp.float32), i: int):
            found = parameters()
            for c in range(wp.static(width)):
                found[c] = q[i, c]
            return found

        @wp.func
        def cost(z: vector, q: wp.array2d(dtype=wp.float32), i: int):
            return function(z, row(q, i))

        @wp.func
        def slope(z: vector, q: wp.array2d(dtype=wp.float32), i: int):
            dz, _ = wp.grad(function)(z, row(q, i))
            return dz

    else:

        @wp.func
        def cost(z: vector, q: wp.array2d(dtype=wp.float32), i: int):
            return function(z)

        @wp.func
        def slope(z: vector, q: wp.array2d(dtype=wp.float32), i: int):
            return wp.grad(function)(z)

    return cost, slope


@cache
def _kernels(function: Any, d: int, width: int, k: int) -> tuple[Any, Any, Any]:
    """Return the type of points, the kernel of the k lowest costs, and that of the gradient."""
    vector = wp.types.vector(length=d, dtype=wp.float32)
    lows, whose = wp.types.vector(length=k, dtype=wp.float32), wp.types.vector(length=k, dtype=wp.int32)
    infinite = wp.constant(float("inf"))
    cost, slope = _compiled(function, vector, width)

    @wp.kernel(enable_backward=False, module="unique")
    def lowest(
        points: wp.array(dtype=vector),
        seeds: wp.array(dtype=vector),
        q: wp.array2d(dtype=wp.float32),
        f: wp.array(dtype=wp.float32),
        period: vector,
        frequency: vector,
        values: wp.array2d(dtype=wp.float32),
        places: wp.array2d(dtype=wp.int32),
    ):
        p = wp.tid()
        best = lows()
        owner = whose()
        for c in range(wp.static(k)):
            best[c] = infinite
        for i in range(seeds.shape[0]):
            z = points[p] - seeds[i]
            for axis in range(wp.static(d)):
                z[axis] = z[axis] - period[axis] * wp.floor(z[axis] * frequency[axis] + 0.5)
            v = cost(z, q, i) - f[i]
            if v < best[k - 1]:
                c = int(k - 1)
                while c > 0 and v < best[wp.max(c - 1, 0)]:
                    best[c] = best[c - 1]
                    owner[c] = owner[c - 1]
                    c -= 1
                best[c] = v
                owner[c] = i
        for c in range(wp.static(k)):
            values[p, c] = best[c]
            places[p, c] = owner[c]

    @wp.kernel(enable_backward=True, module="unique")
    def gradient(z: wp.array(dtype=vector), q: wp.array2d(dtype=wp.float32), out: wp.array(dtype=vector)):
        p = wp.tid()
        out[p] = slope(z[p], q, p)

    return vector, lowest, gradient
