"""Work on many files at once: in processes of this machine, or on a Dask cluster; a process that dies costs its file only."""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shapelab.batch.cluster import given_up, workers
from shapelab.batch.folder_parts import FileOutcome, notes_of
from shapelab.device import cpu_count, use_one_thread
from shapelab.errors import Stopped, reason_of
from shapelab.io.output import new_version
from shapelab.stopping import check_stop

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Call", "TableOf", "here", "on_cluster"]

TableOf = Callable[[Path], "pd.DataFrame"]
"""What is done with each file; processes must find it: a function of a module, or a `functools.partial` of one.

What is to be said of the file stands in the table's ``attrs["notes"]``, in sentences."""

_KILLED = "the process that worked on it was ended from outside, perhaps because memory ran out"
_MOST_JOBS = 61
"""Windows starts no more processes in one pool."""
_LOOK = 0.2
"""Time between two looks at whether to stop [s]."""


class Call(NamedTuple):
    """One file to do."""

    table_of: TableOf
    file: Path
    name: str
    part: Path
    """Where its table is kept."""


def here(calls: Sequence[Call], jobs: int | None) -> Iterator[FileOutcome]:
    """Do the calls, as many at once as there are jobs (by default cores), and give what became of each."""
    jobs = min(jobs or cpu_count(), len(calls), _MOST_JOBS)
    if jobs < 2:
        for call in calls:
            check_stop()
            yield _one(call)
        return
    broken: list[Call] = []
    yield from _side_by_side(calls, jobs, broken)
    for call in broken:  # one of them did it: each in a process of its own
        again: list[Call] = []
        yield from _side_by_side([call], 1, again)
        if again:
            yield FileOutcome(call.name, reason=_KILLED)


def _side_by_side(calls: Sequence[Call], jobs: int, broken: list[Call]) -> Iterator[FileOutcome]:
    before = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin) as pool:
        waiting = {pool.submit(_one, call): call for call in calls}
        try:
            while waiting:
                check_stop()
                for future in wait(waiting, _LOOK, FIRST_COMPLETED).done:
                    call = waiting.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        broken.append(call)
                    else:
                        yield outcome
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


def on_cluster(calls: Sequence[Call], scheduler: str, folder: Path) -> Iterator[FileOutcome]:
    """Do the calls on the workers of a Dask scheduler, who must see the files and `folder`."""
    with workers(folder, scheduler=scheduler, count=None, members=len(calls), need=0) as pool:
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        waiting = {}
        for call in calls:
            future = pool.client.submit(_one, call, pure=False)
            future.add_done_callback(done.put)
            waiting[future.key] = (call, future)
        while waiting:
            check_stop()
            try:
                future = done.get(timeout=_LOOK)
            except queue.Empty:
                continue
            call, _ = waiting.pop(future.key)
            error = future.exception()
            if error is None:
                yield future.result()
            else:
                yield FileOutcome(call.name, reason=_KILLED if given_up(future) else reason_of(error, call.name))


def _begin() -> None:
    """Set a process up: one core; Ctrl-C is for its parent; when its parent is gone, so is it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="shapelab parent", daemon=True).start()


def _end_with(sentinel: Any) -> None:
    wait_for([sentinel])
    os._exit(1)


def _one(call: Call) -> FileOutcome:
    """Do one file; its table is kept when it is whole."""
    try:
        table = call.table_of(call.file)
        notes = tuple(map(str, table.attrs.get("notes", ())))
        with new_version(notes_of(call.part)) as partial:
            partial.write_text(json.dumps(notes), encoding="utf-8")
        with new_version(call.part) as partial:
            table.to_csv(partial, index=False)
    except Stopped:
        raise
    except Exception as error:
        return FileOutcome(call.name, reason=reason_of(error, call.name))
    return FileOutcome(call.name, len(table), notes=notes)
