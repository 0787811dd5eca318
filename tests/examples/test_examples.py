"""Every file of examples/ runs to its end; simulations take two steps instead of hundreds."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from shapelab.simulation import Simulation

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPS = 2
ARGUMENTS = {"crystals_pictures": [".", "like"], "compare_cells": ["report"]}
"""What an example is called with, if it needs something or does more with it."""
WRITES = {"crystals_pictures": "crystals_like.png", "compare_cells": "report", "grow_tubes": "tubes.ply"}
"""What it leaves."""


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_an_example_runs(name, tmp_path, monkeypatch, capsys):
    whole = Simulation.run

    def short(self, steps=None, every=10):
        return whole(self, min(steps or STEPS, STEPS), min(every, STEPS))

    if name in ARGUMENTS:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Simulation, "run", short)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLES / f"{name}.py"), *ARGUMENTS.get(name, ())])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.strip()
    if name in WRITES:
        assert (tmp_path / WRITES[name]).exists()
