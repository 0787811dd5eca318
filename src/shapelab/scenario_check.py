"""What a scenario has to show: it runs at its quick size, does what is expected of it, and resumes bit for bit."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.catalog import create
from shapelab.errors import ShapelabError
from shapelab.scenario import Scenario
from shapelab.simulation import Simulation
from shapelab.units import percent

__all__ = ["Finding", "check_scenario", "quick_run"]

_TIME, _STEPS = 1.0, 2000
"""Of cells: time of the model and number of steps after which a quick run ends, unless the scenario says otherwise."""
_RESUMED = 2
"""Steps before and after a checkpoint."""
_VOLUMES = 1.5, 0.3
"""Most that the mean error of the volumes may be, in tolerances, and the most that a single one may."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    passed: bool
    sentence: str
    """What was found, with the numbers."""


def check_scenario(item: Scenario, seed: int = 1) -> Iterator[Finding]:
    """Run a scenario at its quick size and yield what is found, in the order in which it is known.

    Parameters
    ----------
    item
        A scenario of the catalogue.
    seed
        Random seed of the run.
    """
    start = time.perf_counter()
    try:
        simulation = quick_run(item, seed)
    except ShapelabError as error:
        yield Finding(False, f"it does not run: {error}")
        return
    steps, seconds = simulation.step_number, time.perf_counter() - start
    yield Finding(
        not simulation.failed and steps > 0, f"runs at its quick size: {steps} steps in {seconds:.1f} s. {simulation.reason or ''}".strip()
    )
    found = simulation.model.statistics(simulation.state())
    wild = [name for name, value in found.items() if not math.isfinite(value)]
    yield Finding(not wild, f"not a finite number: {', '.join(wild)}" if wild else "all its numbers are finite")
    yield from _volumes(simulation, found)
    if not item.expect:
        yield Finding(True, "it expects nothing: give `expect` a range that a bad run would miss")
    for observable, (low, high) in item.expect.items():
        yield _expected(observable, found.get(observable), low, high)
    yield _resumes(item, seed)


def quick_run(item: Scenario, seed: int = 1) -> Simulation:
    """Return a run of `item` at its quick size that has come to where it shows what is expected."""
    changes: dict[str, Any] = {**item.quick, "seed": seed}
    steps = None
    if item.family == "cells":
        changes |= {"max_time": item.shows_after or _TIME, "max_steps": _STEPS}
    elif item.shows_after is not None:
        steps = round(item.shows_after)
    simulation = create(item.family, item.name, **changes)
    for _ in simulation.run(steps, every=1_000_000):
        pass
    return simulation


def _volumes(simulation: Simulation, found: Mapping[str, float]) -> Iterator[Finding]:
    """Judge the volumes of cells: incompressible is what they are."""
    tolerance = getattr(simulation.parameters, "tolerance", None)
    if tolerance is None or "volume_error" not in found:
        return
    mean, largest = found["volume_error"], found["max_volume_error"]
    allowed, most = _VOLUMES[0] * tolerance, _VOLUMES[1]
    sentence = f"volumes are {percent(mean)} off on average, at most {percent(largest)}; {percent(allowed)} and {percent(most)} are allowed"
    yield Finding(mean <= allowed and largest <= most, sentence)


def _expected(observable: str, value: float | None, low: float, high: float) -> Finding:
    if value is None:
        return Finding(False, f"{observable}: no run shows it; return it from `observe`")
    return Finding(low <= value <= high, f"{observable} is {value:.4g}, expected between {low:.4g} and {high:.4g}")


def _resumes(item: Scenario, seed: int) -> Finding:
    """Judge whether a run resumed from a checkpoint equals the one that never stopped, bit for bit."""
    plain, resumed = (create(item.family, item.name, **{**item.quick, "seed": seed}) for _ in range(2))
    try:
        _steps(plain)
        data, arrays = plain.checkpoint()
        resumed.restore_checkpoint(json.loads(json.dumps(data)), {name: np.array(value) for name, value in arrays.items()})
        _steps(plain)
        _steps(resumed)
    except (ShapelabError, TypeError) as error:
        return Finding(False, f"it cannot be resumed: {error}")
    one, other = plain.frame(), resumed.frame()
    same = [np.array_equal(one[layer.name], other[layer.name]) for layer in one if isinstance(layer.data, np.ndarray)]
    passed = all(same) and dict(one.scalars) == dict(other.scalars)
    return Finding(
        passed,
        "resumes from a checkpoint " + ("bit for bit" if passed else "as a different run: keep everything that changes in the state"),
    )


def _steps(simulation: Simulation) -> None:
    for _ in range(_RESUMED):
        simulation.step()
