"""See, simulate and measure shapes: arrays in, arrays out; no Qt and no viewer.

Names load when they are first used, so that ``import shapelab`` is fast. Type checkers and editors see them as plain imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapelab.catalog import catalog
    from shapelab.cells import Cells
    from shapelab.compare import compare, compare_movies
    from shapelab.crystals import fit_diagram, generate_crystal, load_diagram
    from shapelab.curvature import Curvatubes
    from shapelab.errors import ShapelabError
    from shapelab.estimate import estimate_growth, estimate_motion, estimate_shape, estimate_tensions, fit_cells
    from shapelab.foam import Foam
    from shapelab.infer import infer_tensions
    from shapelab.measure import measure
    from shapelab.microscopy import render_microscopy
    from shapelab.simulation import Frame, LayerData, Parameters, Simulation
    from shapelab.transport import costs, solve_cells

__version__ = "0.1.0"

_EXPORTS = {
    "Cells": "shapelab.cells",
    "Curvatubes": "shapelab.curvature",
    "Foam": "shapelab.foam",
    "Frame": "shapelab.simulation",
    "LayerData": "shapelab.simulation",
    "Parameters": "shapelab.simulation",
    "ShapelabError": "shapelab.errors",
    "Simulation": "shapelab.simulation",
    "catalog": "shapelab.catalog",
    "compare": "shapelab.compare",
    "compare_movies": "shapelab.compare",
    "costs": "shapelab.transport",
    "estimate_growth": "shapelab.estimate",
    "estimate_motion": "shapelab.estimate",
    "estimate_shape": "shapelab.estimate",
    "estimate_tensions": "shapelab.estimate",
    "fit_cells": "shapelab.estimate",
    "fit_diagram": "shapelab.crystals",
    "generate_crystal": "shapelab.crystals",
    "infer_tensions": "shapelab.infer",
    "load_diagram": "shapelab.crystals",
    "measure": "shapelab.measure",
    "render_microscopy": "shapelab.microscopy",
    "solve_cells": "shapelab.transport",
}
"""Public name -> module that defines it. A name equal to its module's is that module, which can be called."""

__all__ = [
    "Cells",
    "Curvatubes",
    "Foam",
    "Frame",
    "LayerData",
    "Parameters",
    "ShapelabError",
    "Simulation",
    "__version__",
    "catalog",
    "compare",
    "compare_movies",
    "costs",
    "estimate_growth",
    "estimate_motion",
    "estimate_shape",
    "estimate_tensions",
    "fit_cells",
    "fit_diagram",
    "generate_crystal",
    "infer_tensions",
    "load_diagram",
    "measure",
    "render_microscopy",
    "solve_cells",
]

if not TYPE_CHECKING:  # with it, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _EXPORTS:
            raise AttributeError(f"module 'shapelab' has no attribute {name!r}")
        module = import_module(_EXPORTS[name])
        value = module if module.__name__ == f"shapelab.{name}" else getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
