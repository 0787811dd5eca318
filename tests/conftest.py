"""What tests of several folders share."""

from __future__ import annotations

import pytest

from shapelab import catalog
from shapelab.scenario_files import FOLDERS


@pytest.fixture
def own_scenarios(monkeypatch):
    """Scenarios from outside may be added to the catalogue: afterwards it is what it was."""
    monkeypatch.setenv(FOLDERS, "")
    monkeypatch.setattr(catalog, "_taken", {name: set(taken) for name, taken in catalog._taken.items()})
    for family in catalog.families():
        table = catalog.scenarios(family)
        for name in ("_items", "_aliases", "_origins", "problems"):
            monkeypatch.setattr(table, name, getattr(table, name).copy())
