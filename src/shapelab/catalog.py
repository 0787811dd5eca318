"""Every model, preset and scenario by name: what the docks, the command line, the docs and the tests enumerate."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from shapelab.callable_module import make_callable
from shapelab.errors import ParameterError
from shapelab.simulation import Simulation

__all__ = ["Family", "Scenario", "catalog", "create", "families", "family", "scenario", "scenarios"]


@dataclass(frozen=True)
class Scenario:
    """A preset or scenario: one small file or table row feeds the docks, the command line, the docs and the tests."""

    name: str
    """Identifier, such as ``"blind_swimmers"``."""
    title: str
    """Name for people, such as ``"Blind swimmers"``."""
    description: str
    """One plain sentence: what one sees."""
    parameters: Mapping[str, Any]
    """Values of the model's parameters that differ from its defaults."""
    citation: str = ""
    """The paper to cite."""
    expect: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Observable -> (lowest, highest) value that a good run shows."""
    warning: str = ""
    """A sentence to show beside the description, such as a known limit."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Named changes of the parameters, such as ``"paper"`` for the published size."""
    group: str = ""
    """Heading under which a list shows it."""
    model: str = ""
    """Dotted path ``module:Class`` of the model, if it is not its family's own."""


@dataclass(frozen=True)
class Family:
    """A family of models. The paths are loaded when they are first asked for, so that the import stays light."""

    name: str
    title: str
    description: str
    simulation: str
    """Dotted path ``module:callable``; called with ``preset=`` or ``scenario=`` and parameters, makes a Simulation."""
    scenarios: str
    """Dotted path ``module:NAME`` of a mapping name -> Scenario."""
    keyword: str
    """Name of the argument that takes the scenario: "preset" or "scenario"."""


_FAMILIES = (
    Family(
        "curvatubes",
        "Curvatubes",
        "Textures of tubes, membranes, sponges and vesicles that minimise a curvature energy.",
        "shapelab.curvature:Curvatubes",
        "shapelab.curvature.presets:PRESETS",
        "preset",
    ),
    Family(
        "cells",
        "Cells",
        "Incompressible cells of prescribed volume, moved by any N-body model.",
        "shapelab.cells:Cells",
        "shapelab.cells.scenarios:SCENARIOS",
        "scenario",
    ),
)


def families() -> Mapping[str, Family]:
    """Return name -> Family of every family that simulates."""
    return MappingProxyType({item.name: item for item in _FAMILIES})


def family(name: str) -> Family:
    """Return the family `name`; an unknown name raises ParameterError with the nearest ones."""
    return _lookup(families(), name, "model")  # type: ignore[no-any-return]


def scenarios(family_name: str) -> Mapping[str, Scenario]:
    """Return name -> Scenario of one family."""
    return load(family(family_name).scenarios)  # type: ignore[no-any-return]


def scenario(family_name: str, name: str) -> Scenario:
    """Return one scenario; an unknown name raises ParameterError with the nearest ones."""
    entry = family(family_name)
    return _lookup(scenarios(family_name), name, entry.keyword)  # type: ignore[no-any-return]


def catalog() -> dict[str, str]:
    """Return name -> description of every preset and scenario of every family."""
    return {name: item.description for key in families() for name, item in scenarios(key).items()}


def create(family_name: str, scenario_name: str | None = None, **parameters: Any) -> Simulation:
    """Make a simulation of a family by name.

    Parameters
    ----------
    family_name
        "curvatubes", "cells"…
    scenario_name
        A preset or scenario of that family, None for its default.
    **parameters
        Parameters that differ from the scenario's.
    """
    entry = family(family_name)
    if scenario_name is not None:
        parameters[entry.keyword] = scenario_name
    return load(entry.simulation)(**parameters)  # type: ignore[no-any-return]


def load(path: str) -> Any:
    """Return the object at a dotted path ``module:name``."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _lookup(table: Mapping[str, Any], name: str, what: str) -> Any:
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(table)}."
    raise ParameterError(f"There is no {what} {name!r}: {hint}")


make_callable(__name__)
