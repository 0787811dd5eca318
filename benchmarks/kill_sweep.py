"""Sweeps whose workers or leaders are killed, and what must be true of them afterwards."""

from __future__ import annotations

import contextlib
import csv
import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from kill_process import Tally, forked, in_a_process, kill, running
from kill_run import family, same_layers

from shapelab.batch import SweepSpec, load_sweep, sweep
from shapelab.batch.member import JOURNAL, MEMBERS, RUN
from shapelab.io import load_run


def plan(members: int) -> SweepSpec:
    """Return a sweep of short runs."""
    fixed = {"family": family(), "steps": 40, "keep": "last", "every": 10}
    if family() == "foam":
        small = {"shape": [32, 32], "n_cells": 8, "motility": 0.2}
        return SweepSpec.make(**fixed, preset="foam_sorting", parameters=small, grid={"first": np.linspace(0.5, 1.0, members).tolist()})
    masses = np.linspace(-0.6, -0.2, members).round(4).tolist()
    return SweepSpec.make(**fixed, preset="tubes", parameters={"shape": [16, 16, 16]}, grid={"mass": masses})


def check_sweep(tally: Tally, folder: Path, spec: SweepSpec, kills: int) -> None:
    """Look for what was lost, done twice, left behind or done otherwise."""
    names = [member.name for member in spec.all_members()]
    with (folder / JOURNAL).open(newline="") as file:
        rows = list(csv.reader(file))
    begun, ended = (Counter(row[3] for row in rows if (row[4] == "begun") is which) for which in (True, False))
    wrong = []
    wrong += [f"{outcome.name} is {outcome.status}: {outcome.reason}" for outcome in load_sweep(folder)[1] if outcome.status != "done"]
    if ended != Counter(names):
        wrong.append(f"members lost {sorted(set(names) - set(ended))}, or twice {[name for name, n in ended.items() if n > 1]}")
    if sum(begun.values()) > len(names) + 2 * kills:
        wrong.append(f"{sum(begun.values())} beginnings for {len(names)} members and {kills} kills")
    if parts := list((folder / MEMBERS).glob(".*")):
        wrong.append(f"parts are left: {[part.name for part in parts]}")
    wrong += in_a_process(_members_differ, folder, spec)
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
        if frame.step != last.step or not same_layers(frame, last):
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
        if not running(number):
            return False
        time.sleep(0.02)
    return True


def _at_work(folder: Path) -> list[int]:
    """Return the processes that have a member in hand."""
    with (folder / JOURNAL).open(newline="") as file:
        last = {row[3]: row for row in csv.reader(file)}
    return [int(row[2]) for row in last.values() if row[4] == "begun"]


def _lead(folder: Path, spec: SweepSpec, address: str | None) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # Dask tells at length that its processes are lost
    sweep(spec, folder, scheduler=address, processes=2)


def lost_workers(tally: Tally, count: int, rng: np.random.Generator, root: Path, members: int = 8) -> None:
    """Kill workers while a sweep goes on, soon after another member has begun or ended.

    Twice at the most in one sweep: a member whose worker is lost for the fourth time is recorded as failed, as one that brings
    its workers down, and Dask itself may close one that was killed while it started.
    """
    spec, round_number = plan(members), 0
    while tally.kills < count:
        folder, kills, through = root / f"workers{round_number}", 0, False
        round_number += 1
        for _ in range(5):  # Dask gives a worker up that dies while it starts; when all are lost, the command is given again
            with contextlib.closing(Cluster()) as cluster:
                number = forked(lambda folder=folder, address=cluster.address: _lead(folder, spec, address))  # type: ignore[misc]
                while tally.kills < count and kills < 2 and _begins(number, folder):  # a worker that is still starting has nothing to lose
                    time.sleep(float(rng.uniform(0.0, 1.0)))
                    if _kill_one(folder, rng):
                        tally.kills, kills = tally.kills + 1, kills + 1
                through = os.waitpid(number, 0)[1] == 0
            if through:
                break
        if not through:
            tally.wrong.append(f"{tally.kind}: the sweep ended with an error")
        check_sweep(tally, folder, spec, kills)
        shutil.rmtree(folder)


def _kill_one(folder: Path, rng: np.random.Generator) -> bool:
    """Kill one of the processes that have a member in hand; False if it had ended before."""
    victims = _at_work(folder)
    try:
        os.kill(victims[int(rng.integers(len(victims)))], signal.SIGKILL)
    except (ValueError, ProcessLookupError):
        return False
    return True


class Cluster:
    """A Dask cluster in a process of its own, which outlives the sweeps that use it."""

    def __init__(self, count: int = 2) -> None:
        context = multiprocessing.get_context("spawn")
        reader, writer = context.Pipe(duplex=False)
        self._process = context.Process(target=_serve, args=(writer, count))
        self._process.start()
        self.address: str = reader.recv()

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
