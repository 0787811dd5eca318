"""A transport problem in the solver's own units: lengths in box sides, costs in units of a cell's typical potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shapelab.errors import InputError
from shapelab.transport.blocks import Blocks
from shapelab.transport.cost_table import ELLIPSOID, ISOTROPIC, REDUCED, SEGMENT, SPHEROCYLINDER, TABULATED
from shapelab.transport.costs import Cost
from shapelab.transport.domain import Domain
from shapelab.transport.point_cost import (
    AXIS,
    CAP,
    COLUMNS,
    EIGHTHS,
    HALF_POWER,
    HIGH,
    KIND,
    LENGTH,
    LOW,
    QUADRATIC,
    ROW,
    SCALE,
    Cells,
)
from shapelab.transport.reduction import PointReduction, ReducedCells

if TYPE_CHECKING:
    from shapelab.transport.card.grid import CardCells, CardGrid

__all__ = ["Level", "Problem"]

_TABLE_LIMIT = 1_500_000_000
"""Largest table of a user-defined cost [bytes]."""
_SAMPLED = 64
"""Cells whose typical cost tells that of all, where every one costs a reduction."""


@dataclass
class Level:
    """One grid of the hierarchy with the cells as seen on it."""

    blocks: Blocks
    cells: Cells
    pixel: float
    """Typical side of a pixel, in the solver's length unit."""
    unit: float
    """Volume of a pixel, in pixels of the finest grid."""
    reduced: ReducedCells | None = None
    """The cells, if only reductions over all of them know their costs."""
    card: CardCells | None = None
    """The cells on a graphics card, if passes are made there."""


class Problem:
    """Seeds, target volumes and costs on a domain, with the numbers that compiled code needs.

    Attributes
    ----------
    targets
        ``(N,)`` target volumes in pixels.
    medium
        Whether the volumes leave room for a medium.
    exponents, radii
        Per cell: p, and the radius of the undeformed cell in the solver's length unit.
    cost_unit, length_unit
        Physical size of the solver's units.

    `device` (resolved) and `dtype` say where passes over the finest grid are made, and how precisely there.
    """

    def __init__(
        self,
        domain: Domain,
        seeds: np.ndarray,
        volumes: np.ndarray,
        cost: Cost,
        device: str = "cpu",
        dtype: str = "float64",
    ) -> None:
        self.device, self._dtype = device, dtype
        self.domain, self.seeds, self.cost = domain, seeds, cost
        self.n = len(seeds)
        self.targets = volumes / domain.pixel_volume
        self.medium = bool(domain.n_pixels - self.targets.sum() > 1e-6 * domain.n_pixels)
        self.length_unit = float(domain.size.max())
        self.table = cost.table(volumes, domain.ndim)
        self.exponents = self.table.exponent
        self.radii = (volumes / (np.pi if domain.ndim == 2 else 4 / 3 * np.pi)) ** (1 / domain.ndim) / self.length_unit
        self._levels: dict[tuple[int, ...], Level] = {}
        self._grids: dict[tuple[int, ...], Level] = {}
        self._card_grid: CardGrid | None = None
        self._values, self._codes = np.empty((0, COLUMNS)), np.empty((0, 3), np.int32)
        self.cost_unit = 1.0
        self._pack()

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.domain.ndim

    @property
    def fine(self) -> Level:
        """The domain's own grid."""
        level = self.level(self.domain.shape)
        if self.device != "cpu" and level.reduced is None and level.card is None and self.n:
            from shapelab.transport.card.grid import CardCells

            level.card = CardCells(self._on_card(level.blocks), level.cells, level.blocks)
        return level

    def _on_card(self, blocks: Blocks) -> CardGrid:
        """Return the finest grid on the device; it is made once for all problems on a domain."""
        if self._card_grid is None or self._card_grid.name != self._dtype:
            from shapelab.gpu.queue import Queue
            from shapelab.transport.card.grid import CardGrid

            self._card_grid = CardGrid(Queue(self.device), self._dtype, blocks)
        return self._card_grid

    def adopt(self, other: Problem) -> None:
        """Take over the grids of another problem on the same domain; the cells are put on those that are asked for."""
        if other.domain is self.domain:
            self._grids = other._grids | other._levels
            if other.device == self.device:
                self._card_grid = other._card_grid

    def coarse_shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the coarse grids: pixels from about a cell radius down to twice the finest."""
        size = self.domain.size / self.length_unit
        finest = max(h / self.length_unit for h in self.domain.spacing)
        pixel, shapes = min(float(np.mean(self.radii)), float(size.max()) / 4), []
        while pixel > 1.5 * finest:
            shape = tuple(int(min(n, max(1, round(s / pixel)))) for s, n in zip(size, self.domain.shape, strict=True))
            if shape not in shapes:
                shapes.append(shape)
            pixel /= 2
        return shapes

    def level(self, shape: tuple[int, ...]) -> Level:
        """Return the grid of `shape` over the domain, with the cells on it."""
        if shape not in self._levels and shape in self._grids:
            grid = self._grids[shape]
            self._levels[shape] = Level(grid.blocks, self._cells(grid.blocks, shape), grid.pixel, grid.unit, self._reduced(shape))
        elif shape not in self._levels:
            spacing = np.ones(3)
            spacing[3 - self.ndim :] = self.domain.size / np.asarray(shape) / self.length_unit
            periodic = (False,) * (3 - self.ndim) + self.domain.periodic
            dims = (1,) * (3 - self.ndim) + shape
            weights = None if self.domain.mask is None else _share_inside(self.domain.mask, shape)
            blocks = Blocks(dims, spacing, periodic, weights)  # type: ignore[arg-type]
            pixel = float(np.prod(spacing[3 - self.ndim :]) ** (1 / self.ndim))
            unit = float(np.prod(self.domain.shape) / np.prod(shape))
            self._levels[shape] = Level(blocks, self._cells(blocks, shape), pixel, unit, self._reduced(shape))
        return self._levels[shape]

    def _pack(self) -> None:
        """Fill the rows of numbers of the cells; choose the cost unit so that an undeformed cell has a potential near 1."""
        table, n, d, length = self.table, self.n, self.ndim, self.length_unit
        tabulated = table.kind == TABULATED
        levels = self._table_levels() if tabulated.any() and table.image is None else table.scale * table.radius**table.exponent
        typical = np.where(tabulated, levels, table.scale * table.radius**table.exponent)
        self.cost_unit = float(np.mean(typical)) if n and np.mean(typical) > 0 else 1.0
        values, codes = np.zeros((n, COLUMNS)), np.zeros((n, 3), np.int32)
        values[:, :3] = 0.5
        self._apart = _separated(self.seeds, np.asarray(self.domain.spacing))
        values[:, 3 - d : 3] = self._apart / length
        matrix = np.broadcast_to(np.eye(3), (n, 3, 3)).copy()
        matrix[:, 3 - d :, 3 - d :] = table.matrix
        for column, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
            values[:, QUADRATIC + column] = matrix[:, a, b]
        eigenvalues = np.linalg.eigvalsh(table.matrix) if (table.kind == ELLIPSOID).any() else np.ones((n, d))
        values[:, LOW], values[:, HIGH] = eigenvalues[:, 0] * (1 - 1e-4), eigenvalues[:, -1] * (1 + 2e-4)
        values[table.kind == ISOTROPIC, LOW] = values[table.kind == ISOTROPIC, HIGH] = 1
        rods = table.kind == SPHEROCYLINDER
        values[rods, LOW] = 1 / (1 + table.length[rods]) ** 2 * (1 - 1e-4)
        values[table.kind == SEGMENT, LOW] = 0
        values[:, SCALE] = np.where(tabulated, 1, table.scale * length**table.exponent) / self.cost_unit
        values[:, CAP] = np.minimum(table.cap / self.cost_unit, 1e30)
        values[:, HALF_POWER] = table.exponent / 2
        values[:, AXIS + 3 - d : AXIS + 3] = table.axis
        values[:, LENGTH] = np.where(table.kind == SEGMENT, table.length / length, table.length)
        eighths = np.rint(4 * table.exponent)
        codes[:, KIND], codes[:, ROW] = table.kind, np.cumsum(tabulated) - 1
        codes[:, EIGHTHS] = np.where((np.abs(eighths - 4 * table.exponent) < 1e-9) & (eighths < 256), eighths, -1)
        if self._reduction is not None:
            codes[:, KIND] = REDUCED
        self._values, self._codes = values, codes

    def _cells(self, blocks: Blocks, shape: tuple[int, ...]) -> Cells:
        tabulated = np.flatnonzero(self.table.kind == TABULATED)
        if not len(tabulated) or self._reduction is not None:
            return Cells(self._values, self._codes, np.zeros((1, 1), np.float32))
        table: np.ndarray = self._tabulate(shape, tabulated)
        blocks.set_table(table)
        return Cells(self._values, self._codes, table)

    @property
    def _reduction(self) -> PointReduction | None:
        """What knows the costs of all cells, unless some need a table."""
        table = self.table
        return table.reduction if (table.kind == TABULATED).all() and not np.isfinite(table.cap).any() else None

    def _reduced(self, shape: tuple[int, ...]) -> ReducedCells | None:
        reduction = self._reduction
        return (
            None
            if reduction is None
            else ReducedCells(reduction.on(self.device), self._grid(shape), self._apart, self.cost_unit, self.length_unit)
        )

    def _grid(self, shape: tuple[int, ...]) -> Domain:
        return Domain(shape, tuple(self.domain.size / np.asarray(shape)), self.domain.periodic)

    def _tabulate(self, shape: tuple[int, ...], cells: np.ndarray) -> np.ndarray:
        """Return the costs ``(cells, pixels)`` of user-defined costs, in the solver's cost unit."""
        needed = len(cells) * int(np.prod(shape)) * 4
        if needed > _TABLE_LIMIT:
            raise InputError(
                f"A user-defined cost of {len(cells)} cells on {int(np.prod(shape)):,} pixels needs a table of {needed / 1e9:.3g} GB; "
                f"at most {_TABLE_LIMIT / 1e9:.3g} GB are used: choose fewer cells or a coarser grid."
            )
        grid = self._grid(shape)
        if self.table.image is not None:
            costs = self.table.image(grid, self.seeds)
            costs *= np.float32(1 / self.cost_unit)
            return costs
        if self.table.on_torch is not None:
            return self.table.on_torch(grid, self.seeds, self.device) / np.float32(self.cost_unit)
        y = grid.pixel_centres()
        table = np.empty((len(cells), int(np.prod(shape))), np.float32)
        for row, cell in enumerate(cells):
            cost = self.table.values(self.domain.displacement(y, self.seeds[cell]), y, int(cell))
            if cost.shape != shape or not np.isfinite(cost).all():
                raise InputError(f"The user-defined cost of cell {cell} must return {shape} finite numbers; received shape {cost.shape}.")
            table[row] = cost.ravel() / self.cost_unit
        return table

    def _table_levels(self) -> np.ndarray:
        """Return, for each tabulated cell, the cost on the boundary that encloses its target volume."""
        shape = tuple(min(n, 64 if self.ndim == 2 else 24) for n in self.domain.shape)
        cells = np.flatnonzero(self.table.kind == TABULATED)
        if self._reduction is not None:  # only their mean is needed: some tell it
            cells = cells[:: max(1, len(cells) // _SAMPLED)]
            reduced = ReducedCells(self._reduction, self._grid(shape), self.seeds, 1.0, self.length_unit)
            sorted_costs = np.sort(np.stack([reduced.costs(int(cell)) for cell in cells]), axis=1)
        else:
            sorted_costs = np.sort(self._tabulate(shape, cells), axis=1)
        ranks = self.targets[cells] / np.prod(self.domain.shape) * sorted_costs.shape[1]
        levels = np.full(self.n, np.nan)
        levels[cells] = sorted_costs[np.arange(len(cells)), np.clip(ranks.astype(int), 0, sorted_costs.shape[1] - 1)]
        levels[np.isnan(levels)] = levels[cells].mean()
        return levels


def _separated(seeds: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Move seeds that coincide apart by up to a tenth of a pixel: cells with one seed and one cost have no boundary between them."""
    _, first, group, counts = np.unique(
        np.round(seeds / (1e-6 * spacing)), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) == len(seeds):
        return seeds
    seeds, rng = seeds.copy(), np.random.default_rng(0)
    shifted = np.flatnonzero(counts[group.ravel()] > 1)
    seeds[shifted] += 0.1 * spacing * rng.uniform(-1, 1, (len(shifted), seeds.shape[1]))
    return seeds


def _share_inside(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return how much of each pixel of a coarser grid lies inside the mask (0..1)."""
    if mask.shape == shape:
        return mask.astype(np.float32)
    where = np.ravel_multi_index(
        np.meshgrid(*[(2 * np.arange(n) + 1) * m // (2 * n) for n, m in zip(mask.shape, shape, strict=True)], indexing="ij"), shape
    ).ravel()
    inside = np.bincount(where, mask.ravel().astype(float), int(np.prod(shape)))
    return (inside * (np.prod(shape) / mask.size)).astype(np.float32).reshape(shape)
