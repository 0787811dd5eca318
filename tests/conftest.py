"""What tests of several folders share."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from shapelab import catalog
from shapelab.scenario_files import FOLDERS

os.environ["NAPARI_CONFIG"] = ""  # napari would write the settings of whoever runs the tests anew, a dozen times with every viewer

# no test may depend on how fast the machine is
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_FOLDER = Path(__file__).parent
_COUNTS_AS = {
    "mesh/test_conforming_tetrahedra.py": 1000,  # a minute of compiling, which nobody else should do at the same time
    "cells/test_scenarios.py": 900,  # compiles other kernels meanwhile
    "contract/test_floors.py": 50,  # many that take no time
    "contract/test_bad_calls.py": 14,  # calls everything: by then it is compiled
    # few that take long
    "batch/test_fit.py": 60,
    "contract/test_memory.py": 60,
    "contract/test_stopping.py": 60,
    "contract/test_typing.py": 30,
    "examples/test_examples.py": 60,
    "foam/test_closed_forms.py": 60,
    "foam/test_double_bubble.py": 60,
    "gpu/test_benchmark.py": 30,
    "gui/test_atlas_dock.py": 60,
    "gui/test_cells_dock.py": 70,
    "gui/test_folders_dock.py": 30,
    "gui/test_foam_dock.py": 40,
    "gui/test_writers.py": 40,
    "io/test_kill.py": 30,
    "mesh/test_meshes_of_anything.py": 30,
    "page/test_browser.py": 40,
}
"""How many tests a file counts as, where their number says little of how long they take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take long files first: processes that share the files then end together (pytest-xdist, ``--no-loadscope-reorder``)."""
    files = [item.path.relative_to(_FOLDER).as_posix() if item.path.is_relative_to(_FOLDER) else "" for item in items]
    counts = {name: _COUNTS_AS.get(name, n) for name, n in Counter(files).items()}
    order = sorted(range(len(items)), key=lambda i: (-counts[files[i]], files[i]))
    items[:] = [items[i] for i in order]


@pytest.fixture
def own_scenarios(monkeypatch):
    """Scenarios from outside may be added to the catalogue: afterwards it is what it was."""
    monkeypatch.setenv(FOLDERS, "")
    monkeypatch.setattr(catalog, "_taken", {name: set(taken) for name, taken in catalog._taken.items()})
    for family in catalog.families():
        table = catalog.scenarios(family)
        for name in ("_items", "_aliases", "_origins", "problems"):
            monkeypatch.setattr(table, name, getattr(table, name).copy())
