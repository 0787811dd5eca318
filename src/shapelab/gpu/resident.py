"""An array of a simulation's state that lives on a device: it is copied, saved and restored with the state."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import warp as wp

from shapelab.gpu.queue import Queue
from shapelab.threads import over_ranges, ranges

__all__ = ["HostCopy", "Resident"]

_LARGE = 2**24
"""Copies from this size on are shared by threads: new memory takes longer to fill than the card to send [bytes]."""


class HostCopy:
    """A copy on its way to the host, through page-locked memory and on a stream of its own."""

    def __init__(self, queue: Queue, array: wp.array) -> None:
        self._queue, self._array = queue, array
        self._host = queue.send(array) if queue.is_card else array

    def result(self) -> np.ndarray:
        """Wait for the copy, and return it."""
        self._queue.counts.waits += 1
        if self._queue.is_card:
            self._queue.wait_for_copies()
        source: np.ndarray = self._host.numpy()
        if source.nbytes < _LARGE:
            return np.array(source)
        values = np.empty_like(source)
        over_ranges(lambda _, first, last: np.copyto(values[first:last], source[first:last]), ranges(len(source)))
        return values


class Resident:
    """An array on a queue's device, as a `State` holds it.

    Parameters
    ----------
    queue
        Queue of the device that it lives on.
    array
        The array; kernels take it as ``resident.array``.
    """

    def __init__(self, queue: Queue, array: wp.array) -> None:
        self.queue, self.array = queue, array

    @classmethod
    def of(cls, queue: Queue, values: Any, dtype: Any) -> Self:
        """Return a copy of `values` (NumPy, or resident on any device) on the queue's device."""
        return cls(queue, queue.array(values.numpy() if hasattr(values, "numpy") else values, dtype))

    def is_on(self, queue: Queue) -> bool:
        """Return whether it lives on the queue's device."""
        return bool(self.queue.device == queue.device)

    def numpy(self) -> np.ndarray:
        """Wait for the device and return a copy of the values."""
        return self.begin_copy().result()

    def begin_copy(self) -> HostCopy:
        """Begin to copy the values as they are now to the host; do not change them before the copy is there."""
        return HostCopy(self.queue, self.array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        del copy  # a copy it is always
        return np.asarray(self.numpy(), dtype)

    def assign(self, other: Resident) -> None:
        """Take the values of another array of the same device, on the device."""
        wp.copy(self.array, other.array)

    def zero(self) -> None:
        """Set all values to 0."""
        self.array.zero_()

    def __deepcopy__(self, memo: dict[int, Any]) -> Resident:
        new = Resident(self.queue, self.queue.empty(self.array.shape, self.array.dtype))
        new.assign(self)
        return new
