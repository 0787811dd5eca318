"""Compile what a scenario needs before its run begins; the first time on a machine it takes some seconds."""

from __future__ import annotations

import logging
from typing import Any

from shapelab.cells.parameters import CellParameters
from shapelab.errors import Stopped
from shapelab.model import Model
from shapelab.transport.compiling import compile_solver

__all__ = ["compile_scenario"]

_log = logging.getLogger(__name__)
_compiled: set[tuple[type[Model[Any, Any]], str]] = set()
"""Scenarios that have taken a step in this process, and on what."""


def compile_scenario(kind: type[Model[Any, Any]], parameters: CellParameters) -> None:
    """Compile the solver, and take a step of a scenario with few cells, once per process.

    Raises
    ------
    Stopped
        If this thread is asked to stop; what is compiled by then stays so.
    """
    compile_solver()
    key = kind, parameters.device
    if key in _compiled:
        return
    try:
        _step_few_cells(kind, parameters)
    except Stopped:
        raise
    except Exception:  # so few cells do not do for this scenario, or its hooks are broken: then the run itself says so
        _log.debug("%s took no step with a few cells", kind.__name__, exc_info=True)
    _compiled.add(key)


def _step_few_cells(kind: type[Model[Any, Any]], parameters: CellParameters) -> None:
    """Take a step with a few cells on a small grid, and show it."""
    shape = (24, 24) if parameters.ndim == 2 else (12, 12, 12)
    model, few = kind(), parameters.replace(shape=shape, n_cells=min(parameters.n_cells, 6))
    model.frame(model.step(model.init(few)))
