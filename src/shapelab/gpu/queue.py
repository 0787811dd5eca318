"""One device's queue of kernels: arrays, launches, and the copies back that a host waits for; it counts all three."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from shapelab.device import available_memory, describe, on_card, release_memory
from shapelab.errors import OutOfMemoryError

__all__ = ["Counts", "Launch", "Queue"]

_CARD_BLOCK, _PROCESSOR_BLOCK = 256, 1
"""Threads of a block. On the processor Warp runs one thread after another."""
_launching = threading.RLock()
"""Warp compiles and loads a module at its first launch, which two threads must not do at once."""


@dataclass
class Counts:
    """What a queue has done since it was made, or since `Queue.counts` was last replaced."""

    launches: int = 0
    waits: int = 0
    """Times that the host waited for the device."""
    traffic: int = 0
    """Bytes of the arrays that kernels were given: what they move at least, if each is read or written once."""


class Queue:
    """Where the kernels of one simulation run, in order.

    All queues of a card share its default stream, so that two docks take turns and no array is read before it is written.

    Parameters
    ----------
    device
        A resolved device (`shapelab.device.resolve`): "cuda:N" or "warp:cpu".
    """

    def __init__(self, device: str) -> None:
        self.name = device
        self.device = wp.get_device("cpu" if device == "warp:cpu" else device)
        self.is_card = on_card(device)
        self.block = _CARD_BLOCK if self.is_card else _PROCESSOR_BLOCK
        self.counts = Counts()
        self.held = 0
        """Bytes of the arrays that live on the device now."""
        self.peak = 0
        """The most that `held` was."""
        self._pinned: dict[Any, wp.array] = {}
        self._copies: wp.Stream | None = None

    def empty(self, shape: int | Sequence[int], dtype: Any) -> wp.array:
        """Return a new array on the device; its values are whatever was there.

        Raises
        ------
        OutOfMemoryError
            With the numbers; what no array needs any more is given back to the card.
        """
        try:
            array = wp.empty(shape, dtype=dtype, device=self.device)
        except RuntimeError as error:
            raise self._out_of_memory(shape, dtype) from error
        size = int(array.capacity)
        self.held += size
        self.peak = max(self.peak, self.held)
        weakref.finalize(array, self._freed, size)
        return array

    def zeros(self, shape: int | Sequence[int], dtype: Any) -> wp.array:
        """Return a new array of zeros."""
        array = self.empty(shape, dtype)
        array.zero_()
        return array

    def array(self, values: Any, dtype: Any) -> wp.array:
        """Return a new array with the values of a NumPy array."""
        host = np.ascontiguousarray(values, wp.dtype_to_numpy(dtype) if not wp.types.type_is_vector(dtype) else None)
        shape = host.shape if not wp.types.type_is_vector(dtype) else host.shape[:-1]
        array = self.empty(shape, dtype)
        array.assign(host)
        return array

    def launch(self, kernel: Any, dim: int | Sequence[int], *arguments: Any) -> None:
        """Launch a kernel once; the arguments in the kernel's order."""
        self.prepare(kernel, dim, *arguments)()

    def prepare(self, kernel: Any, dim: int | Sequence[int], *arguments: Any) -> Launch:
        """Return a launch that can be repeated for a tenth of the time, with other numbers if needed."""
        with _launching:
            command = wp.launch(kernel, dim=dim, inputs=list(arguments), device=self.device, block_dim=self.block, record_cmd=True)
        return Launch(self, command, sum(_size(value) for value in arguments))

    def read(self, array: wp.array) -> np.ndarray:
        """Wait for all that was launched, and return a copy of an array."""
        return self.read_all(array)[0]

    def read_all(self, *arrays: wp.array) -> list[np.ndarray]:
        """Wait once for all that was launched, and return copies of (small) arrays."""
        self.counts.waits += 1
        if not self.is_card:
            return [np.array(array.numpy()) for array in arrays]
        hosts = [self._pinned_like(array, place) for place, array in enumerate(arrays)]
        for host, array in zip(hosts, arrays, strict=True):
            wp.copy(host, array)
        wp.synchronize_stream(self.device.stream)
        return [np.array(host.numpy()) for host in hosts]

    def send(self, array: wp.array) -> wp.array:
        """Begin to copy an array into page-locked memory, beside what is launched from now on; see `wait_for_copies`."""
        if self._copies is None:
            self._copies = wp.Stream(self.device)
        host = self._pinned_like(array, -1)
        self._copies.wait_stream(self.device.stream)
        wp.copy(host, array, stream=self._copies)
        return host

    def wait_for_copies(self) -> None:
        """Wait for what was sent."""
        wp.synchronize_stream(self._copies)

    def _pinned_like(self, array: wp.array, place: int) -> wp.array:
        """Return page-locked memory for a copy of `array`; kept for the next of the same kind at the same place."""
        kind = (place, array.shape, array.dtype)
        if kind not in self._pinned:
            self._pinned[kind] = wp.empty(array.shape, dtype=array.dtype, device="cpu", pinned=True)
        return self._pinned[kind]

    def _freed(self, size: int) -> None:
        self.held -= size

    def _out_of_memory(self, shape: int | Sequence[int], dtype: Any) -> OutOfMemoryError:
        release_memory(self.name)
        needed = int(np.prod(shape, dtype=np.float64)) * wp.types.type_size_in_bytes(dtype)
        return OutOfMemoryError(
            f"The memory of {describe(self.name)} ran out: {needed / 1e9:.3g} GB more were needed and "
            f"{available_memory(self.name) / 1e9:.3g} GB are free. Choose a smaller shape or a coarser grid, or device = 'cpu'."
        )


class Launch:
    """A kernel with its arguments, ready to be launched again and again."""

    def __init__(self, queue: Queue, command: Any, traffic: int) -> None:
        self._queue, self._command, self._traffic = queue, command, traffic

    def __call__(self, *numbers: Any) -> None:
        """Launch; `numbers` replace the first arguments, in order."""
        for index, number in enumerate(numbers):
            self._command.set_param_at_index(index, number)
        counts = self._queue.counts
        counts.launches += 1
        counts.traffic += self._traffic
        self._command.launch()


def _size(value: Any) -> int:
    return int(value.size * wp.types.type_size_in_bytes(value.dtype)) if isinstance(value, wp.array) else 0
