"""Run a compiled kernel over ranges of blocks in several threads.

The kernels are compiled without numba's own parallelism (they release the interpreter lock instead), so that several
simulations may run at once on every platform, and compile in half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from shapelab.device import cpu_count

__all__ = ["in_parallel", "n_threads", "ranges"]


@cache
def n_threads() -> int:
    """Return the number of threads that share a pass."""
    return min(8, cpu_count())


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads(), thread_name_prefix="shapelab-transport")


def ranges(n: int, least: int = 64) -> list[tuple[int, int]]:
    """Split 0..n into one contiguous range per thread, each of at least `least` items."""
    parts = max(1, min(n_threads(), n // max(1, least)))
    return [(n * k // parts, n * (k + 1) // parts) for k in range(parts)]


def in_parallel(kernel: Callable, n: int, *arguments: Any, least: int = 64) -> list[Any]:
    """Return ``kernel(slot, first, last, *arguments)`` for each range of 0..n; `slot` counts the ranges from 0."""
    parts = ranges(n, least)
    later = [_pool().submit(kernel, slot, *part, *arguments) for slot, part in enumerate(parts) if slot]
    return [kernel(0, *parts[0], *arguments), *(job.result() for job in later)]
