"""Where the runs of a fit are made: in this process, or in those of Dask, as sweeps are."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from shapelab.device import require_memory, use_one_thread
from shapelab.errors import InputError
from shapelab.estimate.target import Target
from shapelab.stopping import check_stop

__all__ = ["Runner", "here", "on_processes"]

Found = tuple[int, dict[str, float], str]
"""Number of a run, its statistics, and why it has none."""
Job = tuple[int, dict[str, float]]
Runner = Callable[[Target, int, Sequence[Job]], Iterator[Found]]
"""Takes a target, a seed, and (number, parameters) of runs; yields what each gave, in any order."""

_LIBRARIES = 280_000_000
"""Memory of libraries and kernels in a process [bytes]."""
_LOST = (
    "The processes that made the runs were lost, as happens when memory runs out: use fewer at a time. "
    "A fit saved in a folder resumes where it stopped."
)
_LOOK = 0.2
"""Time between two looks at processes [s]."""


@contextlib.contextmanager
def here(target: Target) -> Iterator[Runner]:
    """Give a runner that makes one run after the other; OutOfMemoryError if one would not fit."""
    require_memory(target.memory())

    def run(target: Target, seed: int, jobs: Sequence[Job]) -> Iterator[Found]:
        for index, values in jobs:
            yield _one(target, seed, index, values)

    yield run


@contextlib.contextmanager
def on_processes(target: Target, folder: Path | None, processes: int, scheduler: str | None, runs: int) -> Iterator[Runner]:
    """Give a runner on processes of this machine, or on the workers of a scheduler."""
    from shapelab.batch.cluster import given_up, workers

    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pool = stack.enter_context(workers(place, scheduler=scheduler, count=processes, members=runs, need=_LIBRARIES + target.memory()))

        def run(target: Target, seed: int, jobs: Sequence[Job]) -> Iterator[Found]:
            if not jobs:
                return
            # a name of its own: that of its contents is still being let go of when the next round begins
            shared = pool.client.scatter(target, broadcast=True, hash=False)
            waiting = {pool.client.submit(_apart, shared, seed, index, values, pure=False) for index, values in jobs}
            try:
                while waiting:
                    check_stop()
                    done = {future for future in waiting if future.done()}
                    if not done:
                        _wait(waiting)
                    for future in done:
                        if future.cancelled() or given_up(future):
                            raise InputError(_LOST)
                        yield future.result()
                    waiting -= done
            finally:
                pool.client.cancel(list(waiting))

        yield run


def _wait(futures: set[Any]) -> None:
    """Wait until one of them is done, or for a moment."""
    import threading

    landed = threading.Event()
    for future in futures:
        future.add_done_callback(lambda _: landed.set())
    landed.wait(_LOOK)


def _apart(target: Target, seed: int, index: int, values: dict[str, float]) -> Found:
    use_one_thread()
    return _one(target, seed, index, values)


def _one(target: Target, seed: int, index: int, values: dict[str, float]) -> Found:
    found, reason = target.statistics(values, (seed * 1_000_003 + index) % 2**31)
    return index, found, reason
