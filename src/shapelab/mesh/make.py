"""`interface_mesh`: from a label image to the mesh that its cells share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.errors import ParameterError
from shapelab.labels.planes import LabelPixels, LabelPlanes, as_label_planes
from shapelab.labels.sums import LabelSums, sum_labels
from shapelab.limits import between
from shapelab.memory import of_mesh
from shapelab.mesh.dense import dense_labels, refuse_short_periods
from shapelab.mesh.mesh import InterfaceMesh
from shapelab.mesh.net import Net
from shapelab.mesh.padded_planes import padded_planes
from shapelab.mesh.planar import planar_net
from shapelab.mesh.planar_smoothing import smooth_polylines
from shapelab.mesh.polylines import trace_polylines
from shapelab.mesh.smoothing import smooth_nodes
from shapelab.mesh.solid import solid_net
from shapelab.mesh.streamed import streamed_net
from shapelab.mesh.volumes import LEAST_KEPT, hold_nodes, keep_volumes
from shapelab.stopping import done_apart

__all__ = ["as_periodic", "interface_mesh", "mesh_of_planes", "net_of"]

_SMOOTHING = {2: 3, 3: 20}
_MOST_SMOOTHING = 200


@checked()
@done_apart
def interface_mesh(
    labels: LabelPixels,
    spacing: Spacing = 1.0,
    *,
    periodic: bool | Sequence[bool] = False,
    smoothing: int | None = None,
    closed: bool = True,
) -> InterfaceMesh:
    """Return the mesh of all interfaces of a label image, 2-D or 3-D.

    Surface nets: a node for every 2 x 2 (x 2) voxels that differ, a face between every two neighbours that differ, so
    that cells share their faces and nothing gapes or overlaps. The nodes are smoothed, each at most one voxel, and then the
    interfaces are pushed until every cell has the volume of its voxels within 0.1 %. Cells of fewer than 30 voxels (2-D: 12) keep
    the steps of their voxels.

    Parameters
    ----------
    labels
        Whole numbers, (z, y, x) or (y, x); 0 is the medium, a cell like any other but for its missing border faces. A volume in
        dask or Zarr is read some planes at a time: only the mesh is held.
    spacing
        Voxel size [unit].
    periodic
        Whether the image is periodic, along all axes or along each.
    smoothing
        In 3-D how often each node goes half way to the middle of its neighbours; by default 20, which looks smooth (10 is
        best for angles). In 2-D the length of the wiggles that vanish, by default 3 pixels. 0 leaves the voxels' faces.
    closed
        Whether cells that are cut by the border of the image have faces there.

    Raises
    ------
    InputError
        If `labels` are no labels, or the spacing is not positive.
    ParameterError
        If `smoothing` or `periodic` is not possible.
    """
    planes = as_label_planes(labels)
    ndim = len(planes.shape)
    smoothing = _SMOOTHING[ndim] if smoothing is None else smoothing
    if not 0 <= smoothing <= _MOST_SMOOTHING:
        raise ParameterError(f"smoothing = {smoothing} is not possible: choose 0 (none) to {_MOST_SMOOTHING}.")
    return mesh_of_planes(planes, as_spacing(spacing, ndim), as_periodic(periodic, ndim), smoothing=smoothing, closed=closed)


def mesh_of_planes(
    planes: LabelPlanes,
    steps: tuple[float, ...],
    periodic: tuple[bool, ...],
    *,
    smoothing: int,
    closed: bool = True,
    sums: LabelSums | None = None,
    tell: Callable[[int], None] | None = None,
) -> InterfaceMesh:
    """Return the mesh of `interface_mesh`, with what is known already of the labels.

    Parameters
    ----------
    planes, steps, periodic, smoothing, closed
        As in `interface_mesh`, checked.
    sums
        Sums over the labels, if they have been counted.
    tell
        Called with the number of planes that were read, of volumes that are read piece by piece: each is, twice.
    """
    ndim = len(planes.shape)
    if planes.streams:
        refuse_short_periods(planes.shape, periodic)
        net = streamed_net(padded_planes(planes, sums or sum_labels(planes), periodic, closed=closed), closed=closed, tell=tell)
    else:
        array = planes.whole()
        require_memory(of_mesh(array.shape, _faces(array) if ndim == 2 else 0))
        net = net_of(array, periodic, closed=closed)
    frozen = np.zeros(len(net.ids), bool)
    if smoothing:
        frozen = (net.counts > 0) & (net.counts < LEAST_KEPT[ndim])
        frozen[0] = False
        if frozen.any():
            hold_nodes(net, frozen)
        if ndim == 3:
            smooth_nodes(net, smoothing)
        else:
            lines = trace_polylines(net.faces, net.pairs, len(net.cubes))
            smooth_polylines(net.moves, net.cubes, net.period, net.locks, lines, float(smoothing))
        frozen |= keep_volumes(net)
    return InterfaceMesh(net, steps, planes.shape, smoothing, closed, net.ids[frozen])


def net_of(array: np.ndarray, periodic: tuple[bool, ...], *, closed: bool) -> Net:
    """Return the net of a label image, not smoothed."""
    dense = dense_labels(array, periodic, closed=closed)
    return planar_net(dense) if array.ndim == 2 else solid_net(dense, closed=closed)


def _faces(image: np.ndarray) -> int:
    """Return the number of pixels beside each other that differ."""
    return int(np.count_nonzero(image[1:] != image[:-1]) + np.count_nonzero(image[:, 1:] != image[:, :-1]))


@checked(ndim=between(1, 64))
def as_periodic(periodic: bool | Sequence[bool], ndim: int) -> tuple[bool, ...]:
    """Return whether the image repeats along each axis."""
    values = (bool(periodic),) * ndim if isinstance(periodic, bool | np.bool_) else tuple(bool(value) for value in periodic)
    if len(values) != ndim and ndim in (2, 3):
        raise ParameterError(f"periodic must be one value, or one for each of the {ndim} axes; received {len(values)}.")
    return values
