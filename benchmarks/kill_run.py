"""Runs that are killed while they are recorded, and what must be true of them afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from kill_process import Tally, forked, in_a_process, kill, killed, running

import shapelab as sl
from shapelab.io import RunWriter, load_run
from shapelab.simulation import Frame

STEPS = 12
_EVENTS = ("open", "os.rename", "os.link", "os.mkdir", "os.truncate", "os.remove", "shutil.rmtree")


FAMILY = "SHAPELAB_KILL_FAMILY"
"""Variable of the environment, which all processes inherit: the family whose runs and sweeps are killed."""
VICTIMS: dict[str, Callable[[], Any]] = {
    "curvatubes": lambda: sl.Curvatubes("tubes", shape=(16, 16, 16), seed=3, max_steps=1000),
    "foam": lambda: sl.Foam("foam_sorting_3d", shape=(20, 20, 20), n_cells=6, seed=3, motility=0.2, max_steps=1000),
}


def family() -> str:
    """Return the name of the family."""
    return os.environ.get(FAMILY, "curvatubes")


def victim() -> Any:
    """Return the run that is killed: a small one in space, whose random start and every step count."""
    return VICTIMS[family()]()


def record(path: Path, simulation: Any, *, append: bool = False, last: int = STEPS) -> None:
    """Record the rest of a run of `last` steps, frame by frame."""
    with RunWriter(path, simulation, append=append) as writer:
        for frame in simulation.run(last - simulation.step_number, every=1):
            writer.write(frame)


def count_events(path: Path) -> tuple[int, int]:
    """Return how often a run touches its folder, and how often until its first frame is complete."""
    seen: list[bool] = []
    listen(path, lambda: seen.append(path.exists()))
    record(path, victim())
    return len(seen), seen.index(True)


def listen(path: Path, heard: Callable[[], None]) -> None:
    """Call `heard` whenever this process touches what has the name of `path`."""
    stem = path.name
    sys.addaudithook(lambda event, given: heard() if event in _EVENTS and given and stem in str(given[0]) else None)


def die_at(path: Path, after: int) -> None:
    """Kill this process when it touches what has the name of `path` for the n-th time."""
    calls = 0

    def heard() -> None:
        nonlocal calls
        calls += 1
        if calls == after:
            os.kill(os.getpid(), signal.SIGKILL)

    listen(path, heard)


def doomed_run(path: Path, after: int) -> None:
    """Record a run that kills itself when it touches its folder for the n-th time."""
    die_at(path, after)
    record(path, victim())


def runs(tally: Tally, count: int, rng: np.random.Generator, root: Path) -> None:
    """Kill a run `count` times: half at a touch of its folder, half by the clock; one in six before its first frame is complete."""
    whole = root / "whole.zarr"
    begin = time.perf_counter()
    killed(forked(lambda: record(whole, victim())))
    duration = time.perf_counter() - begin
    events, first = in_a_process(count_events, root / "counted.zarr")
    for index in range(10 * count):
        if tally.kills >= count:
            break
        path, early = root / f"run{index}.zarr", index % 6 == 5
        if index % 2 == 0:
            after = int(rng.integers(1, first)) if early else int(rng.integers(first, events))
            died = killed(forked(lambda path=path, after=after: doomed_run(path, after)))  # type: ignore[misc]
            moment = f"touch {after} of {events}"
        else:
            number = forked(lambda path=path: record(path, victim()))  # type: ignore[misc]
            while not early and not path.exists() and running(number):
                time.sleep(0.001)
            delay = float(rng.uniform(0.0, 0.8)) * duration
            time.sleep(delay)
            moment, died = f"{delay:.2f} s", kill(number)
        tally.kills += died
        if died:
            check_run(tally, path, whole, moment)
        shutil.rmtree(path, ignore_errors=True)


def resumes(tally: Tally, count: int, rng: np.random.Generator, root: Path) -> None:
    """Kill processes that resume a run, one after the other, until the run is through; then begin another."""
    whole = root / "whole.zarr"
    index = 0
    while tally.kills < count:
        path = root / f"resumed{index}.zarr"
        index += 1
        killed(forked(lambda path=path: record(path, victim(), last=3)))  # type: ignore[misc]
        events, before = int(rng.integers(20, 120)), in_a_process(_frames, path)
        for _ in range(4):
            tally.kills += killed(forked(lambda path=path, events=events: doomed_resume(path, events)))  # type: ignore[misc]
            now = in_a_process(_frames, path)
            if now < before:
                tally.wrong.append(f"{tally.kind}: {before} frames became {now}")
            before = now
        check_run(tally, path, whole, f"touch {events} of four resumes")
        shutil.rmtree(path, ignore_errors=True)


def _frames(path: Path) -> int:
    return len(load_run(path))


def doomed_resume(path: Path, after: int) -> None:
    """Resume a run until it touches its folder for the n-th time."""
    simulation = load_run(path).simulation()
    die_at(path, after)
    record(path, simulation, append=True)
    os.kill(os.getpid(), signal.SIGKILL)


def check_run(tally: Tally, path: Path, whole: Path, moment: str) -> None:
    """Open, resume and compare a killed run."""
    if not path.exists():
        tally.before += 1
        return
    problem = in_a_process(_resume, path, whole)
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


def same_layers(one: Frame, two: Frame) -> bool:
    """Tell whether two frames show the same to the last bit."""
    pairs = list(zip(one, two, strict=True))
    return all(a.name == b.name and np.array_equal(np.asarray(a.data), np.asarray(b.data)) for a, b in pairs)


def difference(path: Path, whole: Path) -> str:
    """Return how a run differs from an uninterrupted one, "" if it does not: frames, table, last state, stray files."""
    one, two = load_run(path), load_run(whole)
    if one.steps != two.steps or not one.scalars.equals(two.scalars):
        return f"its table differs: steps {one.steps}"
    for index in range(len(two)):
        if not same_layers(one.frame(index), two.frame(index)):
            return f"frame {index} differs"
    states = [run.simulation().checkpoint() for run in (one, two)]
    if states[0][0] != states[1][0] or any(states[0][1][name].tobytes() != array.tobytes() for name, array in states[1][1].items()):
        return "its last state differs"
    stray = {str(f.relative_to(path)) for f in path.rglob("*")} - {str(f.relative_to(whole)) for f in whole.rglob("*")}
    return f"it holds stray files: {sorted(stray)[:3]}" if stray else ""
