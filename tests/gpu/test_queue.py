"""Arrays, launches, counters, and what happens when a card's memory runs out."""

from __future__ import annotations

import copy
import gc
from typing import Any

import numpy as np
import pytest

from shapelab.errors import OutOfMemoryError
from shapelab.gpu.queue import Queue
from shapelab.gpu.resident import Resident
from shapelab.gpu.sums import BlockSums, block_max, block_sum

wp = pytest.importorskip("warp")


@wp.kernel(enable_backward=False)
def scaled_sums(factor: wp.float64, u: wp.array(dtype=Any), count: int, threads: int, partial: wp.array2d(dtype=wp.float64)):
    place = wp.tid()
    total = wp.float64(0.0)
    largest = wp.float64(0.0)
    i = place
    while i < count:
        value = wp.float64(u[i])
        total += factor * value
        largest = wp.max(largest, wp.abs(value))
        i += threads
    block_sum(total, place, 0, partial)
    block_max(largest, place, 1, partial)


@pytest.fixture
def queue():
    return Queue("warp:cpu")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 63, 10_001])
def test_sums_and_maxima(queue, dtype, count):
    values = np.random.default_rng(count).standard_normal(count).astype(dtype)
    u, sums = queue.array(values, getattr(wp, dtype)), BlockSums(queue, 1, 1)
    launch = queue.prepare(scaled_sums, sums.threads, wp.float64(1.0), u, count, sums.threads, sums.partial)
    for factor in (2.0, -3.0):
        launch(factor)
        sums.reduction()()
        total, largest = queue.read(sums.totals)
        assert total == pytest.approx(factor * values.sum(dtype=np.float64), rel=1e-12, abs=1e-9)
        assert largest == np.abs(values).max()


@pytest.mark.parametrize("block", [1, 32, 256])
def test_blocks_of_threads_add_up_as_on_a_card(queue, block, monkeypatch):
    """Warp can run blocks of more than one thread on the processor: what a card's threads do together is tested too."""
    monkeypatch.setattr(wp.config, "enable_cpu_blocks", True)
    monkeypatch.setattr(queue, "block", block)
    values = np.random.default_rng(block).standard_normal(5_003)
    u, sums = queue.array(values, wp.float64), BlockSums(queue, 1, 1)
    assert sums.threads == sums.blocks * block
    queue.launch(scaled_sums, sums.threads, wp.float64(2.0), u, len(values), sums.threads, sums.partial)
    sums.reduction()()
    total, largest = queue.read(sums.totals)
    assert total == pytest.approx(2 * values.sum(), rel=1e-12)
    assert largest == np.abs(values).max()


def test_what_is_done_is_counted(queue):
    u, sums = queue.array(np.ones(1000, np.float32), wp.float32), BlockSums(queue, 1, 1)
    launch = queue.prepare(scaled_sums, sums.threads, wp.float64(1.0), u, 1000, sums.threads, sums.partial)
    reduce = sums.reduction()
    assert (queue.counts.launches, queue.counts.waits) == (0, 0)
    launch()
    reduce()
    queue.read(sums.totals)
    assert (queue.counts.launches, queue.counts.waits) == (2, 1)
    assert queue.counts.traffic == 4000 + 2 * 8 * sums.partial.size + 16
    held = queue.held
    assert held >= 4000 + 8 * sums.partial.size + 16
    del u, launch, reduce, sums
    gc.collect()
    assert queue.held == 0
    assert queue.peak == held


def test_an_array_of_a_state_is_copied_with_it(queue):
    values = np.random.default_rng(0).random((3, 4, 5))
    first = Resident.of(queue, values, wp.float32)
    second = copy.deepcopy(first)
    first.zero()
    np.testing.assert_array_equal(second.numpy(), values.astype(np.float32))
    np.testing.assert_array_equal(np.asarray(first), np.zeros((3, 4, 5)))
    first.assign(second)
    np.testing.assert_array_equal(first, values.astype(np.float32))
    np.testing.assert_array_equal(Resident.of(queue, second, wp.float64), values.astype(np.float32))


def test_memory_that_runs_out_is_a_sentence(queue, monkeypatch):
    def refuse(shape, **options):
        raise RuntimeError("Failed to allocate 4000000000 bytes on device 'cuda:0'")

    monkeypatch.setattr(wp, "empty", refuse)
    with pytest.raises(OutOfMemoryError, match=r"4 GB more were needed and .* GB are free.*smaller shape"):
        queue.empty((1000, 1000, 1000), wp.float32)
