"""A mesh while it is worked on: what kernels take, and what is renewed when elements have changed.

Kernels work in regions side by side. One may change an element only if all its nodes are in its region, and a node only if all
nodes round it are; whoever does so gives the nodes whose elements have changed to no region, until the mesh is renewed.
So results do not depend on the number of threads.

Numbers of nodes, elements and cells are int64 wherever one kernel calls another, and no literals: numba compiles a kernel once for each
type that it is called with, and 0 is a type of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numba
import numpy as np

from shapelab.mesh.conforming.lattice import Lattice
from shapelab.mesh.conforming.moving import WIDTH, cells_round, touching
from shapelab.threads import over_ranges, ranges, side_by_side

__all__ = ["Mesh", "Work", "near_region"]

_REGIONS = 8
_LEAST_STEPS = 5
"""Lattice steps across a region."""


class Mesh(NamedTuple):
    """What kernels take; arrays have room for more nodes and elements."""

    nodes: np.ndarray
    """(n, 3) float64 [unit]."""
    elements: np.ndarray
    """(m, 4) int32, positive; -1 where there is none."""
    cells: np.ndarray
    """Cell number of each element, (m,) int64."""
    locks: np.ndarray
    """Bits of the axes (1 z, 2 y, 4 x) along which a node must not move, (n,) uint8."""
    reached: np.ndarray
    """Which nodes are on the boundary of their cells, (n,) bool."""
    starts: np.ndarray
    members: np.ndarray
    """Elements round each node, from `starts` of it to that of the next."""
    sets: np.ndarray
    """Cells round each node, in rising order, (n, WIDTH) int32."""
    counts: np.ndarray
    """How many they are, (n,) int64."""
    region: np.ndarray
    """Region of each node, -1 for nodes that are out of work, (n,) int32."""
    spare: np.ndarray
    """For each region the next free element, the end of its free elements, its next place in `free`, the end of its places, (R, 4)."""
    free: np.ndarray
    """Numbers of the nodes that no element has, (f,) int64."""
    period: np.ndarray
    half: np.ndarray
    """Half the period, infinite along axes that do not repeat, (3,)."""


class Work:
    """A mesh with its bookkeeping."""

    def __init__(self, lattice: Lattice, cells: np.ndarray, lengths: np.ndarray, period: np.ndarray, step: float) -> None:
        self.lengths, self.step = lengths, step
        self.counts_of_regions = _region_count(lengths, step)
        room, more = len(lattice.elements) // 4 + 2000, len(lattice.nodes) // 16 + 500
        nodes = np.concatenate([lattice.nodes, np.zeros((more, 3))])
        elements = np.concatenate([lattice.elements, np.full((room, 4), -1, np.int32)])
        n = len(nodes)
        self.used = len(lattice.elements)
        self.mesh = Mesh(
            nodes,
            elements,
            np.concatenate([cells.astype(np.int64), np.zeros(room, np.int64)]),
            np.concatenate([lattice.locks, np.zeros(more, np.uint8)]),
            np.zeros(n, bool),
            np.zeros(n + 1, np.int64),
            np.zeros(0, np.int32),
            np.full((n, WIDTH), -1, np.int32),
            np.zeros(n, np.int64),
            np.zeros(n, np.int32),
            np.zeros((self.regions, 4), np.int64),
            np.zeros(0, np.int64),
            period,
            np.where(period > 0, 0.5 * period, np.inf),
        )
        self.renew(0)

    @property
    def regions(self) -> int:
        """Number of regions."""
        return self.counts_of_regions + 1

    def renew(self, turn: int) -> None:
        """Close the gaps, list elements and cells round nodes again, and cut the box into regions elsewhere than last time.

        Nodes whose cells are others than before are taken off their boundary.
        """
        mesh = self.mesh
        used = max(self.used, int(mesh.spare[:, 0].max(initial=0)))
        self.used = _close_gaps(mesh.elements, mesh.cells, used)
        starts, members = touching(mesh.elements[: self.used], len(mesh.nodes))
        self.mesh = mesh = mesh._replace(starts=starts, members=members, free=np.flatnonzero(starts[1:] == starts[:-1]))
        over_ranges(_list_cells, ranges(len(mesh.nodes), 5000), mesh)
        self.place_regions(turn)

    def place_regions(self, turn: int) -> None:
        """Cut the box into regions, at the same places for even turns, half a region away for odd ones."""
        mesh, count = self.mesh, self.counts_of_regions
        axis = int(np.argmax(self.lengths))
        place = mesh.nodes[:, axis] / self.lengths[axis] + 0.5 * (turn % 2) / count
        if mesh.period[axis] > 0:
            place -= np.floor(place)
        mesh.region[:] = np.clip(place * count, 0, self.regions - 1)
        self._share_spare()

    def one_region(self) -> None:
        """Make the whole box one region."""
        self.mesh.region[:] = 0
        self._share_spare()

    def _share_spare(self) -> None:
        edges = np.linspace(self.used, len(self.mesh.elements), self.regions + 1).astype(np.int64)
        ends = np.linspace(0, len(self.mesh.free), self.regions + 1).astype(np.int64)
        self.mesh.spare[:] = np.stack([edges[:-1], edges[1:], ends[:-1], ends[1:]], axis=1)

    def everywhere(self, kernel: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Call ``kernel(region, mesh, used, *arguments)`` for all regions."""
        return side_by_side([partial(kernel, region, self.mesh, self.used, *arguments) for region in range(self.regions)])

    def every_node(self, kernel: Callable[..., Any], *arguments: Any, only: np.ndarray | None = None) -> None:
        """Call ``kernel(region, mesh, todo, *arguments)`` until it has done all nodes, or some, also those between two regions."""
        todo = np.diff(self.mesh.starts) > 0
        if only is not None:
            todo &= only
        for turn in range(3):
            if turn < 2:
                self.place_regions(turn)
            else:
                self.one_region()
            side_by_side([partial(kernel, region, self.mesh, todo, *arguments) for region in range(self.regions if turn < 2 else 1)])


def _region_count(lengths: np.ndarray, step: float) -> int:
    return int(np.clip(lengths.max() / step // _LEAST_STEPS, 1, _REGIONS))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def near_region(mesh, v, region):  # type: ignore[no-untyped-def]
    """Whether all nodes round a node are in a region."""
    for t in range(mesh.starts[v], mesh.starts[v + 1]):
        w = mesh.elements[mesh.members[t]]
        if mesh.region[w[0]] != region or mesh.region[w[1]] != region or mesh.region[w[2]] != region or mesh.region[w[3]] != region:
            return False
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _close_gaps(elements, cells, used):  # type: ignore[no-untyped-def]
    """Move elements to the front; return how many they are."""
    n = 0
    for e in range(used):
        if elements[e, 0] >= 0:
            if n < e:
                elements[n] = elements[e]
                cells[n] = cells[e]
            n += 1
    elements[n:used] = -1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _list_cells(part, first, last, mesh):  # type: ignore[no-untyped-def]
    found = np.empty(WIDTH, np.int32)
    for v in range(first, last):
        n = cells_round(mesh.starts, mesh.members, mesh.cells, v, found)
        same = n == mesh.counts[v]
        for i in range(n):
            same &= mesh.sets[v, i] == found[i]
            mesh.sets[v, i] = found[i]
        mesh.counts[v] = n
        if not same:
            mesh.reached[v] = False
