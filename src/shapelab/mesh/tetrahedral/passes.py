"""The passes that make a good mesh of one whose elements have cells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shapelab.mesh.conforming.fields import Field
from shapelab.mesh.tetrahedral.clearing import clear_way
from shapelab.mesh.tetrahedral.collapsing import coarsen, merge_lost
from shapelab.mesh.tetrahedral.mending import mend
from shapelab.mesh.tetrahedral.moving import Moves, bring_back, move_nodes
from shapelab.mesh.tetrahedral.quality import qualities
from shapelab.mesh.tetrahedral.relabel import distances, relabel, relabel_round
from shapelab.mesh.tetrahedral.retreating import retreat
from shapelab.mesh.tetrahedral.splitting import split_nodes
from shapelab.mesh.tetrahedral.state import Work
from shapelab.stopping import check_stop
from shapelab.threads import over_ranges, ranges

__all__ = ["FLOOR", "coarsen_inside", "improve", "worst_quality"]

FLOOR = float(np.sin(np.radians(12.5)))
"""No tetrahedron gets a smaller angle, but where boundaries themselves meet at one."""
_GOOD = float(np.sin(np.radians(18)))
_BOLD, _PASSES, _FINISH = 20, 26, 20
"""Passes in which elements may become thin on the way, passes in all, and passes more until no angle is too small."""
_EVEN, _RELABELLED = 4, 5
"""Passes in which all nodes are evened out, and in which elements may change their cell."""
_BACK = 3
"""Passes in which nodes that left their boundary go back as far as angles allow."""
_COARSENING = 24
"""Passes in which nodes inside cells are merged, at most."""
_LOOSE = 0.35
"""How far nodes may leave their boundary for the sake of angles, in passes more [lattice steps]."""


def improve(work: Work, field: Field, told: Callable[[float], None]) -> None:
    """Put nodes on the boundaries of their cells and better thin elements, until all are good or nothing more is tried."""
    numbers = np.random.default_rng(0).normal(size=65537)
    for number in range(_PASSES + _FINISH):
        check_stop()
        told(number / (_PASSES + 4))
        finishing = number >= _PASSES
        if number < _RELABELLED:
            _relabel(work, field, (0.5 if number == 0 else 0.1) * work.step)
        elif number < _BOLD:
            _relabel_round(work, field)
        wanted = 1.03 * FLOOR if finishing else _GOOD
        moves = Moves(
            reach=0.9 * work.step,
            floor=0.01 if number < _BOLD else 0.15,
            wanted=wanted if number > 2 else 0.0,
            tries=24 if number >= _BOLD else 9,
            even=number < _EVEN,
            loose=_LOOSE * work.step if finishing else 0.0,
        )
        only = None if moves.even else _off(work) | _thin(work, wanted)
        work.every_node(move_nodes, field, moves, np.roll(numbers, 7919 * number), only=only)
        work.place_regions(number)
        if number < _PASSES:
            work.everywhere(retreat, 0.1)
            work.everywhere(clear_way, field, moves.reach, 0.1)
            work.everywhere(split_nodes, field, moves.reach, 0.02)
            if number > 1:
                work.everywhere(merge_lost, 0.1)
            work.renew(number + 1)
        if number:
            work.everywhere(mend, wanted)
            work.renew(number)
        if finishing and worst_quality(work) >= FLOOR:
            break
    back = Moves(0.9 * work.step, FLOOR, 0.0, 0, False, 0.0)
    for _ in range(_BACK):
        work.every_node(move_nodes, field, back, numbers, only=_off(work))
    near = Moves(0.9 * work.step, FLOOR, 1.03 * FLOOR, 16, False, 0.0)
    for turn in range(2 * _BACK):
        work.place_regions(turn)
        work.everywhere(bring_back, field, near, np.roll(numbers, 7919 * turn))
    work.renew(0)


def coarsen_inside(work: Work, field: Field, inner_size: float) -> None:
    """Merge nodes inside cells, the farther the coarser, until no more edges may grow to `inner_size`."""
    numbers = np.random.default_rng(1).normal(size=65537)
    longest = min(inner_size, 2.5 * work.step)
    for number in range(_COARSENING):
        check_stop()
        merged = sum(work.everywhere(coarsen, float(np.sin(np.radians(16))), longest))
        work.renew(number + 1)
        moves = Moves(0.9 * work.step, FLOOR, _GOOD, 9, number % 4 == 3, 0.0)
        work.every_node(move_nodes, field, moves, numbers)
        if merged < 0.002 * work.used and longest == inner_size:
            break
        longest = min(inner_size, 1.15 * longest)


def _relabel(work: Work, field: Field, least: float) -> None:
    far = np.empty(len(work.mesh.nodes))
    over_ranges(distances, ranges(len(far), 2000), work.mesh, field, work.step, False, far)
    settled = np.zeros(work.used, bool)
    for turn in range(3):
        work.place_regions(turn)
        if not sum(work.everywhere(relabel, field, work.step, least, far, settled)):
            break


def _relabel_round(work: Work, field: Field) -> None:
    far = np.empty(len(work.mesh.nodes))
    over_ranges(distances, ranges(len(far), 2000), work.mesh, field, work.step, True, far)
    for turn in range(2):
        work.place_regions(turn)
        work.everywhere(relabel_round, field, work.step, far)


def _off(work: Work) -> np.ndarray:
    """Return which nodes are not on the boundary that they belong to."""
    return np.asarray((work.mesh.counts > 1) & ~work.mesh.reached)


def _thin(work: Work, wanted: float) -> np.ndarray:
    """Return which nodes are corners of elements that are worse than wanted."""
    found = np.zeros(len(work.mesh.nodes), bool)
    found[work.mesh.elements[: work.used][_qualities(work) < wanted]] = True
    return found


def _qualities(work: Work) -> np.ndarray:
    found = np.empty(work.used)
    over_ranges(qualities, ranges(work.used, 5000), work.mesh, found)
    return found


def worst_quality(work: Work) -> float:
    """Return the least quality of all elements."""
    return float(_qualities(work).min(initial=np.inf))
