"""The scenarios: every `Scenario` that a file of this folder declares. A new scenario is one file, nothing else."""

from __future__ import annotations

import sys

from shapelab.scenario import ScenarioTable
from shapelab.scenario_files import modules_of, scenarios_in

__all__ = ["SCENARIOS"]


def _discovered() -> ScenarioTable:
    groups = ("Active matter", "Tissues", "Falling and squeezing", "Fluids and solids", "Your own cells")
    table = ScenarioTable("scenario", groups)
    for source in modules_of(sys.modules[__name__]):
        found, problem = scenarios_in(source)
        table.problems += [problem] if problem else []
        for item in found:
            if item.name not in table or table[item.name] is not item:  # not one that a file imports from another
                table.add(item, source.origin)
    return table


SCENARIOS = _discovered()
"""Name -> scenario of every kind of moving cells, in the order of their headings."""
