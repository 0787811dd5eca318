"""Grain tables: one row per grain with centroid, semi-axes, angle and area, as EBSD programs export them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shapelab.crystals.diagram import Diagram
from shapelab.crystals.moments import Moments
from shapelab.crystals.population import Population
from shapelab.errors import InputError

__all__ = ["GrainTable", "read_grain_table"]

COLUMNS = {
    "x": ("x_1", "x", "cx", "centroid_x", "x_centroid"),
    "y": ("x_2", "y", "cy", "centroid_y", "y_centroid"),
    "a": ("a", "semi_major", "major", "long_axis"),
    "b": ("b", "semi_minor", "minor", "short_axis"),
    "theta": ("theta", "angle", "omega", "orientation"),
    "area": ("area", "areas", "grain_area"),
    "red": ("r", "red", "grain_color_map_1"),
    "green": ("g", "green", "grain_color_map_2"),
    "blue": ("blue", "grain_color_map_3"),
}
"""What a column may be called, in lower case."""


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
        return ratio, f"The areas add up to {ratio:.1%} of the domain, {word} than it: they are scaled to fill it when volumes are exact."


def read_grain_table(path: str | Path) -> GrainTable:
    """Read a grain table: text with a header line, columns separated by spaces, tabs, commas or semicolons.

    Needed are the centroid (X_1, X_2 or x, y), semi-axes a and b, and theta; the area is optional. Angles in degrees and
    full instead of semi-axes are detected, converted, and said in `notes`.

    Parameters
    ----------
    path
        The file; `.gz` is unpacked.

    Raises
    ------
    InputError
        If columns are missing, not numbers, or not positive.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace").splitlines()
    if len(lines) < 2:
        raise InputError(f"{path.name} needs a line of column names and one row per grain.")
    names = lines[0].lstrip("#").replace(",", " ").replace(";", " ").split()
    rows = [line.replace(",", " ").replace(";", " ").split() for line in lines[1:] if line.strip() and not line.startswith("#")]
    uneven = next((i for i, row in enumerate(rows) if len(row) != len(names)), None)
    if uneven is not None:
        raise InputError(f"{path.name}: row {uneven + 1} has {len(rows[uneven])} values and the header names {len(names)} columns.")
    frame = pd.DataFrame(rows, columns=[name.strip("'\"").lower() for name in names]).apply(pd.to_numeric, errors="coerce")
    found = {key: next((name for name in known if name in frame), None) for key, known in COLUMNS.items()}
    missing = [key for key in ("x", "y", "a", "b", "theta") if found[key] is None]
    if missing:
        wanted = "; ".join(f"{key} ({' or '.join(COLUMNS[key])})" for key in missing)
        raise InputError(f"{path.name} lacks the columns {wanted}; it has {', '.join(frame.columns)}.")
    return _table(path.name, {key: frame[name].to_numpy(float) for key, name in found.items() if name is not None})


def _table(name: str, columns: dict[str, np.ndarray]) -> GrainTable:
    for key, values in columns.items():
        if not np.isfinite(values).all():
            raise InputError(f"{name}: the column {key} has a value that is not a number in row {int(np.argmin(np.isfinite(values))) + 1}.")
    for key in ("a", "b", "area"):
        if key in columns and not (columns[key] > 0).all():
            raise InputError(f"{name}: the column {key} must be positive; row {int(np.argmin(columns[key] > 0)) + 1} is not.")
    notes = []
    axes = np.stack([columns["a"], columns["b"]], 1)
    angles = columns["theta"]
    if np.abs(angles).max() > 2 * np.pi + 0.01:
        angles = np.deg2rad(angles)
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
    return GrainTable(np.stack([columns["y"], columns["x"]], 1), axes, angles, areas, colours, tuple(notes))
