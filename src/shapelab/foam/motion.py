"""One step of a foam: smooth the cells, let them compete for the pixels, keep their volumes.

Threshold dynamics (S. Esedoglu and F. Otto, Comm. Pure Appl. Math. 68, 808 (2015)) in which a pixel keeps the fraction of
every cell, so that interfaces move by less than a pixel, and with a price for each cell that keeps its volume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.foam.boxes import Boxes
from shapelab.foam.candidates import count_candidates, fill_candidates, weigh_candidates
from shapelab.foam.fragments import given_away, strays
from shapelab.foam.partition import exclude, share_pixels, store_pixels
from shapelab.foam.pixels import Extent, Pixels, row_ranges
from shapelab.foam.prices import Shared, reach_volumes
from shapelab.foam.resolution import RAMP, Resolution
from shapelab.foam.spreading import MOST
from shapelab.threads import over_ranges, ranges

__all__ = ["Forces", "Measured", "measure", "move"]

_MARGIN = 6.0
"""How much dearer than the best a candidate may be, in slopes times the largest tension."""
_LARGEST_PRICE = 0.6
"""In units of the smallest tension."""
_MOST_TILT = 0.06
"""Largest gain by which a cell that moves is tilted, in units of the mean tension."""
_POINTS = {2: 6, 3: 3}
_LEAST_BAND = 256
_REPAIRS = 4
"""How often pieces that came off are given away within a step."""


@dataclass(frozen=True)
class Forces:
    """What drives the interfaces; K cells with the medium in row 0."""

    kinds: np.ndarray
    """(K,) int32 row of each cell in `table`."""
    table: np.ndarray
    """(T, T) tension between cells of two kinds, two different cells of one kind on the diagonal."""
    metric: bool
    """Whether no way round by a third kind is as cheap: see `shapelab.foam.tensions`."""
    groups: np.ndarray
    """(K,) int32 population of each cell, for contact areas; 0 for the medium."""
    targets: np.ndarray
    """(K,) wanted volumes [pixels]; NaN where a cell may have any, and for the medium."""
    tilts: np.ndarray
    """(K, 3) gain per pixel along each axis by which a cell moves; empty without motility."""
    medium: bool
    """Whether there is a medium."""


@dataclass(frozen=True)
class Measured:
    """Sums over the interfaces, in pixels: times `Resolution.area_factor` they are areas."""

    surfaces: np.ndarray
    """(K,) of each cell."""
    energy: float
    """Weighted by the tensions."""
    contacts: np.ndarray
    """(G, G) between populations."""


@dataclass
class _Contest:
    """Which pixels are whole, and what is needed to list the candidates of the others."""

    owner: np.ndarray
    counts: np.ndarray
    bands: np.ndarray
    entries: np.ndarray
    boxes: Boxes
    smoothed: np.ndarray
    measured: Measured


def measure(pixels: Pixels, extent: Extent, forces: Forces, resolution: Resolution) -> Measured:
    """Return the sums over the interfaces as they are."""
    return _contest(pixels, extent, forces, resolution).measured


def move(
    pixels: Pixels, extent: Extent, prices: np.ndarray, forces: Forces, resolution: Resolution, points: int = 0
) -> tuple[Pixels, np.ndarray, Measured, int]:
    """Take one step; what comes off a cell is given to its neighbours, and the volumes are made right again.

    Parameters
    ----------
    pixels, extent
        The cells, and how far they reach.
    prices
        (K,) of the last step.
    forces
        Tensions, volumes and motility.
    resolution
        Kernel and ramp.
    points
        Samples of the window along each axis where three cells meet; 0 for 6 in a plane and 3 in space.

    Returns
    -------
    pixels, prices, measured, returned
        The new cells and prices; the sums, which are those before the step; and how many pixels went to neighbours.
    """
    contest = _contest(pixels, extent, forces, resolution)
    candidates = _candidates(contest, pixels, extent, forces, prices, resolution)
    k, owner = len(prices), contest.owner
    flat = bool(pixels.shape[0] == 1)
    samples = points or _POINTS[2 if flat else 3]
    parts = ranges(len(candidates.kept), _LEAST_BAND)
    shares = np.empty(len(candidates.who), np.float32)

    def share(wanted: np.ndarray) -> Shared:
        n = len(candidates.kept)
        volumes = np.zeros((len(parts), k))
        stiffness, one, other = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
        steepness = resolution.slope, resolution.least_slope
        given = candidates.lists, forces.kinds, forces.table, wanted, RAMP, *steepness, samples, flat
        over_ranges(share_pixels, parts, *given[0], *given[1:], shares, volumes, stiffness, one, other)
        whole = np.bincount(owner[owner >= 0], minlength=k)
        return Shared(whole + volumes.sum(axis=0), stiffness, one, other)

    strongest, weakest, _ = _strengths(forces.table)
    wanted = np.where(np.isnan(forces.targets), 0, forces.targets)
    kept = (forces.targets > 0) & (extent.volumes > 0)
    slope, limit = resolution.slope * strongest, _LARGEST_PRICE * weakest
    prices = np.where(forces.targets == 0, -limit, prices)  # the last pixels of a cell that leaves go at once
    returned = 0
    for repair in range(_REPAIRS + 1):
        prices, _ = reach_volumes(share, prices, wanted, extent.volumes, kept, slope=slope, limit=limit)
        moved = _stored(pixels, owner, candidates, shares)
        stray = strays(moved, k) if repair < _REPAIRS else None
        if stray is None:
            break
        returned += int(stray.sum())
        places = np.flatnonzero(stray)
        losers, heirs = moved.rows().ravel()[places], given_away(moved, stray).rows().ravel()[places]
        exclude(places, losers, heirs, owner, *candidates.lists)
    return moved, prices, contest.measured, returned


@dataclass(frozen=True)
class _Candidates:
    firsts: np.ndarray
    kept: np.ndarray
    who: np.ndarray
    level: np.ndarray
    slopes: np.ndarray

    @property
    def lists(self) -> tuple[np.ndarray, ...]:
        return self.firsts, self.kept, self.who, self.level, self.slopes


def _contest(pixels: Pixels, extent: Extent, forces: Forces, resolution: Resolution) -> _Contest:
    boxes, bounds, n = Boxes(pixels, extent, resolution), row_ranges(pixels.shape), len(pixels.codes)
    smoothed, inner = boxes.smoothed(pixels, resolution)
    best, total = np.empty(n, np.float32), np.empty(n, np.float32)
    owner, counts = np.empty(n, np.int32), np.empty(n, np.uint8)
    bands, entries = np.zeros(len(bounds), np.int64), np.zeros(len(bounds), np.int64)
    groups = int(forces.groups.max()) + 1
    energies, contacts = np.zeros(len(bounds)), np.zeros((len(bounds), groups, groups))
    given = *boxes.place, smoothed, pixels.codes, pixels.cells, pixels.fractions, forces.kinds, forces.table, forces.groups
    found = best, total, owner, counts, bands, entries, energies, contacts
    over_ranges(count_candidates, bounds, pixels.shape, pixels.periodic, forces.medium, *given, *found)
    areas = contacts.sum(axis=0)
    areas = 0.5 * (areas + areas.T)
    areas[np.diag_indices(groups)] *= 0.5  # there both cells of a pair count
    measured = Measured(extent.volumes - inner, 0.5 * float(energies.sum()), areas)
    return _Contest(owner, counts, bands, entries, boxes, smoothed, measured)


def _candidates(
    contest: _Contest, pixels: Pixels, extent: Extent, forces: Forces, prices: np.ndarray, resolution: Resolution
) -> _Candidates:
    starts = np.concatenate([[0], np.cumsum(contest.bands)])
    entry_starts = np.concatenate([[0], np.cumsum(contest.entries)])
    band, size = int(starts[-1]), int(entry_starts[-1])
    where, firsts, kept = np.empty(band, np.int64), np.empty(band, np.int64), np.empty(band, np.int32)
    who, level, slopes = np.empty(size, np.int32), np.empty(size, np.float32), np.empty((size, 3), np.float32)
    tilts = forces.tilts if len(forces.tilts) else np.zeros((0, 3))
    tilt = np.empty(size if len(tilts) else 0, np.float32)
    strongest, _, mean = _strengths(forces.table)
    over_ranges(
        fill_candidates,
        row_ranges(pixels.shape),
        *(pixels.shape, pixels.periodic, *contest.boxes.place, contest.smoothed, contest.counts, contest.owner),
        *(starts, entry_starts, tilts, extent.centres, _MOST_TILT * mean, where, firsts, kept, who, level, slopes, tilt),
    )
    over_ranges(
        weigh_candidates,
        ranges(band, _LEAST_BAND),
        *(where, contest.counts, firsts, kept, who, level, slopes, tilts, tilt),
        *(forces.kinds, forces.table, forces.metric, prices, _MARGIN * resolution.slope * strongest),
    )
    return _Candidates(firsts, kept, who, level, slopes)


def _strengths(table: np.ndarray) -> tuple[float, float, float]:
    """Return the largest, smallest and mean tension above 0."""
    values = table[table > 0]
    return float(values.max()), float(values.min()), float(values.mean())


def _stored(pixels: Pixels, owner: np.ndarray, candidates: _Candidates, shares: np.ndarray) -> Pixels:
    bounds, nx = row_ranges(pixels.shape), int(pixels.shape[2])
    counted, codes = np.zeros(len(bounds), np.int64), np.empty(len(owner), np.int32)
    none, nothing = np.zeros((0, MOST), np.int32), np.zeros((0, MOST), np.float32)
    given = nx, owner, candidates.firsts, candidates.kept, candidates.who, shares
    over_ranges(store_pixels, bounds, *given, counted, True, codes, none, nothing, counted)
    starts = np.concatenate([[0], np.cumsum(counted)])
    cells, fractions = np.empty((int(starts[-1]), MOST), np.int32), np.empty((int(starts[-1]), MOST), np.float32)
    over_ranges(store_pixels, bounds, *given, starts, False, codes, cells, fractions, counted)
    return Pixels(pixels.shape, pixels.periodic, codes, cells, fractions)
