"""Slabs of planes computed by a few threads: compiled kernels that release the interpreter lock need no other scheduler."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from shapelab.device import cpu_count

__all__ = ["run_slabs", "slab_bounds"]

_THINNEST = 4
"""Planes in the thinnest slab: a slab repeats the work of two planes beside it."""


def slab_bounds(planes: int) -> list[tuple[int, int]]:
    """Return the first and last (excluded) plane of each slab, at most one slab per core."""
    count = max(1, min(cpu_count(), planes // _THINNEST))
    return [(i * planes // count, (i + 1) * planes // count) for i in range(count)]


def run_slabs(task: Callable[[int, int, int], object], bounds: list[tuple[int, int]]) -> None:
    """Call ``task(number, first, last)`` for every slab, one of them in the calling thread."""
    pending = [_pool().submit(task, i, first, last) for i, (first, last) in enumerate(bounds) if i > 0]
    try:
        task(0, *bounds[0])
    finally:
        for future in pending:
            future.result()


@cache
def _pool() -> ThreadPoolExecutor:
    # Runs share these threads; a task never waits for another task, so they cannot block each other.
    return ThreadPoolExecutor(max_workers=max(1, cpu_count()), thread_name_prefix="shapelab-slab")
