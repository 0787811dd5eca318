"""Points onto square pixels, by their x and y: in any order, with gaps, cut from larger maps, on hexagonal grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.crystals.ebsd.lattice import NotALatticeError, axis_indices, usable_step
from shapelab.crystals.ebsd.points import Header, Points, Position
from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["Grid", "place"]

_EMPTIEST = 50
"""Pixels of the box per point; more are a damaged coordinate."""
_BYTES = 100
"""Memory per pixel while a map is made."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Which point each pixel shows."""

    point: np.ndarray
    """Number of the point, -1 where there is none, shape (H, W)."""
    spacing: tuple[float, float]
    origin: tuple[float, float]
    """Place (y, x) of the first pixel's centre."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Lattice:
    """Row and column of each point."""

    row: np.ndarray
    column: np.ndarray
    spacing: tuple[float, float]
    origin: tuple[float, float]
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.row.max()) + 1, int(self.column.max()) + 1


def place(points: Points) -> Grid:
    """Lay the points of a file on a grid of square pixels.

    Raises
    ------
    InputError
        If the points are not on a grid, two share a place, or some are missing at the end.
    """
    lattice = _lattice(points)
    if lattice is None:
        lattice = _in_file_order(points)
    height, width = lattice.shape
    if height * width > max(_EMPTIEST * len(points.phase), 10_000):
        raise InputError(
            f"{points.name}: the {len(points.phase)} points are spread over {height} x {width} pixels: an x or y of the file is damaged."
        )
    require_memory(height * width * _BYTES)
    _refuse_shared_places(points.name, lattice)
    if _alternating(lattice.row, lattice.column):
        return _resampled(points, lattice)
    notes = [*lattice.notes, *_checked(points, lattice)]
    point = np.full((height, width), -1, np.int64)
    point[lattice.row, lattice.column] = np.arange(len(points.phase))
    return Grid(point, lattice.spacing, lattice.origin, tuple(notes))


def _lattice(points: Points) -> _Lattice | None:
    """Return rows and columns by the first coordinates that make a grid, None if the file has no coordinates."""
    problem: InputError | None = None
    for position in points.positions:
        if np.ptp(position.x) == 0 and np.ptp(position.y) == 0 and len(position.x) > 1:
            continue  # never filled in
        try:
            return _of_position(points, position)
        except InputError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return None


def _of_position(points: Points, position: Position) -> _Lattice:
    header, notes = points.header, []
    stated = [usable_step(header.y_step), usable_step(header.x_step)]
    found: list[tuple[np.ndarray, float | None]] = []
    for axis, values, step in zip("yx", (position.y, position.x), stated, strict=True):
        values = np.asarray(values, float)
        if not np.isfinite(values).all():
            raise InputError(f"{points.name}: {axis} of point {int(np.argmin(np.isfinite(values))) + 1} is not a number.")
        try:
            found.append(axis_indices(values, step if position.micrometres else None))
        except NotALatticeError as error:
            at = int(np.argmax(values == error.value)) + 1
            raise InputError(f"{points.name}: {axis} = {error.value:g} of point {at} is not on the grid of the others.") from None
    counted = _counts_pixels([step for _, step in found], position, stated)
    lengths = position.micrometres and not counted
    steps = [own if lengths else said for (_, own), said in zip(found, stated, strict=True)]
    steps = [step or other for step, other in zip(steps, steps[::-1], strict=True)]
    if steps[0] is None or steps[1] is None:
        raise InputError(f"{points.name} does not state the step of its grid in y and x, and its coordinates do not tell it.")
    (row, y_gap), (column, x_gap) = found
    if not lengths and _alternating(row, column):
        steps[1] /= 2  # rows are shifted by half a step, and the numbers count halves
    for axis, step, said in (("y", steps[0], header.y_step), ("x", steps[1], header.x_step)):
        if said is not None and (usable_step(said) is None or not _agree(said, step, header.hexagonal)):
            notes.append(f"The header's step in {axis} is {said:g}, the points are {step:g} apart: the latter was used.")
    if counted:
        notes.append("x and y in the file count pixels: the header's step was used.")
    units = (1.0 if lengths else steps[0] * (y_gap == 1), 1.0 if lengths else steps[1] * (x_gap == 1))
    origin = (float(np.min(position.y) * units[0]), float(np.min(position.x) * units[1]))
    return _Lattice(row, column, (float(steps[0]), float(steps[1])), origin, tuple(notes))


def _counts_pixels(steps: list[float | None], position: Position, stated: list[float | None]) -> bool:
    """Return whether coordinates said to be lengths are numbers of pixels: 0, 1, 2… along both axes, where the header has another step."""
    ones = all(step == 1 for step in steps) and all((values == np.round(values)).all() for values in (position.y, position.x))
    return position.micrometres and ones and all(said is not None and abs(said - 1) > 0.02 for said in stated)


def _agree(stated: float, step: float, hexagonal: bool) -> bool:
    return abs(stated - step) <= 0.02 * step or (hexagonal and abs(stated - 2 * step) <= 0.04 * step)


def _in_file_order(points: Points) -> _Lattice:
    """Return rows and columns for a file without coordinates: row by row, as the header states."""
    header, n = points.header, len(points.phase)
    missing = [key for key in ("rows", "columns", "y_step", "x_step") if getattr(header, key) is None]
    if missing:
        said = ", ".join(key.replace("_", " ") for key in missing)
        raise InputError(f"{points.name} does not state {said} of its map, and its points have no x and y.")
    spacing = usable_step(header.y_step), usable_step(header.x_step)
    if spacing[0] is None or spacing[1] is None:
        raise InputError(f"{points.name} states steps of {header.y_step:g} and {header.x_step:g}: they must be more than 0.")
    assert header.rows is not None
    assert header.columns is not None
    if header.rows < 1 or header.columns < 1:
        raise InputError(f"{points.name} announces {header.rows} x {header.columns} pixels: it is damaged.")
    if header.hexagonal:
        return _hexagonal_order(points, spacing[0], spacing[1])
    if header.rows * header.columns != n:
        raise InputError(_incomplete(points.name, header.rows, header.columns, n))
    number = np.arange(n)
    return _Lattice(number // header.columns, number % header.columns, (spacing[0], spacing[1]), (0.0, 0.0), ())


def _hexagonal_order(points: Points, y_step: float, x_step: float) -> _Lattice:
    header, n = points.header, len(points.phase)
    rows, odd = int(header.rows or 0), int(header.columns or 0)
    for even in (odd, odd - 1) if header.even_columns is None else (header.even_columns,):
        if (rows + 1) // 2 * odd + rows // 2 * even == n:
            lengths = np.where(np.arange(rows) % 2, even, odd)
            row = np.repeat(np.arange(rows), lengths)
            column = 2 * (np.arange(n) - np.repeat(np.cumsum(lengths) - lengths, lengths)) + row % 2
            return _Lattice(row, column, (y_step, x_step / 2), (0.0, 0.0), ())
    raise InputError(_incomplete(points.name, rows, odd, n))


def _incomplete(name: str, rows: int, columns: int, n: int) -> str:
    return f"{name} announces {rows} x {columns} pixels and holds {n}: the file is incomplete."


def _refuse_shared_places(name: str, lattice: _Lattice) -> None:
    place = lattice.row * lattice.shape[1] + lattice.column
    order = np.argsort(place, kind="stable")
    same = np.flatnonzero(np.diff(place[order]) == 0)
    if len(same):
        first, second = sorted((int(order[same[0]]) + 1, int(order[same[0] + 1]) + 1))
        raise InputError(f"{name}: points {first} and {second} lie at the same place: a map has one point per pixel.")


def _checked(points: Points, lattice: _Lattice) -> list[str]:
    """Return what is to be said of the grid's extent; refuse one that was cut off or that its header contradicts."""
    n, (height, width) = len(points.phase), lattice.shape
    rows, columns = _stated_shape(points.header, height, width)
    if height > rows or width > columns:
        if n < height * width:
            raise InputError(
                f"{points.name} announces {rows} x {columns} pixels and its x and y reach over {height} x {width}: one of them is damaged."
            )
        return [f"The header announces {rows} x {columns} pixels, the points fill {height} x {width}: the latter was used."]
    number = np.arange(n)
    by_rows = np.array_equal(lattice.row * columns + lattice.column, number)
    by_columns = np.array_equal(lattice.column * rows + lattice.row, number)
    at_start = points.header.rows is None or max(abs(lattice.origin[0]), abs(lattice.origin[1])) < 0.5 * min(lattice.spacing)
    if n < rows * columns and at_start and (by_rows or by_columns):
        raise InputError(_incomplete(points.name, rows, columns, n))
    if n < height * width:
        return [f"{height * width - n} of the {height} x {width} pixels have no point: they are background."]
    return [] if (height, width) == (rows, columns) else [f"A part of {height} x {width} pixels of a map of {rows} x {columns}."]


def _stated_shape(header: Header, height: int, width: int) -> tuple[int, int]:
    return (height if header.rows is None else header.rows), (width if header.columns is None else header.columns)


def _alternating(row: np.ndarray, column: np.ndarray) -> bool:
    """Return whether every second place is empty, as on a chessboard: rows are shifted by half a step."""
    parity = (row + column) % 2
    return bool(len(parity) > 2 and (parity == parity[0]).all() and np.ptp(column) > 0 and np.ptp(row) > 0)


def _resampled(points: Points, lattice: _Lattice) -> Grid:
    """Return square pixels as wide as the distance of two points: each takes its nearest point."""
    from scipy.spatial import cKDTree

    _refuse_cut_hexagons(points, lattice)
    step = 2 * min(lattice.spacing)
    order = np.lexsort((lattice.column, lattice.row))  # so that ties do not depend on the order of the file
    y, x = lattice.row[order] * lattice.spacing[0], lattice.column[order] * lattice.spacing[1]
    height, width = int(y.max() / step + 1e-6) + 1, int(x.max() / step + 1e-6) + 1
    centres = np.stack(np.meshgrid(np.arange(height) * step, np.arange(width) * step, indexing="ij"), -1)
    distance, nearest = cKDTree(np.stack([y, x], 1)).query(centres.reshape(-1, 2))
    point = np.where(distance < 0.75 * step, order[nearest], -1).reshape(height, width)
    note = "The hexagonal grid was resampled to square pixels: each takes its nearest point."
    return Grid(point, (step, step), lattice.origin, (note, *lattice.notes))


def _refuse_cut_hexagons(points: Points, lattice: _Lattice) -> None:
    header, n = points.header, len(points.phase)
    if header.rows is None or header.columns is None:
        return
    even = header.columns - 1 if header.even_columns is None else header.even_columns
    announced = (header.rows + 1) // 2 * header.columns + header.rows // 2 * even
    in_order = bool((np.diff(lattice.row) >= 0).all())
    whole_rows = len(set(np.bincount(lattice.row)[:-1].tolist())) <= 2
    if n < announced and in_order and whole_rows and max(map(abs, lattice.origin)) < min(lattice.spacing):
        raise InputError(_incomplete(points.name, header.rows, header.columns, n))
