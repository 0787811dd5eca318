"""Diagrams: cells that are the argmax of polynomials, of which anisotropic power diagrams are the order 2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import factorial, prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.polynomials import basis, exponents
from shapelab.crystals.tiles import Grid
from shapelab.device import resolve
from shapelab.errors import InputError, ParameterError
from shapelab.short_repr import short_repr
from shapelab.transport.domain import LARGE

if TYPE_CHECKING:
    from shapelab.mesh import InterfaceMesh
    from shapelab.mesh.conforming import TriangleMesh
    from shapelab.mesh.tetrahedral import TetrahedronMesh

__all__ = ["Diagram"]


@short_repr
@dataclass(frozen=True, eq=False)
class Diagram:
    """Cells ``{y : g_i(y) >= g_j(y) for all j}`` of polynomials g_i of degree `order`.

    Each polynomial is written in the local coordinate ``t = (y - centres[i]) / radii[i]``: ``g_i(y) = sum_k
    coefficients[i, k] t^e_k`` with the exponents ``e_k`` of `shapelab.crystals.polynomials.exponents`. Order 1 is a
    power (Laguerre) diagram, order 2 an anisotropic power diagram (M. Buze et al., Comput. Mater. Sci. 245 (2024)
    113317), higher orders are polynomial diagrams (D.P. Bourne et al., arXiv:2605.20816).
    """

    order: int
    coefficients: np.ndarray
    """Shape (N, K), float64."""
    centres: np.ndarray
    """Origins of the local coordinates, (z, y, x) or (y, x), shape (N, d) [physical unit]."""
    radii: np.ndarray
    """Units of the local coordinates, shape (N,) [physical unit]."""
    ids: np.ndarray
    """Label of each cell, shape (N,), int64."""
    period: tuple[float, ...] = ()
    """Length of the box along each periodic axis, 0 along others; empty where none is periodic."""

    def __post_init__(self) -> None:
        n, dim = self.centres.shape
        wanted = (n, len(exponents(self.order, dim)))
        if self.coefficients.shape != wanted:
            raise InputError(
                f"A diagram of order {self.order} with {n} cells needs coefficients of shape {wanted}; received {self.coefficients.shape}."
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ndim(self) -> int:
        """Number of axes of the space, 2 or 3."""
        return int(self.centres.shape[1])

    @classmethod
    def from_ellipsoids(
        cls,
        seeds: np.ndarray,
        matrices: np.ndarray,
        weights: np.ndarray,
        radii: np.ndarray | None = None,
        ids: np.ndarray | None = None,
        period: tuple[float, ...] = (),
    ) -> Diagram:
        """Return the anisotropic power diagram ``argmin_i (y - x_i)^T A_i (y - x_i) - w_i``.

        Parameters
        ----------
        seeds
            Points x_i, shape (N, d).
        matrices
            Symmetric matrices A_i, shape (N, d, d).
        weights
            Weights w_i, shape (N,).
        radii
            Units of the local coordinates; by default the level sets' mean radii.
        ids
            Labels of the cells; by default 1, 2, 3…
        period
            Lengths of a periodic box, 0 along axes that are not.
        """
        seeds, matrices = np.asarray(seeds, float), np.asarray(matrices, float)
        n, dim = seeds.shape
        if radii is None:
            radii = np.abs(np.linalg.det(matrices)) ** (-0.5 / dim)
        coefficients = np.zeros((n, len(exponents(2, dim))))
        coefficients[:, 0] = weights
        for k, power in enumerate(exponents(2, dim)):
            if power.sum() == 2:
                i, j = np.repeat(np.arange(dim), power)
                coefficients[:, k] = -(radii**2) * matrices[:, i, j] * (1 if i == j else 2)
        return cls(2, coefficients, seeds, radii, np.arange(1, n + 1) if ids is None else np.asarray(ids, np.int64), period)

    def ellipsoids(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return seeds, positive definite matrices and weights of an equal diagram of order 2 or 1.

        Adding one quadratic to all polynomials changes no cell: the smallest multiple of |y|^2 that makes every
        matrix positive definite is added where needed. Seeds may lie outside their cells, and outside the domain.
        """
        hessians, slopes, constants = self.quadratics()
        dim = self.ndim
        lowest = np.linalg.eigvalsh(hessians)[:, 0]
        floor = 0.05 * np.median(np.abs(np.trace(hessians, axis1=1, axis2=2))) / dim or 1.0
        lift = max(0.0, floor - float(lowest.min()))
        middle = self.centres.mean(0)
        matrices = hessians + lift * np.eye(dim)
        slopes = slopes - 2 * lift * (self.centres - middle)
        constants = constants - lift * ((self.centres - middle) ** 2).sum(1)
        offsets = np.linalg.solve(2 * matrices, slopes[..., None])[..., 0]
        return self.centres + offsets, matrices, constants + 0.5 * (slopes * offsets).sum(1)

    def quadratics(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return H, b and c of the polynomials -y^T H y + b y + c, y from the cell's centre, of an order of 1 or 2."""
        if self.order > 2:
            raise ParameterError(f"A diagram of order {self.order} has no ellipsoids; only orders 1 and 2 have.")
        n, dim = self.centres.shape
        hessians = np.zeros((n, dim, dim))
        slopes = np.zeros((n, dim))
        for k, power in enumerate(exponents(self.order, dim)):
            axes = np.repeat(np.arange(dim), power)
            if len(axes) == 2:
                i, j = axes
                value = -self.coefficients[:, k] / self.radii**2 * (1 if i == j else 0.5)
                hessians[:, i, j] = hessians[:, j, i] = value
            elif len(axes) == 1:
                slopes[:, axes[0]] = self.coefficients[:, k] / self.radii
        return hessians, slopes, self.coefficients[:, 0]

    def raised(self, order: int, fall: float = 0.0) -> Diagram:
        """Return the diagram with polynomials of a higher degree: the same one, or with ``fall * |t|^order`` taken from each.

        A fall keeps polynomials of an even degree from growing far from their cells.
        """
        powers = exponents(order, self.ndim)
        padded = np.pad(self.coefficients, ((0, 0), (0, len(powers) - self.coefficients.shape[1])))
        if fall:
            for k in np.flatnonzero((powers.sum(1) == order) & (powers % 2 == 0).all(1)):
                padded[:, k] -= fall * factorial(order // 2) / prod(factorial(e // 2) for e in powers[k].tolist())
        return replace(self, order=order, coefficients=padded)

    def centres_3d(self) -> np.ndarray:
        """Return the centres over (z, y, x), as the kernels take them."""
        return np.pad(self.centres, ((0, 0), (3 - self.ndim, 0)))

    def indices(self, shape: tuple[int, ...], spacing: Spacing = 1.0, device: str = "cpu") -> np.ndarray:
        """Return the index of the cell at every pixel: shape `shape`, int32.

        Parameters
        ----------
        shape
            Number of pixels along each axis; pixel (0, 0) has its centre at half a spacing from the corner.
        spacing
            Size of a pixel, one number or one per axis [physical unit].
        device
            "cpu", "cuda", "cuda:1"… or "auto"; the labels are the same.
        """
        index: np.ndarray = np.mod(self.copies(shape, spacing, device), len(self), dtype=np.int32)
        return index

    def copies(self, shape: tuple[int, ...], spacing: Spacing = 1.0, device: str = "cpu") -> np.ndarray:
        """Return the number of the copy (see `with_copies`) at every pixel, int32; arguments as in `indices`."""
        from shapelab.crystals.labelling import argmax_cells

        if len(shape) != self.ndim:
            raise InputError(f"The diagram has {self.ndim} axes; shape = {tuple(shape)} has {len(shape)}.")
        grid = Grid.of(tuple(shape), as_spacing(spacing, self.ndim))
        whole = self.with_copies()
        cells = (whole.coefficients, whole.centres_3d(), whole.radii, basis(self.order, self.ndim))
        device = resolve(device, large=grid.shape[0] * grid.shape[1] * grid.shape[2] >= LARGE)
        if device == "cpu":
            found = argmax_cells(grid, *cells)
        else:
            from shapelab.crystals.card_labelling import argmax_cells_on_card

            found = argmax_cells_on_card(grid, *cells, device=device)
        return np.asarray(found).reshape(shape)

    def with_copies(self) -> Diagram:
        """Return the diagram with the copies of its cells in the neighbouring boxes: copy m is one of cell m modulo N."""
        if not any(self.period):
            return self
        shifts = np.array(list(product(*[(0.0, -length, length) if length else (0.0,) for length in self.period])))
        length = np.array(self.period)
        inside = np.where(length > 0, np.mod(self.centres, np.where(length > 0, length, 1.0)), self.centres)
        centres = (inside + shifts[:, None]).reshape(-1, self.ndim)
        n = len(shifts)
        return Diagram(self.order, np.tile(self.coefficients, (n, 1)), centres, np.tile(self.radii, n), np.tile(self.ids, n))

    def mesh(self, shape: tuple[int, ...], spacing: Spacing = 1.0) -> InterfaceMesh:
        """Return the mesh of all cells, its nodes on their exact boundaries; arguments as in `indices`.

        It has the topology of the label image, so that cells and contacts smaller than a pixel are missing.
        """
        from shapelab.mesh import interface_mesh
        from shapelab.mesh.analytic import onto_boundaries

        labels = self.indices(shape, spacing) + 1
        steps = as_spacing(spacing, self.ndim)
        mesh = interface_mesh(labels, steps, periodic=[length > 0 for length in self.period] or False, smoothing=0)
        present = np.maximum(mesh.ids - 1, 0)
        cells = (self.coefficients[present], exponents(self.order, self.ndim), self.centres[present], self.radii[present])
        onto_boundaries(mesh.net, np.asarray(steps), *cells)
        mesh.net.ids = np.concatenate([[0], self.ids[mesh.ids[1:] - 1]])
        return mesh

    def triangles(self, shape: tuple[int, ...], spacing: Spacing = 1.0, size: float | None = None) -> TriangleMesh:
        """Return triangles that fill the cells of a diagram in the plane, their corners on the exact boundaries.

        Parameters
        ----------
        shape, spacing
            Box, as in `indices`; its pixels say which cells are near a point, so that cells should be several wide.
        size
            As in `shapelab.mesh.conforming_triangles`.
        """
        from shapelab.crystals.diagram_field import boundary_field, cell_sizes
        from shapelab.mesh.conforming import triangles_of_field

        if self.ndim != 2:
            raise InputError(f"Triangles fill cells in the plane; this diagram has {self.ndim} axes.")
        repeats = tuple(length > 0 for length in self.period) or (False, False)
        return triangles_of_field(boundary_field(self, shape, spacing), self.ids, cell_sizes(self, shape, spacing), repeats, size)

    def tetrahedra(
        self,
        shape: tuple[int, ...],
        spacing: Spacing = 1.0,
        size: float | None = None,
        inner_size: float | None = None,
        *,
        progress: Callable[[float, str], None] | None = None,
    ) -> TetrahedronMesh:
        """Return tetrahedra that fill the cells of a diagram in space, their corners on the exact boundaries.

        Parameters
        ----------
        shape, spacing
            Box, as in `indices`; its voxels say which cells are near a point, so that cells should be several wide.
        size, inner_size, progress
            As in `shapelab.mesh.conforming_tetrahedra`.
        """
        from shapelab.crystals.diagram_field import boundary_field, cell_sizes
        from shapelab.mesh.tetrahedral import tetrahedra_of_field

        if self.ndim != 3:
            raise InputError(f"Tetrahedra fill cells in space; this diagram has {self.ndim} axes.")
        field, sizes = boundary_field(self, shape, spacing), cell_sizes(self, shape, spacing)
        return tetrahedra_of_field(field, self.ids, sizes, size, inner_size, progress=progress)

    def save(
        self,
        path: str | Path,
        shape: tuple[int, ...],
        spacing: Spacing = 1.0,
        unit: str = "",
        origin: tuple[float, ...] | None = None,
    ) -> Path:
        """Write the diagram as JSON (`shapelab.crystals.diagram_format`); numbers are read back to the last bit by `load_diagram`.

        Parameters
        ----------
        path
            File that ends in ``.json``; nothing is overwritten.
        shape, spacing
            Grid of the image that it was made for or from.
        unit
            Unit of length, "" for pixels.
        origin
            Where the centre of the first pixel lies in the world.
        """
        from shapelab.crystals.diagram_format import diagram_entries, write_diagram

        return write_diagram(path, diagram_entries(self, shape, spacing, unit, origin))

    def labels(self, shape: tuple[int, ...], spacing: Spacing = 1.0, device: str = "cpu") -> np.ndarray:
        """Return the label image of the diagram; arguments as in `indices`."""
        found: np.ndarray = self.ids[self.indices(shape, spacing, device)]
        return found
