"""Numbers that tell what a crowd of cells does: order, packing, mixing."""

from __future__ import annotations

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.state import CellState

__all__ = [
    "correlation",
    "gyration_ratio",
    "interface_energy",
    "mean_height",
    "mean_square_displacement",
    "shape_index",
    "sorting",
]


def mean_square_displacement(state: CellState) -> float:
    """Return the mean square way travelled since the start in cell radii, without the common drift."""
    way = state.traits["travelled"]
    return float(np.mean(np.sum((way - way.mean(axis=0)) ** 2, axis=1)) / state.radius**2)


def shape_index(diagram: CellDiagram) -> float:
    """Return the mean of perimeter over the root of the area (2-D): 3.545 for disks, 3.722 for hexagons."""
    return float(np.mean(diagram.contacts.surfaces / np.sqrt(diagram.volumes)))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's correlation over the cells where both are known, 0 where it has no meaning."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def mean_height(state: CellState, box: np.ndarray, kind: int | None = None) -> float:
    """Return the mean height of the seeds over the floor (y points down), of one population or all, in box lengths."""
    chosen = state.positions if kind is None else state.positions[state.types == kind]
    return float(box[-2] - chosen[:, -2].mean()) if len(chosen) else 0.0


def gyration_ratio(state: CellState) -> float:
    """Return the largest over the smallest radius of gyration of all cells together (1: round); 1 for fewer than ten cells."""
    if len(state) < 10:
        return 1.0
    weights = state.volumes / state.volumes.sum()
    z = state.positions - weights @ state.positions
    values = np.linalg.eigvalsh(np.einsum("i,ia,ib->ab", weights, z, z))
    return float(np.sqrt(values[-1] / max(values[0], 1e-300)))


def sorting(diagram: CellDiagram, types: np.ndarray, kind: int = 0) -> dict[str, float]:
    """Return the heterotypic part of the cell-cell contacts, and the part of the medium's contacts that one population has."""
    n, contacts = len(types), diagram.contacts
    pairs, areas = contacts.of_cells()
    contact, other = areas.sum(), areas[types[pairs[:, 0]] != types[pairs[:, 1]]].sum()
    free = contacts.pairs[:, 1] == n
    outer, exposed = contacts.areas[free].sum(), contacts.areas[free][types[contacts.pairs[free, 0]] == kind].sum()
    return {
        "heterotypic_contact": float(other / contact) if contact > 0 else 0.0,
        "exposed_type_0": float(exposed / outer) if outer > 0 else 0.0,
    }


def interface_energy(diagram: CellDiagram, types: np.ndarray, tensions: np.ndarray) -> float:
    """Return the sum of tension times area over all contacts, those with the medium (last row of the table) included."""
    contacts, n = diagram.contacts, len(types)
    kinds = np.append(types, len(tensions) - 1)
    real = contacts.pairs[:, 1] <= n  # walls cost nothing
    first, second = kinds[contacts.pairs[real]].T
    return float(tensions[first, second] @ contacts.areas[real])
