"""Sums and maxima over a grid that come out the same to the last bit: per block, then over the blocks, never by atomics.

A kernel that sums is launched with `BlockSums.threads` threads. Each walks over the grid in steps of that number, adds up in
float64, and the block's threads add theirs in a fixed order::

    place = wp.tid()
    total = wp.float64(0.0)
    i = place
    while i < count:
        total += ...
        i += threads
    block_sum(total, place, row, partial)
"""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

import warp as wp

from shapelab.gpu.queue import Launch, Queue

__all__ = ["BlockSums", "block_max", "block_sum"]

_CARD_BLOCKS, _PROCESSOR_BLOCKS = 1024, 64


@wp.func
def block_sum(value: wp.float64, place: int, row: int, partial: wp.array2d(dtype=wp.float64)):
    """Add `value` over the threads of this block into `partial[row, block]`; every thread of the block must call it."""
    total = wp.tile_sum(wp.tile(value))
    partial[row, place // wp.block_dim()] = total[0]


@wp.func
def block_max(value: wp.float64, place: int, row: int, partial: wp.array2d(dtype=wp.float64)):
    """Take the largest `value` of this block's threads into `partial[row, block]`."""
    largest = wp.tile_max(wp.tile(value))
    partial[row, place // wp.block_dim()] = largest[0]


@wp.kernel(enable_backward=False)
def _reduce(
    first: int, blocks: int, first_max: int, lanes: int, partial: wp.array2d(dtype=wp.float64), out: wp.array(dtype=wp.float64)
):  # fmt: skip
    """One block per row: sums, and from row `first_max` on maxima of numbers that are not negative."""
    row, lane = wp.tid()
    row += first
    total = wp.float64(0.0)
    largest = wp.float64(0.0)
    k = lane
    while k < blocks:
        total += partial[row, k]
        largest = wp.max(largest, partial[row, k])
        k += lanes
    sums = wp.tile_sum(wp.tile(total))
    maxima = wp.tile_max(wp.tile(largest))
    if row < first_max:
        out[row] = sums[0]
    else:
        out[row] = maxima[0]


class BlockSums:
    """Rows of partial sums, and the numbers that they make.

    Parameters
    ----------
    queue
        Where the kernels run.
    sums, maxima
        Number of rows that are added up, and of rows after them of which the largest (from 0 on) is wanted.
    """

    def __init__(self, queue: Queue, sums: int, maxima: int = 0) -> None:
        self.blocks = _CARD_BLOCKS if queue.is_card else _PROCESSOR_BLOCKS
        self.threads = self.blocks * queue.block
        """How many threads a kernel that fills `partial` must be launched with."""
        self._queue, self._rows, self._sums = queue, sums + maxima, sums
        self.partial = queue.zeros((self._rows, self.blocks), wp.float64)
        """(rows, blocks): a host may read this as it is and add up the rows."""
        self.totals = queue.zeros(self._rows, wp.float64)
        """The rows added up on the device, by a `reduction`."""

    def reduction(self, first: int = 0, last: int | None = None) -> Launch:
        """Return the launch that adds up the rows from `first` to before `last` into `totals`."""
        rows = (self._rows if last is None else last) - first
        lanes = self._queue.block
        return self._queue.prepare(_reduce, (rows, lanes), first, self.blocks, self._sums, lanes, self.partial, self.totals)
