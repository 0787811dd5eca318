"""Run all members of a sweep, whatever happens to some of them, and collect one table."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import platform
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.arguments import checked
from shapelab.batch.cluster import Workers, given_up, workers
from shapelab.batch.member import MEMBERS, Outcome, beginnings, keep_outcome, read_outcome, run_member
from shapelab.batch.spec import Member, SweepSpec
from shapelab.errors import InputError, ShapelabError
from shapelab.io.lock import FolderLock
from shapelab.io.output import new_version
from shapelab.io.presence import is_file
from shapelab.io.textfile import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLAN", "TABLE", "counts", "load_sweep", "outcomes", "sweep", "sweep_table"]

PLAN, TABLE = "sweep.json", "table.csv"
_FORMAT = {"format": "shapelab sweep", "version": 1}

_LOOK, _PATIENCE = 5.0, 120.0
"""Time between two looks at the workers, and how long there may be none of them [s]."""

_LOSSES = 3
"""Workers that may be lost while they run a member; the next one is its fault. Those that had not begun with it do not count."""

Report = Callable[[Outcome, int, int], None]


@checked()
def sweep(
    spec: SweepSpec,
    folder: str | Path,
    *,
    scheduler: str | None = None,
    processes: int | None = None,
    retry_failed: bool = False,
    report: Report | None = None,
    dashboard: str | None = None,
) -> pd.DataFrame:
    """Run the members of a sweep that have no outcome yet; return the table of all.

    Parameters
    ----------
    spec
        What to compute (`SweepSpec.make`, `read_spec`).
    folder
        Where to save it; made if missing. A folder that holds this same sweep is resumed. It is locked meanwhile.
    scheduler
        Address of a Dask scheduler, None for a cluster of this machine's cores. In a script, a local cluster needs the
        usual ``if __name__ == "__main__":``, as its processes import the script.
    processes
        Processes of the local cluster; fewer are started if the memory does not hold so many members.
    retry_failed
        Run again the members that failed (not those that are not viable).
    report
        Called after each member with its outcome, the number of members that have one, and the number of all.
    dashboard
        Address of Dask's page about a local cluster, such as ``localhost:8787``; None for no page. The cluster itself
        listens on this machine only.

    Returns
    -------
    pandas.DataFrame
        One row per member: name, status, reason, steps, seconds, parameters and observables; also in ``table.csv``.

    Raises
    ------
    InputError
        If the folder holds something else, is removed meanwhile or is being written by another sweep, or no workers can be
        had. A member that fails raises nothing: its reason is in the table.

    Warns
    -----
    UserWarning
        If the scheduler can be reached by other machines without encryption.
    """
    root = Path(folder).absolute()
    with _held(root):
        return _sweep(root, spec, scheduler, processes, retry_failed, report, dashboard)


def _sweep(
    root: Path,
    spec: SweepSpec,
    scheduler: str | None,
    processes: int | None,
    retry_failed: bool,
    report: Report | None,
    dashboard: str | None,
) -> pd.DataFrame:
    _prepare(root, spec)
    members = spec.all_members()
    if retry_failed:
        _forget_failed(root, members)
    left = [member for member in members if read_outcome(root, member.name) is None]
    done = len(members) - len(left)

    def count(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if report is not None:
            report(outcome, done, len(members))

    try:
        if left:
            needs = {member.name: _memory(spec, member) for member in left}
            pool_of = workers(root, scheduler=scheduler, count=processes, members=len(left), need=max(needs.values()), dashboard=dashboard)
            with pool_of as pool:
                _run(pool, root, spec, left, needs, count)
        _clear_parts(root)
    finally:
        table = _write_table(root, members)
    return table


@checked()
def counts(table: pd.DataFrame) -> dict[str, int]:
    """Return how many members of a sweep's table are "done", "not viable" and "failed", in this order, zeros included."""
    found = table["status"].value_counts()
    return {status: int(found.get(status, 0)) for status in ("done", "not viable", "failed")}


@checked()
def load_sweep(folder: str | Path) -> tuple[SweepSpec, list[Outcome]]:
    """Return what a sweep folder was to compute, and the outcomes it holds so far."""
    root = Path(folder)
    if not is_file(root / PLAN):
        raise InputError(f"{str(root)!r} is not a sweep folder: it has no {PLAN}.")
    plan = read_json(root / PLAN)
    if {key: plan.pop(key, None) for key in _FORMAT} != _FORMAT:
        raise InputError(f"{PLAN} of {root.name} is damaged or of another version.")
    spec = SweepSpec.make(**plan)  # which reads "inf" as a number
    return spec, outcomes(root, spec.all_members())


def outcomes(root: Path, members: list[Member]) -> list[Outcome]:
    """Return the outcomes that are there, in the order of the members."""
    return [outcome for member in members if (outcome := read_outcome(root, member.name)) is not None]


def sweep_table(results: list[Outcome]) -> pd.DataFrame:
    """Return one row per outcome."""
    import pandas as pd

    fixed = ("name", "status", "reason", "steps", "seconds")
    rows = [{**{name: getattr(item, name) for name in fixed}, **item.parameters, **item.observables} for item in results]
    return pd.DataFrame(rows, columns=None if rows else list(fixed))


@contextlib.contextmanager
def _held(root: Path) -> Iterator[None]:
    """Lock a sweep's folder while it is written."""
    with contextlib.suppress(OSError):  # told in a sentence by `_prepare`
        root.parent.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(root, "sweep")
    try:
        yield
    finally:
        lock.release()


def _write_table(root: Path, members: list[Member]) -> pd.DataFrame:
    _require_there(root)
    table = sweep_table(outcomes(root, members))
    with new_version(root / TABLE) as partial:
        table.to_csv(partial, index=False)
    return table


def _require_there(root: Path) -> None:
    if not (root / PLAN).is_file():
        raise InputError(f"The sweep folder {str(root)!r} was removed, moved or unmounted while the sweep was running: it ends here.")


def _run(pool: Workers, root: Path, spec: SweepSpec, left: list[Member], needs: dict[str, int], count: Callable[[Outcome], None]) -> None:
    """Keep the workers busy: no more members at once than there are threads, nor than their memory holds together."""
    seen, plan, landed = time.monotonic(), _key(root, spec), threading.Event()
    waiting, flying = deque(left), dict[Any, Member]()
    before, again = beginnings(root), Counter[str]()
    while waiting or flying:
        _require_there(root)
        slots, memory, largest = max(1, pool.slots()), pool.memory(), pool.largest()
        if pool.slots():
            seen = time.monotonic()
        elif time.monotonic() - seen > _PATIENCE:
            raise InputError(f"All workers have been lost for {_PATIENCE:g} s. What is done is saved: the same command resumes the sweep.")
        used = sum(needs[member.name] for member in flying.values())
        while waiting and len(flying) < slots and (not flying or used + needs[waiting[0].name] <= memory):
            member = waiting.popleft()
            if needs[member.name] > largest:
                reason = f"It needs about {needs[member.name] / 1e9:.3g} GB, more than any worker has."
                count(keep_outcome(root, Outcome(name=member.name, status="failed", reason=reason, parameters=member.parameters)))
                continue
            future = pool.client.submit(run_member, str(root), spec, member, pure=False, key=f"{plan}-{member.name}-{again[member.name]}")
            future.add_done_callback(lambda _: landed.set())
            flying[future] = member
            used += needs[member.name]
        if flying:
            for future in _finished(flying, landed):
                member = flying.pop(future)
                begun = beginnings(root)[member.name] - before[member.name]
                if given_up(future) and begun <= _LOSSES and again[member.name] < _LOSSES:
                    again[member.name] += 1
                    waiting.appendleft(member)
                else:
                    count(_outcome(root, member, future))


def _key(root: Path, spec: SweepSpec) -> str:
    """Return what tells the work of this sweep from that of any other on the same scheduler: its folder and its plan."""
    what = json.dumps([platform.node(), str(root.resolve()), _plan(spec)], sort_keys=True)
    return f"shapelab-{hashlib.sha256(what.encode()).hexdigest()[:24]}"


def _plan(spec: SweepSpec) -> dict[str, Any]:
    return {**_FORMAT, **_pack_infinities(spec.model_dump(mode="json"))}


def _finished(futures: Mapping[Any, Member], landed: threading.Event) -> set[Any]:
    """Wait until one of `futures` is done, or for some seconds.

    Dask's own `wait` asks for a default client, which would have every Dask array of this process computed by the sweep's workers.
    """
    landed.wait(_LOOK)
    landed.clear()
    return {future for future in futures if future.done()}


def _outcome(root: Path, member: Member, future: Any) -> Outcome:
    error = future.exception()
    if error is None:
        result: Outcome = future.result()
        return result
    if (done := read_outcome(root, member.name)) is not None:
        return done
    if isinstance(error, OSError):
        raise InputError(f"The results of {member.name} cannot be written to {str(root)!r}: {error.strerror or error}.") from error
    reason = f"Its worker was lost: {type(error).__name__}. Most likely the memory ran out."
    return keep_outcome(root, Outcome(name=member.name, status="failed", reason=reason, parameters=member.parameters))


def _memory(spec: SweepSpec, member: Member) -> int:
    try:
        simulation = spec.simulation(member)
    except ShapelabError:  # recorded when its turn comes
        return 0
    return simulation.model.memory(simulation.parameters, simulation.initial)


def _prepare(root: Path, spec: SweepSpec) -> None:
    plan = _plan(spec)
    try:
        if (root / PLAN).exists():
            if read_json(root / PLAN) != plan:
                raise InputError(f"{str(root)!r} holds another sweep: choose another folder; nothing was changed.")
        elif root.exists() and any(root.iterdir()):
            raise InputError(f"{str(root)!r} exists and is not empty: choose another folder; nothing was changed.")
        else:
            (root / MEMBERS).mkdir(parents=True)
            write_json(root / PLAN, plan)
    except OSError as error:
        raise InputError(f"The sweep cannot be written to {str(root)!r}: {error.strerror or error}.") from error


def _clear_parts(root: Path) -> None:
    """Remove what killed workers left of members that they had in hand.

    Only once all members have an outcome: the workers of another cluster may outlive a sweep that was killed, and still
    be working on members when it is resumed.
    """
    for part in (root / MEMBERS).glob(".*.partial"):
        shutil.rmtree(part, ignore_errors=True)


def _forget_failed(root: Path, members: list[Member]) -> None:
    for outcome in outcomes(root, members):
        if outcome.status == "failed":
            shutil.rmtree(root / MEMBERS / outcome.name)


def _pack_infinities(plan: dict[str, Any]) -> dict[str, Any]:
    """Write infinite bounds as strings, as JSON has no infinity."""
    viable = {name: [v if math.isfinite(float(v)) else str(v) for v in pair] for name, pair in plan["viable"].items()}
    return {**plan, "viable": viable}
