"""Costs that users define: a function, a formula, or a bias on another cost; they are tabulated on the grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shapelab.errors import InputError
from shapelab.transport.cost_table import TABULATED, Cost, CostTable, PointCost, norm_table

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
    It needs PyKeOps, which compiles a formula once, and is tabulated on the grid before each solve, as `Custom` is.

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

    def _values(self, z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        try:
            from pykeops.numpy import Genred
        except ImportError as error:
            raise InputError("A KeOps formula needs PyKeOps: install pykeops, or use costs.Custom with a function.") from error
        aliases, arrays = [f"z = Vi({z.shape[-1]})"], [np.ascontiguousarray(z.reshape(-1, z.shape[-1]))]
        if self.parameters is not None:
            aliases.append(f"q = Pm({self.parameters.shape[1]})")
            arrays.append(np.ascontiguousarray(self.parameters[cell]))
        # a reduction over one point, which weighs 1, hands over the values themselves
        values = Genred(f"({self.formula}) * w", [*aliases, "w = Vj(1)"], reduction_op="Sum", axis=1)(*arrays, np.ones((1, 1)))
        return np.asarray(values).reshape(z.shape[:-1])


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
        table.kind = np.full(len(volumes), TABULATED)
        table.function = lambda z, y, cell: plain.values(z, y, cell) * np.exp(-bias(z, y, cell))
        return table


def _torch_function(function: Callable) -> PointCost:
    def values(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        import torch

        return np.asarray(function(torch.from_numpy(z), torch.from_numpy(y), cell).detach().cpu())

    return values
