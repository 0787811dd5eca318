"""Costs that users define: a function, a formula, or a bias on another cost; they are tabulated on the grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from shapelab.device import on_card
from shapelab.errors import InputError
from shapelab.transport.cost_table import TABULATED, Cost, CostTable, PointCost, norm_table

if TYPE_CHECKING:
    from shapelab.transport.domain import Domain
    from shapelab.transport.formula import KeopsReduction
    from shapelab.transport.reduction import PointReduction

__all__ = ["Biased", "Custom", "Formula"]


class Custom(Cost):
    """Any function of Python, torch or Warp.

    A function of NumPy arrays or torch tensors is tabulated on the grid before each solve, that of torch on the solver's device. A
    function of Warp (``wp.func``) is compiled into one reduction over all cells per pass, with its exact gradient; nothing is
    tabulated.

    Parameters
    ----------
    function
        ``function(z, y, cell)`` -> costs ``(...)``, from displacements z = y - x ``(..., d)``, positions y ``(..., d)`` and the
        number of the cell. It receives and returns NumPy arrays, or torch tensors if `torch` is set. A ``wp.func`` is
        ``function(z: wp.vec2)`` (``wp.vec3`` in space), or ``function(z, q)`` with `parameters`, and returns a float.
    torch
        Whether the function takes torch tensors.
    parameters
        ``(N, k)``: the vector q of every cell, for a function of Warp.

    Raises
    ------
    InputError
        If `parameters` come without a function of Warp, or do not fit the number of cells.
    """

    def __init__(self, function: Callable, torch: bool = False, parameters: np.ndarray | None = None) -> None:
        self._of_warp = type(function).__module__.partition(".")[0] == "warp"
        if parameters is not None and not self._of_warp:
            raise InputError("parameters are for functions of Warp: other functions look them up by the number of the cell.")
        self.parameters = None if parameters is None else np.atleast_2d(np.asarray(parameters, float))
        self._torch = function if torch else None
        self._warp = function if self._of_warp else None
        self.function: PointCost = self._warp_values if self._of_warp else (_torch_function(function) if torch else function)

    def table(self, volumes: np.ndarray, ndim: int) -> CostTable:
        if self.parameters is not None and len(self.parameters) != len(volumes):
            raise InputError(f"There are {len(volumes)} cells but parameters for {len(self.parameters)}: one row for each is needed.")
        identity = np.broadcast_to(np.eye(ndim), (len(volumes), ndim, ndim))
        table = norm_table(TABULATED, identity, 2.0, 1.0, "constant", volumes)
        table.function, table.reduction = self.function, self._reduction()
        if self._torch is not None:
            table.on_torch = _torch_image(self._torch)
        return table

    def _reduction(self) -> PointReduction | None:
        if self._warp is None:
            return None
        from shapelab.transport.card.function import WarpReduction

        return WarpReduction(self._warp, self.parameters)

    def _warp_values(self, z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        from shapelab.transport.card.function import WarpReduction

        return np.asarray(WarpReduction(self._warp, self.parameters).values(z, cell))


class Formula(Custom):
    """A formula in the language of KeOps, of the displacement z = y - x and, if it wants, the parameters q of the cell.

    ``Formula("Pow(SqNorm2(z), 2)")`` is ``|z|^4``; ``Formula("Elem(q, 0) * SqNorm2(z)", parameters)`` has one factor per cell.
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
        super().__init__(self._values)
        self.formula = formula
        self.parameters = None if parameters is None else np.atleast_2d(np.asarray(parameters, float))

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
        table.kind = np.full(len(volumes), TABULATED)
        table.reduction = table.on_torch = table.image = None
        table.function = lambda z, y, cell: plain.values(z, y, cell) * np.exp(-bias(z, y, cell))
        return table


def _torch_function(function: Callable) -> PointCost:
    def values(z: np.ndarray, y: np.ndarray, cell: int) -> np.ndarray:
        import torch

        return np.asarray(function(torch.from_numpy(z), torch.from_numpy(y), cell).detach().cpu())

    return values


def _torch_image(function: Callable) -> Callable[[Domain, np.ndarray, str], np.ndarray]:
    """Return what tabulates a function of torch for all cells on a device."""

    def image(grid: Domain, seeds: np.ndarray, device: str) -> np.ndarray:
        import torch

        where = torch.device(device if on_card(device) and torch.cuda.is_available() else "cpu")
        y = torch.tensor(grid.pixel_centres(), device=where)
        size, periodic = torch.tensor(grid.size, device=where), torch.tensor(grid.periodic, device=where)
        table = np.empty((len(seeds), y[..., 0].numel()), np.float32)
        for cell, x in enumerate(torch.tensor(seeds, device=where)):
            z = torch.where(periodic, y - x - size * torch.floor((y - x) / size + 0.5), y - x)
            cost = function(z, y, cell).detach().cpu().numpy()
            if cost.shape != grid.shape or not np.isfinite(cost).all():
                raise InputError(
                    f"The user-defined cost of cell {cell} must return {grid.shape} finite numbers; received shape {cost.shape}."
                )
            table[cell] = cost.ravel()
        return table

    return image
