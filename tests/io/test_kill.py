"""A run that is killed at any moment leaves a folder that opens, resumes and ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest

from shapelab.io import RunWriter, load_run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

STEPS = 7
_EVENTS = ("open", "os.rename", "os.mkdir", "os.truncate", "os.remove")


def record(simulation, path, steps, *, append=False):
    with RunWriter(path, simulation, append=append) as writer:
        for frame in simulation.run(steps - simulation.step_number, every=1):
            writer.write(frame)


def in_a_child(work):
    """Call `work` in a forked process, which needs no imports of its own; return how it ended."""
    number = os.fork()
    if number == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def at_touches(path, act):
    """Call `act` with the number of each call of the system that touches the run's folder, from 1 on."""
    touches = 0

    def hook(event, given):
        nonlocal touches
        if event in _EVENTS and given and path.name in str(given[0]):
            touches += 1
            act(touches)

    sys.addaudithook(hook)


def all_touches(make, path):
    """Return how often a whole run touches its folder."""
    reader, writer = os.pipe()

    def work():
        at_touches(path, lambda _: os.write(writer, b"."))
        record(make(seed=1), path, STEPS)

    assert in_a_child(work) == 0
    return len(os.read(reader, 65_536))


def test_kills_at_any_touch_of_the_folder(toy, tmp_path):
    """Every 13th of the calls of the system that write a run is its last one (benchmarks/kill.py tries more, and other moments)."""
    whole = tmp_path / "whole.zarr"
    total = all_touches(toy, whole)
    assert total > 100
    expected, states = load_run(whole), set()
    for last in range(3, total, 13):
        path = tmp_path / f"run{last}.zarr"

        def doomed(path=path, last=last):
            at_touches(path, lambda n: n == last and os.kill(os.getpid(), signal.SIGKILL))
            record(toy(seed=1), path, STEPS)

        assert in_a_child(doomed) == -signal.SIGKILL
        states.add(path.exists())
        if not path.exists():  # the first frame was not complete
            continue
        run = load_run(path)
        resumed = run.simulation()
        assert resumed.step_number == run.steps[-1] == len(run)
        record(resumed, path, STEPS, append=True)
        run = load_run(path)
        assert run.steps == expected.steps
        assert run.scalars.equals(expected.scalars)
        for index in (resumed.step_number - 2, -1):
            for name in ("field", "cells", "seeds"):
                np.testing.assert_array_equal(run.frame(index)[name], expected.frame(index)[name])
        assert {f.relative_to(path) for f in path.rglob("*")} == {f.relative_to(whole) for f in whole.rglob("*")}  # no litter
    assert states == {True, False}
