"""Every model, preset and scenario by name, as listed by the docks, the command line, the docs and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from shapelab.arguments import shown
from shapelab.callable_module import make_callable
from shapelab.errors import InputError, ParameterError
from shapelab.near_names import near_names
from shapelab.scenario import Scenario, ScenarioTable
from shapelab.scenario_files import Source, file_source, missing_folders, scenarios_in, user_sources
from shapelab.simulation import Simulation

__all__ = ["Family", "Scenario", "catalog", "create", "families", "family", "problems", "scenario", "scenarios", "take_file"]


@dataclass(frozen=True)
class Family:
    """A family of models. The paths are loaded when they are first asked for, so that the import stays light."""

    name: str
    title: str
    description: str
    simulation: str
    """Dotted path ``module:callable``; called with ``preset=`` or ``scenario=`` and parameters, makes a Simulation."""
    scenarios: str
    """Dotted path ``module:NAME`` of its `ScenarioTable`."""
    keyword: str
    """Name of the argument that takes the scenario: "preset" or "scenario"."""
    model: str = ""
    """Dotted path ``module:Class`` of the model of scenarios that name none."""


_FAMILIES = (
    Family(
        "curvatubes",
        "Curvatubes",
        "Textures of tubes, membranes, sponges and vesicles that minimise a curvature energy.",
        "shapelab.curvature:Curvatubes",
        "shapelab.curvature.presets:PRESETS",
        "preset",
        "shapelab.curvature.model:CurvatubesModel",
    ),
    Family(
        "cells",
        "Cells",
        "Incompressible cells of prescribed volume that swarm, sort, grow, fall and flow.",
        "shapelab.cells:Cells",
        "shapelab.cells.scenarios:SCENARIOS",
        "scenario",
    ),
    Family(
        "foam",
        "Foam",
        "Cells with interface tensions and exact volumes, which come to rest at Young's angles.",
        "shapelab.foam:Foam",
        "shapelab.foam.presets:PRESETS",
        "preset",
        "shapelab.foam.model:FoamModel",
    ),
)


def families() -> Mapping[str, Family]:
    """Return name -> Family of every family that simulates."""
    return MappingProxyType({item.name: item for item in _FAMILIES})


def family(name: str) -> Family:
    """Return the family `name`; an unknown name raises ParameterError with the nearest ones."""
    known = families()
    if name not in known:
        raise ParameterError(f"There is no model {shown(name)}: {near_names(name, known)}")
    return known[name]


def scenarios(family_name: str) -> ScenarioTable:
    """Return name -> Scenario of one family: the package's own, those of entry points, and those of the user's folders."""
    table: ScenarioTable = load(family(family_name).scenarios)
    for source in user_sources():
        _take(source, family_name, table)
    return table


def take_file(file: str | Path) -> list[Scenario]:
    """Add the scenarios of one Python file to the catalogue, in this process, and return them.

    Raises
    ------
    InputError
        If the file, or one of its scenarios, cannot be used; in the words of `problems`.
    """
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise InputError(f"There is no file {file}.")
    source = file_source(path)
    found, problem = scenarios_in(source)
    if problem or not found:
        raise InputError(problem or f"{file} holds no Scenario.")
    for name in {item.family for item in found}:
        _take(source, name, scenarios(name))
    for item in found:
        table = scenarios(item.family)
        if item.name not in table or table[item.name] is not item:
            raise InputError(next(problem for problem in reversed(table.problems) if source.origin in problem))
    return found


def _take(source: Source, family_name: str, table: ScenarioTable) -> None:
    """Add what a source holds for one family to its table, once."""
    if source.origin in _taken.setdefault(family_name, set()):
        return
    _taken[family_name].add(source.origin)
    found, problem = scenarios_in(source)
    problem = problem or ("" if found else f"{source.origin} holds no Scenario.")
    table.problems += [problem] if problem else []
    for item in found:
        if item.family == family_name:
            _add(table, item, source.origin)


_taken: dict[str, set[str]] = {}
"""Family -> sources outside the package that its table has."""


def _add(table: ScenarioTable, item: Scenario, origin: str) -> None:
    problem = problem_of(item)
    if problem:
        table.problems.append(f"{origin} cannot be used: {problem}")
    else:
        table.add(item, origin)


def problem_of(item: Scenario) -> str:
    """Return why a scenario cannot be run as it is, at its quick size or at a variant, "" if it can."""
    try:
        parameters_type = load(item.model or family(item.family).model).parameters_type
        options: tuple[Mapping[str, Any], ...] = ({}, item.quick, *item.variants.values())
        for changes in options:
            shape = parameters_type(**{**item.parameters, **changes}).shape
            if len(shape) != item.ndim:
                return f"the scenario {item.name!r} is {item.ndim}-D and its model has the grid {' x '.join(map(str, shape))}."
    except Exception as error:  # whatever a model's file raises
        return f"the scenario {item.name!r}: {error}"
    return ""


def problems(family_name: str | None = None) -> list[str]:
    """Return one sentence for every scenario or file that cannot be used, of one family or of all."""
    found = [problem for name in ([family_name] if family_name else families()) for problem in scenarios(name).problems]
    return list(dict.fromkeys([*missing_folders(), *found]))


def scenario(family_name: str, name: str) -> Scenario:
    """Return one scenario, by its name or a former one; an unknown name raises ParameterError with the nearest ones."""
    return scenarios(family_name).find(name)


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


make_callable(__name__)
