"""One member of a sweep: run it in a folder of its own that appears, complete, in one rename."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shapelab.batch.cards import a_card_of_its_own
from shapelab.batch.observables import extremes, observables_of, shortcoming
from shapelab.batch.spec import Member, SweepSpec
from shapelab.device import use_one_thread
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.frame import Frame
from shapelab.io.partial_names import hidden_path
from shapelab.io.record import now
from shapelab.io.textfile import read_json, write_json
from shapelab.simulation import Simulation

__all__ = ["JOURNAL", "MEMBERS", "RUN", "Outcome", "beginnings", "keep_outcome", "read_outcome", "run_member"]

MEMBERS, RUN, JOURNAL = "members", "run.zarr", "journal.csv"
_OUTCOME = "outcome.json"


class Outcome(BaseModel):
    """How a member ended."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str
    status: Literal["done", "not viable", "failed"]
    reason: str
    """One sentence."""
    steps: int = 0
    seconds: float = 0.0
    """Wall time."""
    parameters: dict[str, Any]
    observables: dict[str, float] = {}


def run_member(folder: str, spec: SweepSpec, member: Member) -> Outcome:
    """Run a member unless it has an outcome already; return its outcome.

    Called in any process that sees `folder`. The work is done in a hidden folder beside the final one; whoever renames
    first has done the member, a second result of the same member is dropped.
    """
    root = Path(folder)
    if (done := read_outcome(root, member.name)) is not None:
        return done
    use_one_thread()
    _note(root, member.name, "begun")
    work = hidden_path(root / MEMBERS / member.name)
    work.mkdir()
    begin = time.perf_counter()
    try:
        outcome = _compute(work, spec, member)
    except Stopped:
        raise
    except ShapelabError as error:
        outcome = _failed(member, str(error))
    except Exception as error:  # recorded, whatever it is: it must not stop the other members
        outcome = _failed(member, f"Unexpected error: {type(error).__name__}: {error}.")
    outcome = outcome.model_copy(update={"seconds": round(time.perf_counter() - begin, 3)})
    return _publish(root, work, outcome)


def keep_outcome(root: Path, outcome: Outcome) -> Outcome:
    """Record an outcome that the member itself could not record."""
    work = hidden_path(root / MEMBERS / outcome.name)
    work.mkdir()
    return _publish(root, work, outcome)


def beginnings(root: Path) -> Counter[str]:
    """Return how often each member has been begun, from the first time on, by the sweep's journal."""
    try:
        with (root / JOURNAL).open(newline="", encoding="utf-8") as file:
            return Counter(row[3] for row in csv.reader(file) if row[4:] == ["begun"])
    except OSError:
        return Counter()


def read_outcome(root: Path, name: str) -> Outcome | None:
    """Return the outcome of a member, None if it has none yet."""
    file = root / MEMBERS / name / _OUTCOME
    if not file.is_file():
        return None
    try:
        return Outcome(**read_json(file))
    except (ValidationError, TypeError) as error:
        raise InputError(f"The record {_OUTCOME} of member {name} is damaged: remove its folder to run it again.") from error


def _compute(work: Path, spec: SweepSpec, member: Member) -> Outcome:
    simulation = spec.simulation(member)
    with a_card_of_its_own(getattr(simulation.parameters, "device", "cpu"), simulation.device):
        return _run(work, spec, member, simulation)


def _run(work: Path, spec: SweepSpec, member: Member, simulation: Simulation) -> Outcome:
    from shapelab.io import RunWriter

    frame, lacking = None, ""
    with RunWriter(work / RUN, simulation, keep=spec.keep) as writer:
        for frame in _frames(simulation, spec):
            lacking = shortcoming(extremes(frame), spec.viable) if frame.step in spec.check_at else ""
            if spec.every is not None and frame.step % spec.every == 0:
                writer.write(frame)
            if lacking:
                break
        if frame is not None and not simulation.failed:
            writer.write(frame)
    assert frame is not None
    if simulation.failed:
        return _failed(member, simulation.reason or "The numbers are no longer finite.", frame.step)
    values = observables_of(frame, simulation)
    lacking = lacking or shortcoming(values, spec.viable)
    status: Literal["done", "not viable"] = "not viable" if lacking else "done"
    reason = f"At step {frame.step}, {lacking}" if lacking else simulation.reason or "Done."
    return Outcome(name=member.name, status=status, reason=reason, steps=frame.step, parameters=member.parameters, observables=values)


def _frames(simulation: Simulation, spec: SweepSpec) -> Iterator[Frame]:
    """Yield a frame at every step where one is kept or tested, and the last one."""
    while simulation.step_number < spec.steps and not simulation.done:
        now_at = simulation.step_number
        later = [step for step in spec.check_at if now_at < step < spec.steps]
        if spec.every is not None:
            later.append(now_at + spec.every - now_at % spec.every)
        stop = min([*later, spec.steps])
        yield from simulation.run(stop - now_at, every=stop)  # one frame, at the end


def _failed(member: Member, reason: str, steps: int = 0) -> Outcome:
    return Outcome(name=member.name, status="failed", reason=reason, steps=steps, parameters=member.parameters)


def _publish(root: Path, work: Path, outcome: Outcome) -> Outcome:
    write_json(work / _OUTCOME, outcome.model_dump(mode="json"))
    try:
        work.rename(root / MEMBERS / outcome.name)
    except OSError:
        if (done := read_outcome(root, outcome.name)) is None:
            raise
        shutil.rmtree(work, ignore_errors=True)
        return done
    _note(root, outcome.name, outcome.status)
    return outcome


def _note(root: Path, name: str, event: str) -> None:
    """Add a line to the journal: one write in append mode, which several processes may do at once."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([now(), os.uname().nodename if hasattr(os, "uname") else "", os.getpid(), name, event])
    with (root / JOURNAL).open("ab", buffering=0) as file:
        file.write(line.getvalue().encode())
