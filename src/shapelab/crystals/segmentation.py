"""Grains of an EBSD map: regions of one phase whose neighbouring pixels differ by less than a misorientation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.arguments import checked
from shapelab.crystals.ebsd.scan import EbsdMap, to_standard_frame
from shapelab.crystals.orientation import colours_by_symmetry, mean_orientations, misorientation, to_euler
from shapelab.errors import InputError
from shapelab.limits import above, at_least
from shapelab.short_repr import short_repr
from shapelab.stopping import done_apart

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.convert.place import Place
    from shapelab.crystals.sample import GrainSample

__all__ = ["Grains", "find_grains", "grain_orientations", "segment_grains"]


@short_repr
@dataclass(frozen=True, eq=False)
class Grains:
    """Grains of a map; grain i has label i + 1."""

    labels: np.ndarray
    """Shape (H, W), of a stack (D, H, W); 0 where there is no grain."""
    phase: np.ndarray
    """Phase of each grain, shape (N,)."""
    orientations: np.ndarray
    """Mean orientation of each grain, shape (N, 4)."""
    scan: EbsdMap
    notes: tuple[str, ...] = ()
    """What became of pixels without a grain, in sentences."""

    def colours(self, direction: tuple[float, float, float] = (0, 0, 1)) -> np.ndarray:
        """Return the colours of the inverse pole figure, each grain by the symmetry of its phase, shape (N, 3)."""
        return colours_by_symmetry(self.standard_orientations(), self.symmetries(), direction)

    def standard_orientations(self) -> np.ndarray:
        """Return the orientations of crystals whose x axis is a (see `CrystalPhase.x_along`), shape (N, 4)."""
        turned = self.orientations.copy()
        for number in np.unique(self.phase):
            turned[self.phase == number] = to_standard_frame(turned[self.phase == number], self.scan.phase_of(number))
        return turned

    def symmetries(self) -> list[str]:
        """Return the crystal symmetry of each grain."""
        return [self.scan.phase_of(number).symmetry for number in self.phase]

    def place(self) -> Place:
        """Return where the pixels lie."""
        from shapelab.convert.place import Place

        return Place.of(self.scan.spacing, self.scan.origin, "um")

    def known(self) -> dict[str, Any]:
        """Return orientations (of crystals whose x axis is a), phases, their names and symmetries, as `GrainSample` takes them."""
        names = [self.scan.phase_of(number).name for number in self.phase]
        known = {"orientations": self.standard_orientations(), "phases": self.phase.tolist(), "phase_names": names}
        return known | {"symmetries": self.symmetries()}

    def sample(self) -> GrainSample:
        """Return the grains with their place, phases, orientations (of crystals whose x axis is a) and table, to be saved."""
        from shapelab.box import to_layer
        from shapelab.crystals.moments import label_moments
        from shapelab.crystals.report import worst_first
        from shapelab.crystals.sample import GrainSample
        from shapelab.crystals.saved_table import saved_table

        n = len(self.phase)
        moments = label_moments(self.labels - 1, np.arange(1, n + 1), self.scan.spacing)
        moments = replace(moments, centroids=to_layer(moments.centroids, self.scan.spacing))
        pixels = np.bincount(self.labels.ravel(), minlength=n + 1)[1:]
        report = worst_first(moments, np.zeros(n, int), np.zeros(n), pixels, [""] * n)
        known = self.known()
        table = saved_table(report[["id", "pixels", "aspect_ratio"]], moments, "um", known["orientations"], known["phases"])
        table.insert(list(table.columns).index("phase") + 1, "phase_name", [known["phase_names"][i - 1] for i in table["id"]])
        return GrainSample(self.labels, self.place(), table, **known)

    def boundaries(self) -> pd.DataFrame:
        """Return one row per boundary of two grains of one symmetry: grains, misorientation [degrees], length [µm] or area [µm²]."""
        import pandas as pd

        from shapelab.crystals.neighbours import boundary_misorientations

        standard = self.standard_orientations()
        pairs, angles, areas = boundary_misorientations(self.labels, standard, self.symmetries(), self.scan.spacing)
        size = "length (µm)" if self.labels.ndim == 2 else "area (µm²)"
        phases = {f"phase_{name}": self.phase[pairs[:, i] - 1] for i, name in enumerate("ab")}
        return pd.DataFrame(
            {"grain_a": pairs[:, 0], "grain_b": pairs[:, 1], **phases, "misorientation (deg)": np.rad2deg(angles), size: areas}
        )

    def table(self) -> pd.DataFrame:
        """Return one row per grain: index (the label), phase, its name, Euler angles [degrees], pixels, area [µm²] or volume."""
        import pandas as pd

        pixels = np.bincount(self.labels.ravel(), minlength=len(self.phase) + 1)[1:]
        euler = np.rad2deg(to_euler(self.orientations))
        return pd.DataFrame(
            {
                "index": np.arange(1, len(self.phase) + 1),
                "phase": self.phase,
                "phase_name": [self.scan.phase_of(number).name for number in self.phase],
                "phi1 (deg)": euler[:, 0],
                "Phi (deg)": euler[:, 1],
                "phi2 (deg)": euler[:, 2],
                "pixels": pixels,
                f"{'area (µm²)' if self.labels.ndim == 2 else 'volume (µm³)'}": pixels * float(np.prod(self.scan.spacing)),
            }
        )


@checked(threshold=above(0, 180), min_pixels=at_least(1))
@done_apart
def find_grains(scan: EbsdMap, threshold: float = 5.0, min_pixels: int = 10, fill: bool = True) -> Grains:
    """Return the grains of an EBSD map with their phases and mean orientations; see `segment_grains`."""
    labels = segment_grains(scan, threshold, min_pixels, fill)
    n = int(labels.max())
    phase = _grain_phases(scan, labels, n)
    notes = []
    unindexed = int(((scan.phase == 0) & _measured(scan)).sum())
    empty = int(((labels == 0) & _measured(scan)).sum())
    if unindexed:
        notes.append(f"{unindexed} pixels that were not indexed {'went to their nearest grain' if fill else 'are background'}.")
    if empty and (fill or empty > unindexed):
        kind = "of grains smaller than the limit, beside another phase," if fill else "of grains smaller than the limit"
        notes.append(f"{empty - (0 if fill else unindexed)} pixels {kind} are background.")
    return Grains(labels, phase, grain_orientations(scan, labels), scan, tuple(notes))


@checked(threshold=above(0, 180), min_pixels=at_least(1))
@done_apart
def segment_grains(scan: EbsdMap, threshold: float = 5.0, min_pixels: int = 10, fill: bool = True) -> np.ndarray:
    """Return the grains of an EBSD map as a label image, the pixels' rows and columns as in the map.

    Parameters
    ----------
    scan
        The map. Pixels of different phases never belong together; each phase is compared by its own symmetry.
    threshold
        Pixels that differ by less [degrees] belong together; twins and subgrains separate at small values.
    min_pixels
        Smaller grains are removed.
    fill
        Give unindexed pixels to the nearest grain, and removed ones to the nearest grain of their phase if no other phase
        is nearer; otherwise they get label 0. What was not measured always has label 0.

    Raises
    ------
    InputError
        If no grain is left.
    """
    indexed = scan.phase > 0
    region = _regions(scan, np.deg2rad(threshold))
    size = np.bincount(region[indexed], minlength=region.max() + 1)
    kept = indexed & (size[region] >= min_pixels)
    if not kept.any():
        raise InputError(f"No grain has {min_pixels} pixels or more: lower min_pixels or raise the threshold of {threshold:g} degrees.")
    labels = np.zeros(indexed.shape, np.int32)
    labels[kept] = np.unique(region[kept], return_inverse=True)[1] + 1
    return _filled(scan, labels) if fill else labels


@checked()
def grain_orientations(scan: EbsdMap, labels: np.ndarray) -> np.ndarray:
    """Return the mean orientation of each label 1, 2, 3… of `segment_grains`, shape (N, 4).

    Of each label the pixels of its commonest phase count.
    """
    if labels.shape != scan.phase.shape:
        raise InputError(f"The labels have shape {labels.shape} and the map {scan.phase.shape}: they must be equal.")
    n = int(labels.max())
    phases = _grain_phases(scan, labels, n)
    mean = np.zeros((n, 4))
    own = np.concatenate([[0], phases])[labels]
    for number in np.unique(phases):
        phase = scan.phase_of(number)
        inside = (labels > 0) & (scan.phase == number) & (own == number)
        ids, index = np.unique(labels[inside], return_inverse=True)
        turned = to_standard_frame(scan.orientations[inside], phase)
        mean[ids - 1] = to_standard_frame(mean_orientations(turned, index, len(ids), phase.symmetry), phase, back=True)
    return mean


def _grain_phases(scan: EbsdMap, labels: np.ndarray, n: int) -> np.ndarray:
    """Return the commonest phase of each label."""
    inside = (labels > 0) & (scan.phase > 0)
    numbers = scan.numbers
    votes = np.stack([np.bincount(labels[inside & (scan.phase == number)], minlength=n + 1)[1:] for number in numbers])
    empty = votes.sum(0) == 0
    if empty.any():
        raise InputError(f"Label {int(np.argmax(empty)) + 1} has no indexed pixel: labels must be 1, 2, 3… without gaps.")
    commonest: np.ndarray = np.asarray(numbers)[votes.argmax(0)]
    return commonest


def _measured(scan: EbsdMap) -> np.ndarray:
    return np.ones(scan.phase.shape, bool) if scan.measured is None else scan.measured


def _regions(scan: EbsdMap, threshold: float) -> np.ndarray:
    """Return the number of each pixel's connected region: neighbours of one phase that differ by less than the threshold."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number = np.arange(scan.phase.size).reshape(scan.phase.shape)
    rows, columns = [], []
    for k in scan.numbers:
        phase = scan.phase_of(k)
        orientations = to_standard_frame(scan.orientations, phase)
        for axis in range(scan.phase.ndim):
            a, b = _neighbours(axis, scan.phase.ndim)
            same = (scan.phase[a] == k) & (scan.phase[b] == k)
            close = misorientation(orientations[a][same], orientations[b][same], phase.symmetry) < threshold
            rows.append(number[a][same][close])
            columns.append(number[b][same][close])
    i, j = (np.concatenate(found) if found else np.zeros(0, int) for found in (rows, columns))
    graph = coo_array((np.ones(len(i), bool), (i, j)), shape=(number.size, number.size))
    return np.asarray(connected_components(graph, directed=False)[1]).reshape(scan.phase.shape)


def _neighbours(axis: int, ndim: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    before, behind = (slice(None),) * axis, (slice(None),) * (ndim - axis - 1)
    return (*before, slice(None, -1), *behind), (*before, slice(1, None), *behind)


def _filled(scan: EbsdMap, labels: np.ndarray) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    nearest = tuple(distance_transform_edt(labels == 0, sampling=scan.spacing, return_distances=False, return_indices=True))
    same = (scan.phase == 0) | (scan.phase == scan.phase[nearest])
    filled: np.ndarray = np.where(_measured(scan) & same, labels[nearest], 0).astype(labels.dtype)
    return filled
