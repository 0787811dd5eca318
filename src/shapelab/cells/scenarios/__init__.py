"""The scenarios: every `Scenario` that a file of this folder declares. A new scenario is one file, nothing else."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from shapelab.catalog import Scenario

__all__ = ["SCENARIOS"]

_GROUPS = ("Active matter", "Tissues", "Falling and squeezing", "Fluids and solids", "Your own cells")


def _discovered() -> Mapping[str, Scenario]:
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{info.name}")
        found += [value for value in vars(module).values() if isinstance(value, Scenario)]
    order = {group: k for k, group in enumerate(_GROUPS)}
    found.sort(key=lambda item: (order.get(item.group, len(order)), item.group, item.title))
    return MappingProxyType({item.name: item for item in found})


SCENARIOS: Mapping[str, Scenario] = _discovered()
"""Name -> scenario of every kind of moving cells, in the order of their headings."""
