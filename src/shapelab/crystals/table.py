"""Grain tables: one row per grain with centroid, semi-axes, angle and area, as EBSD programs export them."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shapelab.arguments import checked
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.ebsd.text import decoded
from shapelab.crystals.moments import Moments
from shapelab.crystals.orientation import from_euler
from shapelab.crystals.population import Population
from shapelab.crystals.table_columns import Columns, read_columns
from shapelab.crystals.table_units import in_degrees, in_one_unit
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.presence import is_file
from shapelab.short_repr import short_repr

__all__ = ["GrainTable", "read_grain_table"]

_LARGEST = 1_000_000_000
"""Bytes that a packed table may unpack to."""


@short_repr
@dataclass(frozen=True, eq=False)
class GrainTable:
    """Ellipses of the grains of a plane section."""

    centroids: np.ndarray
    """(y, x), shape (N, 2) [physical unit]."""
    semi_axes: np.ndarray
    """(long, short), shape (N, 2) [physical unit]."""
    angles: np.ndarray
    """Angle of the long axis from x towards y [rad], shape (N,)."""
    areas: np.ndarray
    """Shape (N,) [physical unit squared]."""
    colours: np.ndarray | None = None
    """Colours of the inverse pole figure, RGB in 0 to 1, shape (N, 3)."""
    notes: tuple[str, ...] = ()
    """What was detected and changed on reading, in sentences."""
    ids: np.ndarray | None = None
    """The grains' own numbers, where the table has them, shape (N,)."""
    phases: np.ndarray | None = None
    """Phase of each grain, where the table has it, shape (N,)."""
    orientations: np.ndarray | None = None
    """Crystal orientations, unit quaternions (x, y, z, w), where the table has Euler angles, shape (N, 4)."""

    def __len__(self) -> int:
        return len(self.areas)

    def moments(self, origin: tuple[float, float] = (0.0, 0.0)) -> Moments:
        """Return the moments of the ellipses, positions (y, x) counted from `origin`."""
        along = np.stack([np.sin(self.angles), np.cos(self.angles)], 1)
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        long, short = (self.semi_axes**2 / 4).T[..., None, None]
        covariances = long * along[:, :, None] * along[:, None] + short * across[:, :, None] * across[:, None]
        return Moments(np.arange(1, len(self) + 1), self.areas, self.centroids - np.array(origin), covariances)

    def population(self) -> Population:
        """Return sizes and shapes, to generate samples like this one."""
        return Population.of(self.moments())

    def diagram(self, origin: tuple[float, float] = (0.0, 0.0), normalised: bool = False) -> Diagram:
        """Return the anisotropic power diagram of the ellipses.

        Parameters
        ----------
        origin
            Corner (y, x) of the domain in the table's coordinates.
        normalised
            False: matrices with the ellipses' own size and equal weights. True: det A = 1 with the weights of Teferra and
            Rowenhorst (2018), w = area / pi, whose level sets are the ellipses too; what exact volumes start from.
        """
        moments = self.moments(origin)
        matrices, weights = moments.anisotropies, np.ones(len(self))
        if normalised:
            size = np.sqrt(np.linalg.det(matrices))
            matrices, weights = matrices / size[:, None, None], self.areas / np.pi
        return Diagram.from_ellipsoids(moments.centroids, matrices, weights, moments.radii, moments.ids)

    def coverage(self, domain_area: float) -> tuple[float, str]:
        """Return the areas' sum over the domain's, and a sentence that says whether they fill it."""
        ratio = float(self.areas.sum() / domain_area)
        if abs(ratio - 1) < 0.01:
            return ratio, "The areas fill the domain."
        word = "less" if ratio < 1 else "more"
        sum_up = f"The areas add up to {100 * ratio:.1f} % of the domain, {word} than it"
        return ratio, f"{sum_up}: they are scaled to fill it when volumes are exact."


@checked()
def read_grain_table(path: str | Path) -> GrainTable:
    """Read a grain table: text with a line of column names, columns separated by semicolons, tabs, commas or blanks.

    Needed are the centroid (X_1, X_2 or x, y), semi-axes a and b, and theta; area, id, phase and Euler angles are optional. Names
    may have units behind them: "x (µm)", "theta [deg]". Angles in degrees and full instead of semi-axes are detected,
    converted, and said in `notes`; so are columns whose units differ.

    Parameters
    ----------
    path
        The file, UTF-8, UTF-16 or Latin-1, with decimal points or commas; `.gz` is unpacked.

    Raises
    ------
    InputError
        If columns are missing, not numbers, or not positive, or some are in pixels and others in a unit of length.
    """
    path = Path(path)
    if not is_file(path):
        raise InputError(f"There is no file {path}.")
    require_memory(path.stat().st_size * 10)
    columns = read_columns(path.name, decoded(_unpacked(path)))
    return _table(path.name, columns)


def _unpacked(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as stream:
            raw = stream.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path.name} cannot be unpacked: it is damaged.") from error
    if len(raw) > _LARGEST:
        raise InputError(f"{path.name} unpacks to more than {_LARGEST / 1e9:g} GB: that is no grain table.")
    return raw


def _table(name: str, table: Columns) -> GrainTable:
    columns, notes = in_one_unit(name, table)
    crystal: dict[str, np.ndarray] = {str(key): columns.pop(key) for key in ("id", "phase", "phi1", "phi", "phi2") if key in columns}
    for key, values in columns.items():
        if not np.isfinite(values).all():
            raise InputError(f"{name}: the column {key} has a value that is not a number in row {int(np.argmin(np.isfinite(values))) + 1}.")
        if np.abs(values).max() > 1e12:
            raise InputError(f"{name}: the column {key} has the value {values[np.abs(values).argmax()]:g}, which is not of a grain.")
    for key in ("a", "b", "area"):
        if key in columns and not (columns[key] > 1e-12).all():
            raise InputError(f"{name}: the column {key} must be positive; row {int(np.argmin(columns[key] > 1e-12)) + 1} is not.")
    axes = np.stack([columns["a"], columns["b"]], 1)
    angles, unit = columns["theta"], table.units.get("theta", "")
    if unit.startswith(("deg", "°")) or (not unit.startswith("rad") and np.abs(angles).max() > 2 * np.pi + 0.01):
        angles = np.deg2rad(angles)
        if not unit:
            notes.append(f"The angles reach {np.abs(columns['theta']).max():.4g}, so they were read as degrees.")
    areas = columns.get("area")
    if areas is None:
        areas = np.pi * axes.prod(1)
        notes.append("There is no column of areas: the ellipses' areas are used.")
    elif 3.6 < float(np.median(np.pi * axes.prod(1) / areas)) < 4.4:
        axes = axes / 2
        notes.append("The axes' ellipses have four times the areas, so they were read as full axes and halved.")
    if (axes[:, 0] < axes[:, 1]).any():
        swapped = axes[:, 0] < axes[:, 1]
        angles = np.where(swapped, angles + np.pi / 2, angles)
        axes = np.sort(axes, axis=1)[:, ::-1]
        notes.append(f"In {int(swapped.sum())} rows a is shorter than b: they were exchanged, with their direction.")
    colours = np.stack([columns[c] for c in ("red", "green", "blue")], 1) if {"red", "green", "blue"} <= set(columns) else None
    centroids = np.stack([columns["y"], columns["x"]], 1)
    return GrainTable(centroids, axes, angles, areas, colours, tuple(notes), **_crystals(crystal, table.units))


def _crystals(columns: dict[str, np.ndarray], units: dict[str, str]) -> dict[str, np.ndarray]:
    """Return numbers, phases and orientations of the grains, as far as their columns are complete."""
    found: dict[str, np.ndarray] = {}
    for key, name in (("id", "ids"), ("phase", "phases")):
        values = columns.get(key)
        if values is not None and np.isfinite(values).all() and (np.abs(values) < 2**53).all() and (values == np.round(values)).all():
            found[name] = values.astype(np.int64)
    if {"phi1", "phi", "phi2"} <= set(columns):
        euler, degrees = in_degrees(columns, units)
        if np.isfinite(euler).all() and (np.abs(euler) <= (721 if degrees else 12.6)).all():
            found["orientations"] = from_euler(euler, degrees=degrees)
    return found
