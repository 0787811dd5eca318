"""What a preset or scenario is, and what makes a table of them: unique names, old names, and what is wrong with a file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shapelab.arguments import shown
from shapelab.errors import ParameterError
from shapelab.near_names import near_names

__all__ = ["Scenario", "ScenarioTable"]

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_FRACTION = re.compile(r"(^|_)(fraction|part|share|order|through|contact)(_|$)")
"""Observables that lie between 0 and 1 by their definition."""


@dataclass(frozen=True)
class Scenario:
    """A preset or scenario: one small file or table row feeds the docks, the command line, the docs and the tests.

    Raises
    ------
    ParameterError
        If a part is missing or impossible, in a sentence that names the scenario.
    """

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
    """Observable -> (lowest, highest) value that a good run shows; a range that holds for any run is refused."""
    warning: str = ""
    """A sentence to show beside the description, such as a known limit."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Named changes of the parameters, such as ``"paper"`` for the published size."""
    group: str = ""
    """Heading under which a list shows it."""
    model: str = ""
    """Dotted path ``module:Class`` of the model of cells; without one it is a preset of Curvatubes."""
    quick: Mapping[str, Any] = field(default_factory=dict)
    """Changes of the parameters for a run of a few seconds, such as a smaller grid: what the tests run."""
    shows_after: float | None = None
    """Time of the model (steps, for textures) after which a quick run shows what is expected; None: at its end."""
    steps: int | None = None
    """Steps that a film of a run at its own size needs to show what it does; None for the usual number."""
    cut: bool = False
    """Whether pictures show it cut open, for what is inside."""
    ndim: int = 0
    """Number of axes, 2 or 3; by default that of the grid it names (`shape`), or 3 without one."""
    aliases: tuple[str, ...] = ()
    """Former names, which go on working."""
    family: str = ""
    """Family that it belongs to; by default "cells" with a model and "curvatubes" without."""

    def __post_init__(self) -> None:
        for name in (self.name, *self.aliases):
            self._require(isinstance(name, str) and _NAME.fullmatch(name), f"the name {name!r} must be like blind_swimmers")
        self._require(self.title.strip(), "it needs a title")
        self._require(self.description.strip().endswith("."), "its description must be a sentence that ends with a full stop")
        self._require(not self.model or re.fullmatch(r"[\w.]+:\w+", self.model), f"its model {self.model!r} must be like module:Class")
        if not self.family:
            object.__setattr__(self, "family", "cells" if self.model else "curvatubes")
        for observable, limits in self.expect.items():
            self._check_range(observable, limits)
        after = self.shows_after
        self._require(after is None or (math.isfinite(after) and after > 0), f"shows_after must be above 0; received {after}")
        shapes = [values["shape"] for values in (self.parameters, self.quick, *self.variants.values()) if "shape" in values]
        if not self.ndim:
            object.__setattr__(self, "ndim", len(shapes[0]) if shapes else 3)
        self._require(self.ndim in (2, 3), f"ndim must be 2 or 3; received {self.ndim}")
        self._require(all(len(shape) == self.ndim for shape in shapes), f"it is {self.ndim}-D, and not all its shapes are")

    def _check_range(self, observable: str, limits: Any) -> None:
        low, high = limits
        self._require(
            math.isfinite(low) and math.isfinite(high) and low < high, f"expect of {observable} must be two numbers, the lower first"
        )
        whole = (low, high) == (0, 1) or (low <= 0 and high >= 1 and _FRACTION.search(observable) is not None)
        self._require(not whole, f"expect of {observable} from {low:g} to {high:g} holds for every run: give a range that can be missed")

    def _require(self, condition: object, what: str) -> None:
        if not condition:
            raise ParameterError(f"The scenario {self.name!r} cannot be used: {what}.")


class ScenarioTable(Mapping[str, Scenario]):
    """Scenarios of one family by name, in the order of a list; former names find them too.

    Parameters
    ----------
    what
        What to call an entry: "preset" or "scenario".
    groups
        Headings in the order of the list; others come after them.
    """

    def __init__(self, what: str, groups: tuple[str, ...] = ()) -> None:
        self._what = what
        self._groups = groups
        self._items: dict[str, Scenario] = {}
        self._aliases: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        self.problems: list[str] = []
        """One sentence for every file or scenario that cannot be used."""

    def add(self, item: Scenario, origin: str) -> None:
        """Add a scenario; one whose name is taken is a problem, and the first one stays."""
        for name in (item.name, *item.aliases):
            if name in self:
                first = self._origins[self[name].name]
                self.problems.append(f"The {self._what} {name!r} of {origin} is left out: {first} has one of that name.")
                return
        self._items[item.name], self._origins[item.name] = item, origin
        self._aliases |= dict.fromkeys(item.aliases, item.name)
        if self._groups:
            order = {group: k for k, group in enumerate(self._groups)}
            self._items = dict(
                sorted(self._items.items(), key=lambda pair: (order.get(pair[1].group, len(order)), pair[1].group, pair[1].title))
            )

    def find(self, name: str) -> Scenario:
        """Return the scenario `name`; an unknown name raises ParameterError with the nearest ones."""
        if name in self:
            return self[name]
        hint = near_names(name, self, self._aliases)
        broken = "".join(f" {problem}" for problem in self.problems if name in problem)
        raise ParameterError(f"There is no {self._what} {shown(name)}: {hint}{broken}")

    def __getitem__(self, name: str) -> Scenario:
        return self._items[self._aliases.get(name, name)]

    def __contains__(self, name: object) -> bool:
        return name in self._items or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
