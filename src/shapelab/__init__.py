"""See, simulate and measure shapes: arrays in, arrays out; no Qt and no viewer.

Names load when they are first used, so that ``import shapelab`` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_EXPORTS = {
    "Cells": "shapelab.cells",
    "Curvatubes": "shapelab.curvature",
    "Frame": "shapelab.simulation",
    "LayerData": "shapelab.simulation",
    "Parameters": "shapelab.simulation",
    "ShapelabError": "shapelab.errors",
    "Simulation": "shapelab.simulation",
    "catalog": "shapelab.catalog",
    "compare": "shapelab.compare",
    "costs": "shapelab.transport",
    "fit_diagram": "shapelab.crystals",
    "generate_crystal": "shapelab.crystals",
    "measure": "shapelab.measure",
    "solve_cells": "shapelab.transport",
}
"""Public name -> module that defines it. A name equal to its module's is that module, which can be called."""

__all__ = ["__version__", *sorted(_EXPORTS)]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'shapelab' has no attribute {name!r}")
    module = import_module(_EXPORTS[name])
    value = module if module.__name__ == f"shapelab.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
