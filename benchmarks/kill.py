"""Kill runs and sweeps at random moments: what is on the disk must open, go on, and end as if nothing had happened.

Four kinds of kills (SIGKILL, nothing can be tidied up), at moments that a seed decides:

- a run that is being recorded, between two calls of the operating system or in the middle of a step;
- a worker of a sweep, by its scheduler's eyes a lost machine;
- the process that leads a sweep, while its workers, of another cluster, live on;
- a whole sweep, leader and workers.

A killed run must open, resume from its last frame and end bit for bit as an uninterrupted one. A killed sweep must go on
by the same command until every member is done, none lost and none done twice, with the results of uninterrupted runs.
Processes are forked from this one, which has imported everything and started no thread. POSIX only.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import shapelab as sl
from shapelab.batch import SweepSpec, sweep
from shapelab.batch.member import JOURNAL, MEMBERS, RUN
from shapelab.io import RunWriter, load_run

STEPS = 12
_EVENTS = ("open", "os.rename", "os.mkdir", "os.truncate", "os.remove", "shutil.rmtree")


@dataclass
class Tally:
    """What was done to one kind of victim, and what came of it."""

    kind: str
    kills: int = 0
    before: int = 0
    """Kills before anything was complete: nothing is there, and nothing is expected."""
    resumed: int = 0
    wrong: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return a line of the table."""
        return f"{self.kind:44}{self.kills:7}{self.before:18}{self.resumed:10}{len(self.wrong):8}"


def forked(work: Callable[[], None], *, group: bool = False) -> int:
    """Call `work` in a forked process; return its number."""
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    status = 1
    try:
        if group:
            os.setsid()
        work()
        status = 0
    finally:
        os._exit(status)
    raise AssertionError


def kill(number: int, *, group: bool = False) -> bool:
    """Kill a process (and those it has started); return False if it had ended before."""
    if os.waitpid(number, os.WNOHANG)[0]:
        return False
    (os.killpg if group else os.kill)(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return True


# -- a run -----------------------------------------------------------------------------------------------------------


def texture() -> Any:
    """Return the run that is killed: a small texture, whose starting noise and every step count."""
    return sl.Curvatubes("tubes", shape=(16, 16, 16), seed=3, max_steps=1000)


def record(path: Path, simulation: Any, *, append: bool = False) -> None:
    """Record the rest of a run of `STEPS` steps, frame by frame."""
    with RunWriter(path, simulation, append=append) as writer:
        for frame in simulation.run(STEPS - simulation.step_number, every=1):
            writer.write(frame)


def count_events(path: Path) -> int:
    """Return how often a run touches its folder."""
    seen: list[str] = []
    _listen(path, lambda: seen.append(""))
    record(path, texture())
    return len(seen)


def _listen(path: Path, heard: Callable[[], None]) -> None:
    stem = path.name
    sys.addaudithook(lambda event, given: heard() if event in _EVENTS and given and stem in str(given[0]) else None)


def doomed_run(path: Path, after: int) -> None:
    """Record a run that kills itself when it touches its folder for the n-th time."""
    calls = 0

    def heard() -> None:
        nonlocal calls
        calls += 1
        if calls == after:
            os.kill(os.getpid(), signal.SIGKILL)

    _listen(path, heard)
    record(path, texture())


def runs(tally: Tally, count: int, rng: np.random.Generator, root: Path) -> None:
    """Kill a run `count` times: half at a touch of its folder, half by the clock."""
    whole = root / "whole.zarr"
    begin = time.perf_counter()
    os.waitpid(forked(lambda: record(whole, texture())), 0)
    duration = time.perf_counter() - begin
    events = _in_a_process(count_events, root / "counted.zarr")
    for index in range(10 * count):
        if tally.kills >= count:
            break
        path = root / f"run{index}.zarr"
        if index % 2 == 0:
            after = int(rng.integers(1, events))
            os.waitpid(forked(lambda path=path, after=after: doomed_run(path, after)), 0)  # type: ignore[misc]
            moment, killed = f"touch {after} of {events}", True
        else:
            delay = float(rng.uniform(0.2, 1.0)) * duration
            number = forked(lambda path=path: record(path, texture()))  # type: ignore[misc]
            time.sleep(delay)
            moment, killed = f"{delay:.2f} s", kill(number)
        tally.kills += killed
        if killed:
            check_run(tally, path, whole, moment)
        shutil.rmtree(path, ignore_errors=True)


def check_run(tally: Tally, path: Path, whole: Path, moment: str) -> None:
    """Open, resume and compare a killed run."""
    if not path.exists():
        tally.before += 1
        return
    problem = _in_a_process(_resume, path, whole)
    tally.resumed += problem == ""
    if problem:
        tally.wrong.append(f"{tally.kind}, killed at {moment}: {problem}")


def _resume(path: Path, whole: Path) -> str:
    """Return what is wrong with a killed run, "" if nothing is."""
    try:
        run = load_run(path)
        if run.steps != list(range(1, len(run) + 1)) or len(run.scalars) != len(run):
            return f"it holds the steps {run.steps}"
        simulation = run.simulation()
        if simulation.step_number != run.steps[-1]:
            return f"it resumes at step {simulation.step_number}, not {run.steps[-1]}"
        record(path, simulation, append=True)
        return difference(path, whole)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def difference(path: Path, whole: Path) -> str:
    """Return how a run differs from an uninterrupted one, "" if it does not: frames, table, last state, stray files."""
    one, two = load_run(path), load_run(whole)
    if one.steps != two.steps or not one.scalars.equals(two.scalars):
        return f"its table differs: steps {one.steps}"
    for index in range(len(two)):
        if not np.array_equal(one.frame(index)["field"], two.frame(index)["field"]):
            return f"frame {index} differs"
    states = [run.simulation().checkpoint() for run in (one, two)]
    if states[0][0] != states[1][0] or any(not np.array_equal(states[0][1][name], array) for name, array in states[1][1].items()):
        return "its last state differs"
    stray = {str(f.relative_to(path)) for f in path.rglob("*")} - {str(f.relative_to(whole)) for f in whole.rglob("*")}
    return f"it holds stray files: {sorted(stray)[:3]}" if stray else ""


def _in_a_process(work: Callable[..., Any], *given: Any) -> Any:
    """Return what `work` returns in a forked process, so that this one stays free of threads."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)

    def answer() -> None:
        try:
            writer.send(work(*given))
        except Exception as error:
            writer.send(error)

    number = forked(answer)
    found = reader.recv()
    os.waitpid(number, 0)
    if isinstance(found, Exception):
        raise found
    return found


# -- a sweep ---------------------------------------------------------------------------------------------------------


def plan(members: int) -> SweepSpec:
    """Return a sweep of short runs."""
    masses = np.linspace(-0.6, -0.2, members).round(4).tolist()
    fixed = {"family": "curvatubes", "preset": "tubes", "steps": 40, "keep": "last", "every": 10, "parameters": {"shape": [16, 16, 16]}}
    return SweepSpec.make(**fixed, grid={"mass": masses})


def check_sweep(tally: Tally, folder: Path, spec: SweepSpec, kills: int) -> None:
    """Look for what was lost, done twice, left behind or done otherwise."""
    names = [member.name for member in spec.all_members()]
    with (folder / JOURNAL).open(newline="") as file:
        rows = list(csv.reader(file))
    begun, ended = (Counter(row[3] for row in rows if (row[4] == "begun") is which) for which in (True, False))
    wrong = []
    if {row[4] for row in rows} != {"begun", "done"}:
        wrong.append(f"statuses {sorted({row[4] for row in rows})}")
    if ended != Counter(names):
        wrong.append(f"members lost {sorted(set(names) - set(ended))}, or twice {[name for name, n in ended.items() if n > 1]}")
    if sum(begun.values()) > len(names) + 2 * kills:
        wrong.append(f"{sum(begun.values())} beginnings for {len(names)} members and {kills} kills")
    if parts := list((folder / MEMBERS).glob(".*")):
        wrong.append(f"parts are left: {[part.name for part in parts]}")
    wrong += _in_a_process(_members_differ, folder, spec)
    tally.wrong += [f"{tally.kind}: {what}" for what in wrong]
    tally.resumed += not wrong


def _members_differ(folder: Path, spec: SweepSpec) -> list[str]:
    found = []
    for member in spec.all_members():
        if not (folder / MEMBERS / member.name / RUN).exists():
            found.append(f"{member.name} has no result")
            continue
        *_, last = spec.simulation(member).run(spec.steps, every=spec.steps)
        frame = load_run(folder / MEMBERS / member.name / RUN).frame()
        if frame.step != last.step or not np.array_equal(frame["field"], last["field"]):
            found.append(f"{member.name} differs")
    return found


def sweeps(tally: Tally, count: int, rng: np.random.Generator, root: Path, *, cluster: Cluster | None, members: int = 8) -> None:
    """Kill the process that leads a sweep again and again until the sweep is through, `count` times in all."""
    spec, round_number = plan(members), 0
    while tally.kills < count:
        folder, kills = root / f"sweep{round_number}", 0
        round_number += 1
        for attempt in range(100):
            address = cluster.address if cluster else None
            number = forked(lambda folder=folder, address=address: _lead(folder, spec, address), group=True)  # type: ignore[misc]
            if tally.kills >= count or attempt == 99:
                if os.waitpid(number, 0)[1]:
                    tally.wrong.append(f"{tally.kind}: the sweep ended with an error")
                break
            until = _begins(number, folder)  # a kill while Dask is still starting would try nothing of ours
            time.sleep(float(rng.uniform(0.0, 2.0)) if until else 0.0)
            if not kill(number, group=True):
                break
            tally.kills, kills = tally.kills + 1, kills + 1
        check_sweep(tally, folder, spec, kills)
        shutil.rmtree(folder)


def _begins(number: int, folder: Path) -> bool:
    """Wait until a sweep writes to its journal; False if it ends before."""
    journal = folder / JOURNAL
    size = journal.stat().st_size if journal.exists() else 0
    while not journal.exists() or journal.stat().st_size == size:
        if os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return False
        time.sleep(0.02)
    return True


def _lead(folder: Path, spec: SweepSpec, address: str | None) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Dask tells at length that its processes are lost
    sweep(spec, folder, scheduler=address, processes=2)


def lost_workers(tally: Tally, count: int, rng: np.random.Generator, root: Path, cluster: Cluster, members: int = 24) -> None:
    """Kill workers while a sweep goes on, one or two a second."""
    import psutil

    spec, round_number = plan(members), 0
    while tally.kills < count:
        folder, kills = root / f"workers{round_number}", 0
        round_number += 1
        number = forked(lambda folder=folder: _lead(folder, spec, cluster.address))  # type: ignore[misc]
        alive = _begins(number, folder)
        while alive and tally.kills < count:
            time.sleep(float(rng.uniform(0.5, 2.5)))
            alive = os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
            victims = cluster.workers()
            if alive and victims:
                psutil.Process(victims[int(rng.integers(len(victims)))]).kill()
                tally.kills, kills = tally.kills + 1, kills + 1
        if os.waitpid(number, 0)[1]:
            tally.wrong.append(f"{tally.kind}: the sweep ended with an error")
        check_sweep(tally, folder, spec, kills)
        shutil.rmtree(folder)


class Cluster:
    """A Dask cluster in a process of its own, which outlives the sweeps that use it."""

    def __init__(self, count: int = 2) -> None:
        context = multiprocessing.get_context("spawn")
        reader, writer = context.Pipe(duplex=False)
        self._process = context.Process(target=_serve, args=(writer, count))
        self._process.start()
        self.address: str = reader.recv()

    def workers(self) -> list[int]:
        """Return the numbers of the processes that work now."""
        import psutil

        children = psutil.Process(self._process.pid).children(recursive=True)
        return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join(10)


def _serve(writer: Any, count: int) -> None:
    import distributed

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    cluster = distributed.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    writer.send(cluster.scheduler_address)
    signal.pause()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60, help="kills of a run")
    parser.add_argument("--workers", type=int, default=25, help="kills of workers of a sweep")
    parser.add_argument("--leaders", type=int, default=20, help="kills of the leader of a sweep on another cluster")
    parser.add_argument("--sweeps", type=int, default=10, help="kills of whole sweeps")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    kinds = ("a run", "a worker of a sweep", "the leader of a sweep, its workers live on", "a whole sweep")
    tallies = [Tally(kind) for kind in kinds]
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        root = Path(name)
        runs(tallies[0], options.runs, rng, root)
        cluster = Cluster()
        try:
            lost_workers(tallies[1], options.workers, rng, root, cluster)
            sweeps(tallies[2], options.leaders, rng, root, cluster=cluster)
        finally:
            cluster.close()
        sweeps(tallies[3], options.sweeps, rng, root, cluster=None)
    print(f"seed {options.seed}, {(time.perf_counter() - begin) / 60:.1f} min")
    print(f"{'killed':44}{'kills':>7}{'nothing to keep':>18}{'went on':>10}{'wrong':>8}")
    for tally in tallies:
        print(tally.row())
    for problem in (problem for tally in tallies for problem in tally.wrong):
        print(problem)
    return 1 if any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
