"""Work shared by threads of our own: kernels are compiled for one thread and let go of the interpreter.

They compile in half the time of numba's parallel ones, and any number of Python threads may call them at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import Any

from shapelab.device import cpu_count, set_threads

__all__ = ["over_range", "side_by_side", "workers"]


def workers() -> int:
    """Return the number of threads that may compute at once."""
    import numba

    return min(set_threads(), numba.get_num_threads())


def side_by_side(calls: Iterable[Callable[[], Any]]) -> None:
    """Make the calls, as many at once as there are threads, this one among them; return when all are done."""
    waiting = deque(calls)

    def work() -> None:
        while True:
            try:
                call = waiting.popleft()
            except IndexError:
                return
            call()

    helpers = [_pool().submit(work) for _ in range(min(workers(), len(waiting)) - 1)]
    work()
    for helper in helpers:
        helper.result()


def over_range(kernel: Callable[..., Any], n: int, *arguments: Any, least: int = 64) -> None:
    """Call ``kernel(start, stop, *arguments)`` for parts of the range 0 to n, side by side.

    Parameters
    ----------
    kernel
        Compiled with ``nogil=True``; what it writes for one part does not depend on the others.
    n
        Length of the range.
    arguments
        The other arguments of the kernel.
    least
        Least length of a part: waking a thread takes as long as a few dozen short items.
    """
    parts = max(1, min(4 * workers(), n // least)) if workers() > 1 else 1
    bounds = [n * part // parts for part in range(parts + 1)]
    side_by_side(partial(kernel, start, stop, *arguments) for start, stop in pairwise(bounds))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, cpu_count() - 1), thread_name_prefix="crystals kernel")
