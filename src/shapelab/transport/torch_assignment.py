"""The same diagram in plain torch, on any device: the twin of the compiled assignment, every cell against every pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapelab.device import resolve
from shapelab.transport.cost_table import ELLIPSOID, ISOTROPIC, SEGMENT, TABULATED, CostTable
from shapelab.transport.costs import Cost
from shapelab.transport.domain import Domain

if TYPE_CHECKING:
    import torch

__all__ = ["assign_labels"]


def assign_labels(
    domain: Domain,
    seeds: np.ndarray,
    volumes: np.ndarray,
    cost: Cost,
    potentials: np.ndarray,
    *,
    device: str = "auto",
    chunk: int = 1 << 24,
) -> torch.Tensor:
    """Return the label image of given potentials.

    Parameters
    ----------
    domain, seeds, volumes, cost
        As for `Solver`.
    potentials
        ``(N,)``, in the unit of the cost.
    device
        "cpu", "cuda", … or "auto".
    chunk
        Numbers held at once: pixels x cells of a piece.

    Returns
    -------
    Tensor
        int32 of the domain's shape: 0 is medium or wall, i + 1 is cell i.
    """
    import torch

    where = torch.device(resolve(device, through="torch"))
    table = cost.table(np.asarray(volumes, float), domain.ndim)
    medium = domain.volume - np.sum(volumes) > 1e-6 * domain.volume
    y = domain.pixel_centres().reshape(-1, domain.ndim)
    f = torch.as_tensor(potentials, dtype=torch.float64, device=where)
    labels = torch.empty(len(y), dtype=torch.int32, device=where)
    step = max(1, chunk // max(1, len(seeds)))
    for start in range(0, len(y), step):
        above = _costs(domain, seeds, table, y[start : start + step], where) - f
        best, owner = above.min(dim=1)
        owner = owner.to(torch.int32) + 1
        labels[start : start + step] = torch.where(best < 0, owner, 0) if medium else owner
    if domain.mask is not None:
        labels[torch.as_tensor(~domain.mask.ravel(), device=where)] = 0
    return labels.reshape(domain.shape)


def _costs(domain: Domain, seeds: np.ndarray, table: CostTable, y: np.ndarray, where: torch.device) -> torch.Tensor:
    """Return the costs ``(pixels, cells)``."""
    import torch

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.asarray(array), dtype=torch.float64, device=where)

    z = tensor(y)[:, None] - tensor(seeds)
    size, periodic = tensor(domain.size), torch.as_tensor(domain.periodic, device=where)
    z = torch.where(periodic, z - size * torch.floor(z / size + 0.5), z)
    squared = (z * z).sum(-1)
    kind = torch.as_tensor(np.asarray(table.kind), device=where)
    norm = torch.einsum("pna,nab,pnb->pn", z, tensor(table.matrix), z) if (table.kind == ELLIPSOID).any() else squared
    along, length = (z * tensor(table.axis)).sum(-1).abs(), tensor(table.length)
    across = (squared - along**2).clamp(min=0)
    segment = (along - length).clamp(min=0) ** 2 + across
    root = (squared - length**2 * across).clamp(min=0).sqrt()
    beyond = squared / (along * length + root).clamp(min=1e-300)
    rod = torch.where(along > length * across.sqrt(), beyond**2, across)
    gauge = torch.where(kind == ISOTROPIC, squared, torch.where(kind == ELLIPSOID, norm, torch.where(kind == SEGMENT, segment, rod)))
    cost = tensor(table.scale) * gauge.clamp(min=0) ** (tensor(table.exponent) / 2)
    for cell in np.flatnonzero(table.kind == TABULATED):
        assert table.function is not None
        cost[:, cell] = tensor(table.function(domain.displacement(y, seeds[cell]), y, int(cell)))
    return torch.minimum(cost, tensor(table.cap))
