"""A diagram as meshes for finite elements take it: the analytic boundaries of its cells in a box, and the cells' sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.polynomials import exponents
from shapelab.errors import InputError
from shapelab.mesh.conforming.fields import Field, polynomial_field

if TYPE_CHECKING:
    from shapelab.crystals.diagram_cells import DiagramCells

__all__ = ["boundary_field", "cell_sizes"]

_FINER = 4
"""Pixels per pixel along each axis from which sizes of cells are counted."""


def boundary_field(diagram: DiagramCells, shape: tuple[int, ...], spacing: Spacing) -> Field:
    """Return the boundaries of the cells in a box, which must repeat where the diagram does."""
    dim = diagram.ndim
    steps = np.asarray(as_spacing(spacing, dim))
    image = diagram.indices(shape, spacing)
    lengths = np.array(shape) * steps
    for axis, period in enumerate(diagram.period):
        if period and not np.isclose(period, lengths[axis]):
            name = "zyx"[3 - dim :][axis]
            raise InputError(f"The diagram repeats after {period:g} along {name}; the box has a length of {lengths[axis]:g}.")
    flat = 3 - dim
    repeats = np.array(diagram.period or (0.0,) * dim) > 0
    period3 = np.pad(np.where(repeats, lengths, 0.0), (flat, 0))
    cells = (diagram.coefficients, exponents(diagram.order, dim), diagram.centres, diagram.radii)
    steps3 = np.pad(steps, (flat, 0), constant_values=1.0)
    return polynomial_field(image.reshape((1,) * flat + image.shape), steps3, period3, *cells)


def cell_sizes(diagram: DiagramCells, shape: tuple[int, ...], spacing: Spacing) -> np.ndarray:
    """Return areas or volumes of the cells in a box, from pixels `_FINER` times as fine."""
    steps = np.asarray(as_spacing(spacing, diagram.ndim))
    fine = tuple(_FINER * n for n in shape)
    counts = np.bincount(diagram.indices(fine, tuple(steps / _FINER)).ravel(), minlength=len(diagram))
    sizes: np.ndarray = counts * float(np.prod(steps)) / _FINER**diagram.ndim
    return sizes
