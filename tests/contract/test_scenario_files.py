"""Scenarios from outside the package: folders, broken files, duplicates, former names, ranges that cannot fail."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from shapelab.errors import ParameterError
from shapelab.scenario import Scenario, ScenarioTable

GOOD = """
from shapelab.catalog import Scenario
A = Scenario("slow_crowd", "Slow crowd", "A slow crowd.", {"speed": 0.1, "shape": (32, 32), "n_cells": 5}, expect={"roundness": (0.5, 1.1)},
             model="shapelab.cells.scenarios.run_and_tumble:TumbleDisk")
B = Scenario("fat-tubes", "Fat tubes", "Tubes with more in them.", {"mass": -0.4, "shape": (16, 16, 16)})
"""


def shapelab(folder, *arguments):
    environment = {**os.environ, "SHAPELAB_SCENARIOS": str(folder)}
    command = [sys.executable, "-m", "shapelab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def test_a_file_in_a_folder_is_listed_and_runs_and_a_broken_one_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(GOOD)
    listed = shapelab(tmp_path, "list")
    assert listed.returncode == 0, listed.stderr
    assert "slow_crowd" in listed.stdout
    assert "fat-tubes" in listed.stdout
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "again.py").write_text(GOOD.replace("fat-tubes", "tubes").replace("slow_crowd", "swift_crowd").replace("speed", "sped"))
    listed = shapelab(tmp_path, "list")
    assert listed.returncode == 1
    assert "broken.py cannot be loaded: line 1" in listed.stderr
    assert "'swift_crowd'" in listed.stderr
    assert "'tubes'" in listed.stderr
    assert "slow_crowd" in listed.stdout
    ran = shapelab(tmp_path, "run", "cells", "--scenario", "slow_crowd", "--steps", "1", "--out", str(tmp_path / "run.zarr"))
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("limits", [(0.0, 1.0), (-1, 2), (1, 0), (0.0, float("inf"))])
def test_an_expectation_that_cannot_fail_is_refused(limits):
    with pytest.raises(ParameterError, match=r"'a'.*polar_order"):
        Scenario("a", "A", "A thing.", {}, expect={"polar_order": limits})


def test_former_names_find_a_scenario_and_a_name_is_taken_once():
    table = ScenarioTable("preset")
    table.add(Scenario("new-name", "A", "A thing.", {}, aliases=("old",)), "first.py")
    table.add(Scenario("old", "B", "Another.", {}), "second.py")
    assert table.find("old").name == "new-name"
    assert list(table) == ["new-name"]
    assert "second.py" in table.problems[0]


@pytest.mark.parametrize(
    "changes", [{"name": "No Name"}, {"description": "no stop"}, {"model": "nothing"}, {"ndim": 4}, {"shows_after": -1}]
)
def test_an_impossible_scenario_is_refused_by_name(changes):
    with pytest.raises(ParameterError, match="The scenario"):
        Scenario(**{"name": "a", "title": "A", "description": "A thing.", "parameters": {}, **changes})
