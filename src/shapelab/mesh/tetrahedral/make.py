"""`conforming_tetrahedra`: from a label image in space to tetrahedra for finite elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError, ParameterError, ShapelabError
from shapelab.labels.check import as_labels
from shapelab.memory import of_tetrahedra
from shapelab.mesh.conforming.fields import Field, image_field
from shapelab.mesh.conforming.lattice import Lattice, fitting_size
from shapelab.mesh.conforming.pieces import join_small_pieces
from shapelab.mesh.conforming.start import first_cells
from shapelab.mesh.conforming.unrolled import in_box, without_background
from shapelab.mesh.make import as_periodic
from shapelab.mesh.tetrahedral.exact_volumes import cell_volumes, keep_volumes
from shapelab.mesh.tetrahedral.lattice import make_lattice
from shapelab.mesh.tetrahedral.mesh import TetrahedronMesh
from shapelab.mesh.tetrahedral.passes import FLOOR, coarsen_inside, improve
from shapelab.mesh.tetrahedral.report import boundary_distances, report
from shapelab.mesh.tetrahedral.sides import agree_across_sides
from shapelab.mesh.tetrahedral.state import Work
from shapelab.stopping import check_stop, done_apart

__all__ = ["Progress", "conforming_tetrahedra", "tetrahedra_of_field"]

Progress = Callable[[float, str], None]

_SIZE = 0.21
"""Length of the lattice's cubes by default [edge of a cube as large as the median cell]: about 1 % of the nodes on boundaries miss them."""
_LEAST_CUBES = 4
"""Along an axis that repeats."""


@checked()
@done_apart
def conforming_tetrahedra(
    labels: Pixels,
    spacing: Spacing = 1.0,
    *,
    size: float | None = None,
    inner_size: float | None = None,
    periodic: bool | Sequence[bool] = False,
    background: bool = True,
    progress: Progress | None = None,
) -> TetrahedronMesh:
    """Return tetrahedra that fill the cells of a label image in space, and share the boundaries between them.

    A body-centred cubic lattice is given cells so that boundaries run along its faces; then its nodes are moved onto the smoothed
    boundaries, edges and faces are turned and nodes merged where tetrahedra would become thin, and at last every cell gets the volume of
    its voxels. After F. Labelle and J. Shewchuk (isosurface stuffing, ACM Trans. Graph. 26 (2007)), for many cells, and B. Klingner and
    J. Shewchuk (aggressive tetrahedral mesh improvement, 16th Int. Meshing Roundtable (2007)).

    Parameters
    ----------
    labels
        Whole numbers, (z, y, x); 0 is the background.
    spacing
        Voxel size [unit].
    size
        Length of the lattice's cubes, of about twelve tetrahedra each [unit]; by default a fifth of the edge of a cube as large as the
        median cell, and a voxel or more.
    inner_size
        About the longest edge of tetrahedra away from boundaries, where nodes are merged: larger than `size` for a mesh that is coarser
        inside cells [unit]; by default nothing is merged.
    periodic
        Whether the image is periodic, along all axes or along each. Opposite sides then have the same nodes, to the last bit.
    background
        Whether the background gets tetrahedra too.
    progress
        Called with the part that is done, from 0 to 1, and what is being done.

    Raises
    ------
    InputError
        If `labels` are no labels in space, or the spacing is not positive.
    ParameterError
        If `size` is not positive, or so large that a periodic box has fewer than four cubes along an axis.
    OutOfMemoryError
        If so many tetrahedra would not fit.
    """
    array = as_labels(labels)
    if array.ndim != 3:
        raise InputError(f"Tetrahedra fill cells in space; these labels have {array.ndim} axes.")
    steps, repeats = np.asarray(as_spacing(spacing, 3)), as_periodic(periodic, 3)
    ids, index, counts = np.unique(array, return_inverse=True, return_counts=True)
    period = np.where(repeats, np.array(array.shape) * steps, 0.0)
    field = image_field(index.reshape(array.shape), steps, period)
    wanted = counts * float(np.prod(steps))
    return tetrahedra_of_field(field, ids.astype(np.int64), wanted, size, inner_size, background=background, progress=progress)


@done_apart
def tetrahedra_of_field(
    field: Field,
    ids: np.ndarray,
    wanted: np.ndarray,
    size: float | None,
    inner_size: float | None = None,
    *,
    background: bool = True,
    progress: Progress | None = None,
) -> TetrahedronMesh:
    """Return the tetrahedra of a field, whose cells have labels `ids` and should have the volumes `wanted` (nan for any)."""
    tell = progress or _nobody
    lengths = np.array(field.image.shape) * field.steps
    size = _size(field, ids, wanted, size)
    if inner_size is not None and not size <= inner_size < np.inf:
        raise ParameterError(f"inner_size = {inner_size:g} is not possible: choose a length of at least size, {size:g}.")
    lattice, step = _lattice(field, lengths, size)
    tell(0.0, "labelling")
    cells = first_cells(lattice, field, step)
    check_stop()
    join_small_pieces(lattice.elements, cells)
    agree_across_sides(lattice, cells, field)
    work = Work(lattice, cells, lengths, field.period, step)
    improve(work, field, lambda part: tell(0.15 + 0.7 * min(1.0, part), "moving nodes onto boundaries"))
    if inner_size is not None:
        tell(0.85, "merging nodes inside cells")
        coarsen_inside(work, field, inner_size)
    tell(0.9, "giving every cell its volume")
    boundary = work.mesh.counts > 1
    off = float((boundary & ~work.mesh.reached).sum() / max(1, boundary.sum()))
    have = cell_volumes(work, len(ids))
    if not abs(have.sum() / np.prod(lengths) - 1) < 1e-9:
        raise ShapelabError(f"The tetrahedra of size {size:g} do not fill their box exactly: choose another size.")
    kept = (have > 0) & (wanted >= 4 * step**3)  # smaller cells would pull at their neighbours for a volume that they cannot have
    keep_volumes(work, np.where(kept, wanted, np.nan), FLOOR)
    error = float(np.abs(cell_volumes(work, len(ids))[kept] / wanted[kept] - 1).max(initial=0))
    missing = tuple(ids[(have == 0) & (wanted > 0)].tolist())
    mesh = _finished(work, field, ids, (error, off, missing), background=background)
    if mesh.quality.inverted:
        raise ShapelabError(f"{mesh.quality.inverted} of the tetrahedra of size {size:g} would cross others: choose a smaller size.")
    tell(1.0, "done")
    return mesh


def _nobody(part: float, stage: str) -> None:
    """Nobody asked for the progress."""


def _size(field: Field, ids: np.ndarray, wanted: np.ndarray, size: float | None) -> float:
    if size is None:
        known = wanted[np.isfinite(wanted) & (ids != 0) & (wanted > 0)]
        known = known if len(known) else wanted
        wished = max(_SIZE * float(np.cbrt(np.median(known))), float(np.min(field.steps)))
        return fitting_size(field, wished, _LEAST_CUBES)
    if not 0 < size < np.inf:
        raise ParameterError(f"size = {size:g} is not possible: choose a length above 0.")
    return size


def _lattice(field: Field, lengths: np.ndarray, size: float) -> tuple[Lattice, float]:
    """Return the lattice and the length of its cubes' shortest edge; raises where it is too coarse or does not fit into memory."""
    counts = np.maximum(2, np.rint(np.minimum(lengths / size, 1e6))).astype(int)
    for name, length, repeats in zip("zyx", lengths / size, field.period > 0, strict=True):
        if repeats and round(min(length, 1e6)) < _LEAST_CUBES:
            raise ParameterError(
                f"size = {size:g} is too large: along {name} a periodic box needs {_LEAST_CUBES} cubes or more, "
                f"and this gives {round(length)}."
            )
    require_memory(of_tetrahedra(field.image.shape, tuple(counts.tolist())))
    periodic = tuple(bool(one) for one in field.period > 0)
    return make_lattice(tuple(lengths), tuple(counts.tolist()), periodic), float((lengths / counts).min())


def _finished(
    work: Work, field: Field, ids: np.ndarray, found: tuple[float, float, tuple[int, ...]], *, background: bool
) -> TetrahedronMesh:
    """Return the mesh as it lies in its box; `found` are the error of volumes, the share of nodes off their boundary, and missing cells."""
    mesh = work.mesh
    lattice = Lattice(mesh.nodes, mesh.elements[: work.used], mesh.locks)
    box = np.stack([np.zeros(3), np.array(field.image.shape) * field.steps]) - 0.5 * field.steps  # voxel (0, 0, 0) is centred at 0
    nodes, tetrahedra = in_box(lattice, field.period, box)
    labels = ids[mesh.cells[: work.used]]
    if not background:
        nodes, tetrahedra, labels = without_background(nodes, tetrahedra, labels)
    quality = report(nodes, tetrahedra, boundary_distances(work, field), *found)
    periodic = field.period > 0
    return TetrahedronMesh(nodes, tetrahedra, labels, box, (bool(periodic[0]), bool(periodic[1]), bool(periodic[2])), quality)
