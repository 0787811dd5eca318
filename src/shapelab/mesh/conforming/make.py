"""`conforming_triangles`: from a label image in the plane to triangles for finite elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError, ParameterError, ShapelabError
from shapelab.labels.check import as_labels
from shapelab.memory import of_triangles
from shapelab.mesh.conforming.exact_areas import keep_areas
from shapelab.mesh.conforming.fields import Field, image_field
from shapelab.mesh.conforming.flips import collapse, turn_edges
from shapelab.mesh.conforming.lattice import Lattice, areas, fitting_size, make_lattice
from shapelab.mesh.conforming.mesh import Quality, TriangleMesh
from shapelab.mesh.conforming.moving import improve, qualities, states, touching
from shapelab.mesh.conforming.pieces import join_small_pieces
from shapelab.mesh.conforming.relabel import relabel
from shapelab.mesh.conforming.start import first_cells
from shapelab.mesh.conforming.unrolled import in_box, without_background
from shapelab.mesh.make import as_periodic
from shapelab.stopping import check_stop, done_apart

__all__ = ["conforming_triangles", "triangles_of_field"]

_FLOOR = float(np.sin(np.radians(25)))
"""No triangle gets a smaller angle, but where boundaries themselves meet at one."""
_BOLD, _PASSES, _FINISH = 6, 14, 12
"""Passes in which triangles may become thin on the way, passes in all, and passes more until no angle is too small."""
_LOOSE = 0.35
"""How far nodes may leave their boundary for the sake of angles, in passes more [lattice steps]."""
_LEAST_SQUARES = 4
"""Along an axis that repeats."""
_SHARES = np.array([1.0, 0.5, 0.25, 0.125])


@checked()
@done_apart
def conforming_triangles(
    labels: Pixels,
    spacing: Spacing = 1.0,
    *,
    size: float | None = None,
    periodic: bool | Sequence[bool] = False,
    background: bool = True,
) -> TriangleMesh:
    """Return triangles that fill the cells of a label image in the plane, and share the boundaries between them.

    A lattice of squares, cut along both diagonals, is given cells so that boundaries run along its edges; then its nodes are moved
    onto the smoothed boundaries, edges are turned and nodes merged where triangles would become thin, and at last every cell gets the
    area of its pixels. After F. Labelle and J. Shewchuk (isosurface stuffing, ACM Trans. Graph. 26 (2007)), for many cells.

    Parameters
    ----------
    labels
        Whole numbers, (y, x); 0 is the background.
    spacing
        Pixel size [unit].
    size
        Length of the lattice's squares [unit]; by default a quarter of the edge of a square as large as the median cell.
    periodic
        Whether the image repeats, along both axes or along each. Opposite sides then have the same nodes, to the last bit.
    background
        Whether the background gets triangles too.

    Raises
    ------
    InputError
        If `labels` are no labels in the plane, or the spacing is not positive.
    ParameterError
        If `size` is not positive, or so large that a periodic box has fewer than four squares along an axis.
    """
    array = as_labels(labels)
    if array.ndim != 2:
        raise InputError(f"Triangles fill cells in the plane; these labels have {array.ndim} axes.")
    steps, repeats = as_spacing(spacing, 2), as_periodic(periodic, 2)
    ids, index, counts = np.unique(array, return_inverse=True, return_counts=True)
    padded_steps = np.array([1.0, *steps])
    period = np.array([0.0, *(n * step if r else 0.0 for n, step, r in zip(array.shape, steps, repeats, strict=True))])
    field = image_field(index.reshape(1, *array.shape), padded_steps, period)
    wanted = counts * float(np.prod(steps))
    return triangles_of_field(field, ids.astype(np.int64), wanted, repeats, size, background=background)


def triangles_of_field(
    field: Field, ids: np.ndarray, wanted: np.ndarray, periodic: tuple[bool, ...], size: float | None, *, background: bool = True
) -> TriangleMesh:
    """Return the triangles of a field, whose cells have labels `ids` and should have the areas `wanted` (nan for any)."""
    shape, steps = field.image.shape[1:], field.steps[1:]
    lengths = (float(shape[0] * steps[0]), float(shape[1] * steps[1]))
    known = wanted[np.isfinite(wanted) & (ids != 0)] if (ids != 0).any() else wanted
    if size is None:
        size = fitting_size(field, max(0.25 * float(np.sqrt(np.median(known))), float(np.min(steps))), _LEAST_SQUARES)
    if not 0 < size < np.inf:
        raise ParameterError(f"size = {size:g} is not possible: choose a length above 0.")
    counts = (max(1, round(lengths[0] / size)), max(1, round(lengths[1] / size)))
    for name, n, repeats in zip("yx", counts, periodic, strict=True):
        if repeats and n < _LEAST_SQUARES:
            raise ParameterError(f"size = {size:g} is too large: along {name} a periodic box needs 4 squares or more, and this gives {n}.")
    require_memory(of_triangles(shape, counts[0] * counts[1]))
    lattice = make_lattice(lengths, counts, (periodic[0], periodic[1]))
    step = min(lengths[0] / counts[0], lengths[1] / counts[1])
    cells = first_cells(lattice, field, step)
    join_small_pieces(lattice.elements, cells)
    lattice, cells, off = _improved(lattice, cells, field, step)
    least = 3 * step * step  # smaller cells would pull at their neighbours for an area that they cannot have
    present = np.bincount(cells, minlength=len(ids)) > 0
    keep_areas(
        lattice.nodes, lattice.elements, cells, lattice.locks, field.period, np.where(present & (wanted >= least), wanted, np.nan), _FLOOR
    )
    have = np.bincount(cells, areas(lattice.nodes, lattice.elements, field.period), len(ids))
    large = present & (wanted >= least)
    error = float(np.abs(have[large] / wanted[large] - 1).max(initial=0))
    missing = tuple(ids[~present & (wanted > 0)].tolist())
    box = np.array([[0.0, 0.0, 0.0], [0.0, *lengths]]) - np.array(
        [0.0, *(0.5 * steps)]
    )  # pixel (0, 0) is centred half a pixel from the corner
    nodes, triangles = in_box(lattice, field.period, box)
    labels = ids[cells]
    if not background:
        nodes, triangles, labels = without_background(nodes, triangles, labels)
    quality = _quality(nodes[triangles], error, off, missing)
    if quality.inverted:
        raise ShapelabError(f"{quality.inverted} of the triangles of size {size:g} would cross others: choose a smaller size.")
    return TriangleMesh(np.ascontiguousarray(nodes[:, 1:]), triangles, labels, box[:, 1:], (periodic[0], periodic[1]), quality)


def _quality(x: np.ndarray, error: float, off: float, missing: tuple[int, ...]) -> Quality:
    sides = [x[:, (k + 1) % 3, 1:] - x[:, k, 1:] for k in range(3)]
    twice = sides[0][:, 0] * sides[1][:, 1] - sides[0][:, 1] * sides[1][:, 0]
    angles = np.stack([np.arctan2(np.abs(twice), -(sides[k] * sides[k - 1]).sum(1)) for k in range(3)])
    degrees = np.degrees(angles)
    jacobian = float((np.sin(angles) * 2 / np.sqrt(3)).min(initial=1)) if len(x) else 1.0
    smallest, largest = (float(degrees.min()), float(degrees.max())) if len(x) else (np.nan, np.nan)
    return Quality(
        triangles=len(x),
        inverted=int((twice <= 0).sum()),
        smallest_angle=smallest,
        largest_angle=largest,
        scaled_jacobian=jacobian,
        area_error=error,
        off=off,
        missing=missing,
    )


def _improved(lattice: Lattice, cells: np.ndarray, field: Field, step: float) -> tuple[Lattice, np.ndarray, float]:
    """Return the mesh when its nodes are where they should be, the cells of its triangles, and the share of nodes that are not."""
    nodes, elements, locks, period = lattice.nodes, lattice.elements, lattice.locks, field.period
    numbers = np.random.default_rng(0).normal(size=65537)
    starts, members = touching(elements, len(nodes))
    reached, counts = np.zeros(len(nodes), bool), states(starts, members, cells, len(nodes))
    for number in range(_PASSES + _FINISH):
        check_stop()
        bold = number < _BOLD
        if number < 3:
            relabel(field, nodes, elements, cells, locks, starts, members, step, reached)
        wanted, tries, loose = (1.2 * _FLOOR, 10 if number > 1 else 0, 0.0) if number < _PASSES else (1.02 * _FLOOR, 40, _LOOSE * step)
        args = (field, nodes, elements, cells, locks, starts, members, 0.9 * step, 0.15 * _FLOOR if bold else _FLOOR)
        improve(*args, wanted, tries, loose, _SHARES, np.roll(numbers, 7919 * number), reached)
        turn_edges(nodes, elements, cells, locks, starts, members, period)
        starts, members = touching(elements, len(nodes))
        if number:
            collapse(nodes, elements, cells, locks, starts, members, period, reached, 0.9 * _FLOOR)
            kept = elements[:, 0] >= 0
            elements, cells = elements[kept], cells[kept]
            starts, members = touching(elements, len(nodes))
        now = states(starts, members, cells, len(nodes))
        reached &= now == counts
        counts = now
        quality = np.empty(len(elements))
        qualities(0, 0, len(elements), nodes, elements, period, quality)
        if number >= _PASSES - 1 and quality.min() >= _FLOOR:
            break
    boundary = counts > 1
    off = float((boundary & ~reached).sum() / max(1, boundary.sum()))
    return Lattice(nodes, elements, locks), cells, off
