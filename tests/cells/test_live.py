"""Live changes never wreck a run: the step is shortened, and what is not met is said."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

import shapelab as sl
from shapelab.cells.motions.correction import without_jumps
from shapelab.errors import ParameterError
from shapelab.stopping import stoppable


def test_raising_the_exponent_of_a_running_swarm():
    """Seeds that a weak correction has let go to the rims of their cells were thrown out of them: mean errors of 0.1 to 0.3."""
    run = sl.Cells("run_and_tumble", shape=(112, 112), seed=1, p=0.5)
    for _ in range(300):
        run.step()
    run.update(p=8.0)
    worst = []
    for _ in range(60):
        run.step()
        worst.append(run.frame().scalars["volume_error"])
    assert max(worst) <= run.parameters.tolerance
    assert run.frame().notices == ()


def test_a_given_time_step_that_is_shortened_is_said():
    run = sl.Cells("run_and_tumble", shape=(112, 112), seed=1, p=0.5, dt=0.0008)
    for _ in range(5):
        run.step()
    assert run.frame().notices == ()
    seeds = run.state()
    far = seeds.positions + 0.9 * seeds.radius * np.array([1.0, 0.0])
    seeds.positions = run.model.room(seeds).keep_inside(far)
    run.restore(seeds)
    run.update(p=8.0, correction=1.0, dt=None)
    run.update(dt=0.0004)
    before = run.state().time
    run.step()
    taken = run.state().time - before
    assert 0 < taken < 0.0004
    assert any("was shortened from 0.0004 to" in notice for notice in run.frame().notices)


def test_an_error_above_the_tolerance_is_said():
    run = sl.Cells("run_and_tumble", shape=(112, 112), seed=1)
    state = run.state()
    state.diagram["volumes"] = state.diagram["volumes"] * 1.1
    run.restore(state)
    (notice,) = run.frame().notices
    assert re.fullmatch(r"The cells miss their volumes by [0-9.]+ % on average; the tolerance is 2 %\.", notice)


@pytest.mark.parametrize(("pull", "expected"), [(1.0, 0.1), (5.0, 0.1), (50.0, 0.01), (np.inf, 0.1), (0.0, 0.1)])
def test_no_seed_is_pulled_further_than_half_a_radius(pull, expected):
    assert without_jumps(0.1, np.array([[0.0, 0.0], [0.0, pull]]), 1.0) == pytest.approx(expected)


@pytest.mark.parametrize("extreme", [{"left": 0.98}, {"drop": 0.98}])
def test_a_body_too_thin_for_its_equations_ends_the_run_in_a_sentence(extreme):
    run = sl.Cells("plastic_block", shape=(40, 40), n_cells=12, **extreme)
    frames = list(run.run(3, every=1))
    assert not run.done or (run.failed and "cannot be inverted" in run.reason)
    assert frames


class Counting(threading.Event):
    """An event that is never set and counts how often it is looked at: a measure of work without a clock."""

    looks = 0

    def is_set(self):
        self.looks += 1
        return False


def test_the_lowest_tension_takes_no_longer_than_others_and_a_lower_one_is_refused():
    """With a tension of 1e-6 a step took 50 s."""

    def looks(**given):
        run, event = sl.Cells("checkerboard_3d", shape=(20, 20, 20), n_cells=16, seed=1, **given), Counting()
        run.prepare()
        with stoppable(event):
            run.step()
        return event.looks

    assert looks(first_tension=0.01) < 5 * looks()
    with pytest.raises(ParameterError, match=r"between 0\.01 and 20"):
        sl.Cells("checkerboard_3d", first_tension=1e-6)
