"""Costs that users define: a function, a formula, or a bias on another cost; they are tabulated on the grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from shapelab.errors import InputError
from shapelab.transport.cost_table import TABULATED, Cost, CostTable, PointCost, norm_table

if TYPE_CHECKING:
    from shapelab.transport.formula import KeopsReduction

__all__ = ["Biased", "Custom", "Formula"]


class Custom(Cost):
    """Any function of Python or torch: it is tabulated on the grid before each solve.

    Parameters
    ----------
    function
        ``function(z, y, cell)`` -> costs ``(...)``, from displacements z = y - x ``(..., d)``, positions y ``(..., d)`` and the
        number of the cell. It receives and returns NumPy arrays, or torch tensors if `torch` is set.
    torch
        Whether the function takes torch tensors.
    """

    def __init__(self, function: Callable, torch: bool = False) -> None:
        self.function = _torch_function(function) if torch else function

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        identity = np.broadcast_to(np.eye(ndim), (len(volumes), ndim, ndim))
        table = norm_table(TABULATED, identity, 2.0, 1.0, "constant", volumes)
        table.function = self.function
        return table


class Formula(Custom):
    """A formula in the language of KeOps, of the displacement z = y - x and, if it wants, the parameters q of the cell.

    ``Formula("Power(SqNorm2(z), 2)")`` is ``|z|^4``; ``Formula("Elem(q, 0) * SqNorm2(z)", parameters)`` has one factor per cell.
    It needs PyKeOps, which compiles a formula once. A pass over the pixels is one reduction over all cells, so that nothing is
    tabulated; within `Mixed`, `Biased` or `Capped` the formula is, as `Custom` is.

    Parameters
    ----------
    formula
        KeOps formula with the variables z ``(d)`` and q ``(k)``, and one number as its value.
    parameters
        ``(N, k)``, or None.
    """

    def __init__(self, formula: str, parameters: np.ndarray | None = None) -> None:
        self.formula = formula
        self.parameters = None if parameters is None else np.atleast_2d(np.asarray(parameters, float))
        super().__init__(self._values)

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        if self.parameters is not None and len(self.parameters) != len(volumes):
            raise InputError(f"There are {len(volumes)} cells but parameters for {len(self.parameters)}: a formula needs a row for each.")
        table = super().table(volumes, ndim)
        table.reduction = self._reduction()
        return table

    def _values(self, z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        return self._reduction().values(z, cell)

    def _reduction(self) -> KeopsReduction:
        from shapelab.transport.formula import KeopsReduction

        return KeopsReduction(self.formula, self.parameters)


class Biased(Cost):
    """``c(z) exp(-bias)``: cells stretch toward where their bias is positive (protrusions, chemotaxis).

    Parameters
    ----------
    base
        The cost without bias.
    bias
        ``bias(z, y, cell)`` as for `Custom`: how many e-folds cheaper a point is for the cell.
    """

    def __init__(self, base: Cost, bias: PointCost) -> None:
        self.base, self.bias = base, bias

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        plain, table, bias = self.base.table(volumes, ndim), self.base.table(volumes, ndim), self.bias
        table.kind, table.reduction = np.full(len(volumes), TABULATED), None
        table.function = lambda z, y, cell: plain.values(z, y, cell) * np.exp(-bias(z, y, cell))
        return table


def _torch_function(function: Callable) -> PointCost:
    def values(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        import torch

        return np.asarray(function(torch.from_numpy(z), torch.from_numpy(y), cell).detach().cpu())

    return values
