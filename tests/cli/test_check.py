"""`shapelab check`: one command that tests a scenario from outside the package; `--scenarios` names its folder."""

from __future__ import annotations

import pytest

from shapelab.cli import main

OUTSIDE = """
from shapelab.catalog import Scenario
A = Scenario("NAME", "Slow crowd", "A slow crowd.", {"speed": 0.1, "shape": (64, 64), "n_cells": 20}, expect={"roundness": RANGE},
             quick={"shape": (32, 32), "n_cells": 5}, shows_after=0.1, model="shapelab.cells.scenarios.run_and_tumble:TumbleDisk")
"""
FORGETFUL = """
import numpy as np
from shapelab.catalog import Scenario
from shapelab.cells import CellModel
from shapelab.cells.parameters import PlaneParameters

class Forgetful(CellModel):
    parameters_type = PlaneParameters
    def __init__(self):
        super().__init__()
        self.steps = 0
    def velocity(self, state, diagram):
        self.steps += 1
        return super().velocity(state, diagram) + 0.05 * self.steps

A = Scenario("forgetful", "Forgetful", "Cells that count their steps where no checkpoint sees it.", {"shape": (32, 32), "n_cells": 5},
             expect={"nowhere": (0.5, 2)}, shows_after=0.02, model=f"{__name__}:Forgetful")
"""


pytestmark = pytest.mark.usefixtures("own_scenarios")


def test_a_file_is_tested_at_its_quick_size(tmp_path, capsys):
    file = tmp_path / "good.py"
    file.write_text(OUTSIDE.replace("NAME", "slow_crowd").replace("RANGE", "(0.5, 1.1)"))
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr().out
    assert "slow_crowd (cells, 2-D): Slow crowd" in said
    assert "roundness is" in said
    assert "resumes from a checkpoint bit for bit" in said
    assert "FAIL" not in said


def test_an_expectation_that_is_missed_makes_the_exit_code(tmp_path, capsys):
    (tmp_path / "bad.py").write_text(OUTSIDE.replace("NAME", "slow_crowd").replace("RANGE", "(2.5, 3)"))
    assert main(["check", "slow_crowd", "--scenarios", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "FAIL  roundness is" in said.out
    assert "failed: slow_crowd" in said.err


def test_what_no_run_shows_and_what_no_checkpoint_holds_fail(tmp_path, capsys):
    file = tmp_path / "forgetful.py"
    file.write_text(FORGETFUL)
    assert main(["check", str(file)]) == 1
    said = capsys.readouterr().out
    assert "FAIL  nowhere: no run shows it" in said
    assert "FAIL  resumes from a checkpoint as a different run" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "tube"], "did you mean 'tubes'"),
        (["check", "no_file.py"], "There is no file no_file.py"),
        (["list", "--scenarios", "no_folder"], "there is no folder no_folder"),
        (["run", "cells", "--scenarios", "no_folder"], "there is no folder no_folder"),
        (["sweep", "spec.toml", "--scenarios", "no_folder"], ""),
    ],
)
def test_what_is_not_there_is_said(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_broken_file_is_refused_with_its_reason(tmp_path, capsys):
    file = tmp_path / "broken.py"
    file.write_text("def f(:")
    assert main(["check", str(file)]) == 2
    assert "broken.py cannot be loaded: line 1" in capsys.readouterr().err
    file = tmp_path / "taken.py"
    file.write_text(OUTSIDE.replace("NAME", "run_and_tumble").replace("RANGE", "(0.5, 1.1)"))
    assert main(["check", str(file)]) == 2
    assert "has one of that name" in capsys.readouterr().err


def test_list_and_run_take_a_folder(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(OUTSIDE.replace("NAME", "slow_crowd").replace("RANGE", "(0.5, 1.1)"))
    assert main(["list", "cells", "--scenarios", str(tmp_path)]) == 0
    assert "slow_crowd" in capsys.readouterr().out
    run = ["run", "cells", "--scenario", "slow_crowd", "--scenarios", str(tmp_path), "--shape", "32", "32", "--n-cells", "4"]
    assert main([*run, "--steps", "1", "--out", str(tmp_path / "run.zarr")]) == 0
