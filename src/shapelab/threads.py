"""Threads that share the work of compiled kernels.

The kernels are compiled for one thread and let go of the interpreter lock: they compile in half the time of numba's
parallel ones, and any number of simulations may run at once on every platform. All families share one pool.

Sums are made part by part, and the parts depend on the length of the range alone: the same bytes come out on any number
of cores.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import numpy as np

from shapelab.device import cpu_count, thread_count
from shapelab.stopping import looking

__all__ = ["PARTS", "dot", "one_blas_thread", "over_ranges", "ranges", "side_by_side"]

Result = TypeVar("Result")

PARTS = 16
"""Parts of a sum. More would share it better among an odd number of threads, and each has sums of its own in memory."""
MOST_THREADS = 64
"""No machine gains from more; threads are made when they are first needed."""


def side_by_side(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """Make the calls, as many at once as there are threads, this one among them; return what they return, in order.

    A call must not wait for another. An error is raised when no call is running any more; those not begun are left out, also
    where this thread is asked to stop (`shapelab.stopping`).
    """
    todo, check = list(calls), looking()
    results: list[Any] = [None] * len(todo)
    waiting = deque(enumerate(todo))

    def work() -> None:
        while True:
            try:
                place, call = waiting.popleft()
            except IndexError:
                return
            try:
                check()
                results[place] = call()
            except BaseException:
                waiting.clear()
                raise

    helpers: list[Future[None]] = []
    with contextlib.suppress(RuntimeError):  # the program is ending: this thread makes all the calls that are left
        helpers.extend(_threads().submit(work) for _ in range(min(thread_count(), len(todo)) - 1))
    try:
        work()
    finally:
        for helper in helpers:
            if not helper.cancel():  # one that has not begun has nothing left to do
                helper.result()
    return results


def ranges(n: int, least: int = 1, most: int = PARTS) -> list[tuple[int, int]]:
    """Split 0..n into at most `most` contiguous ranges of at least `least` items; the last item of each is excluded."""
    parts = max(1, min(most, n // max(1, least)))
    return [(n * k // parts, n * (k + 1) // parts) for k in range(parts)]


def over_ranges(kernel: Callable[..., Result], bounds: list[tuple[int, int]], *arguments: Any) -> list[Result]:
    """Return ``kernel(part, first, last, *arguments)`` for each range; `part` counts them from 0."""
    return side_by_side([partial(kernel, part, *bound, *arguments) for part, bound in enumerate(bounds)])


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of a b. BLAS would divide a long one by the number of cores, and so change its last digits."""
    return float(np.multiply(a, b).sum(dtype=np.float64))


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS and LAPACK compute in one thread: several add up in an order that depends on their number."""
    from threadpoolctl import threadpool_limits

    global _limits, _limited
    with _limiting:
        _limited += 1
        if _limits is None:
            _limits = threadpool_limits(1, user_api="blas")
    try:
        yield
    finally:
        with _limiting:
            _limited -= 1
            if not _limited and _limits is not None:
                _limits.restore_original_limits()
                _limits = None


_limiting = threading.Lock()
_limited = 0
"""Blocks that are under way, on all threads: the limit is that of the program."""
_limits: Any = None
_pool: ThreadPoolExecutor | None = None


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(max(MOST_THREADS, cpu_count()), thread_name_prefix="shapelab-kernel")
    return _pool


def _after_fork() -> None:
    """Threads do not outlive a fork: the child makes its own, and torch, whose threads are lost too, computes in one."""
    global _pool, _limiting, _limited
    _pool, _limiting, _limited = None, threading.Lock(), 0
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
