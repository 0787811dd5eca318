"""What presets promise, they show: published statistics in boxes as small as show them, and shapes with a known answer."""

from __future__ import annotations

import pytest

from shapelab.curvature.presets import PRESETS
from shapelab.curvature.published import PUBLISHED
from shapelab.curvature.special import SPECIAL
from shapelab.scenario_check import quick_run

LARGE = {"sieve", "tightlayers-2"}
"""These need a larger box than a test has time for; benchmarks/presets.py holds them."""
HELD = [row.name for row in PUBLISHED if row.measured is not None and row.name not in LARGE] + [
    item.name for item in SPECIAL if item.expect
]


@pytest.mark.parametrize("name", HELD)
def test_a_quick_run_shows_what_is_expected(name):
    simulation = quick_run(PRESETS[name])
    found = simulation.model.statistics(simulation.state())
    assert not simulation.failed
    for observable, (low, high) in PRESETS[name].expect.items():
        assert low <= found[observable] <= high, f"{observable} {found[observable]:.4g}"


def test_all_with_a_known_answer_are_held():
    assert len(HELD) == 17 + 10
    assert {name for name, preset in PRESETS.items() if preset.expect} == {*HELD, *LARGE}
