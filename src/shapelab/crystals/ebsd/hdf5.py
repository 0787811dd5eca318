"""Orientation maps in HDF5: Oxford (.h5oina), EDAX, Bruker and orix keep the same things under names of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.crystals.ebsd.ang import counted_from_one
from shapelab.crystals.ebsd.ctf import oxford_phase, without_solution
from shapelab.crystals.ebsd.points import Header, Points, Position, whole_phases
from shapelab.crystals.ebsd.scan import CrystalPhase
from shapelab.crystals.ebsd.text import number, whole
from shapelab.crystals.laue import laue_symmetry, of_space_group
from shapelab.errors import InputError
from shapelab.io.hdf5 import children, open_hdf5, read_dataset

__all__ = ["has_map", "map_names", "read_hdf5"]

_ANGLES = ("phi1", "phi", "phi2")
_ROWS = ("y cells", "nrows", "n rows", "ny")
_COLUMNS = ("x cells", "ncolumns", "ncols", "n columns", "nx")
_Y_STEP = ("y step", "step y", "ystep", "y_step", "dy")
_X_STEP = ("x step", "step x", "xstep", "x_step", "dx")
_PHASES = ("phase", "phase_id", "phaseid")
_PLACES = (
    ("ix", "iy", False),
    ("x beam", "y beam", False),
    ("x position", "y position", True),
    ("x", "y", True),
    ("x sample", "y sample", True),
)
"""Names of coordinates, and whether they are lengths [µm]: the first that make a grid are used."""
_TURNED, _NO_TURN = ("specimen orientation euler",), 1e-6
"""What a header states of the specimen's own orientation, and the angle [rad] below which it has none."""
_LAST_PARTS = ("data", "ang", "ebsd")
"""Ends of the paths at which makers keep the data of every map."""
_DEEPEST, _MOST_GROUPS = 12, 10_000
"""Groups that are looked into: links may run in circles."""


def has_map(path: Path) -> bool:
    """Return whether an HDF5 file holds an orientation map."""
    try:
        with open_hdf5(path) as file:
            return next(_maps(file), None) is not None
    except Exception:  # the library raises anything on damaged files
        return False


def map_names(path: Path) -> list[str]:
    """Return the names of the orientation maps of an HDF5 file, in its order."""
    with open_hdf5(path) as file:
        return [name for name, *_ in _maps(file)]


def read_hdf5(path: Path, key: str | None = None) -> Points:
    """Return the points of one orientation map of an HDF5 file, by default the first.

    Raises
    ------
    InputError
        If there is none, or none of this name, or it takes its numbers from other files.
    """
    with open_hdf5(path) as file:
        maps = list(_maps(file))
        if not maps:
            _refuse_links(path.name, file)
            raise InputError(f"{path.name} holds no EBSD map: no group in it has Euler angles (Euler, or phi1, Phi and phi2).")
        names = [name for name, *_ in maps]
        there = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        chosen = 0 if key is None else next((i for i, name in enumerate(names) if name == key.strip("/")), None)
        if chosen is None:
            raise InputError(f"{path.name} has no map {key!r}; it has {there}.")
        points = _points(path.name, *maps[chosen][1:], maker=_maker(file))
    if key is None and len(maps) > 1:
        points.notes.append(f"The first of {len(maps)} maps was read: choose another by its name ({there}) as key.")
    return points


def _maps(file: Any) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], Any]]:
    """Yield name, data by their names in lower case, the header's likewise, and the header's group of each map."""
    for group in islice(_groups(file, 0), _MOST_GROUPS):
        data = {name.strip().lower(): node for name, node in children(group) if hasattr(node, "shape")}
        if _has_angles(data):
            parent = group.parent
            header = next((node for name, node in children(parent) if name.lower() == "header" and hasattr(node, "items")), group)
            stated = {name.strip().lower(): node for name, node in children(header) if hasattr(node, "shape")}
            yield _map_name(group.name), data | _beside(parent), stated, header
            continue
        for node in data.values():
            names = node.dtype.names or ()
            if _has_angles({name.strip().lower() for name in names}):  # all in one table
                yield _map_name(node.name), _columns(node), {}, group.parent


def _map_name(path: str) -> str:
    """Return the path of a map's data without what all have at its end."""
    parts = [part for part in path.split("/") if part]
    while len(parts) > 1 and parts[-1].lower() in _LAST_PARTS:
        parts.pop()
    return "/".join(parts) or path


def _groups(group: Any, depth: int) -> Iterator[Any]:
    yield group
    if depth < _DEEPEST:
        for _, node in children(group):
            if hasattr(node, "items"):
                yield from _groups(node, depth + 1)


def _has_angles(names: Any) -> bool:
    return "euler" in names or all(name in names for name in _ANGLES)


def _beside(parent: Any) -> dict[str, Any]:
    """Return Bruker's columns and rows of the points of a region, which lie in a group of their own."""
    near = [node for where in (parent, parent.parent) for name, node in children(where) if name.lower() == "sem" and hasattr(node, "items")]
    return {name.lower(): node for group in near for name, node in children(group) if name.lower() in ("ix", "iy")}


def _columns(table: Any) -> dict[str, np.ndarray]:
    values = read_dataset(table)
    return {name.strip().lower(): values[name] for name in values.dtype.names or ()}


def _maker(file: Any) -> str:
    """Return the manufacturer that a file names, in lower case."""
    for name, node in children(file):
        if name.strip().lower() == "manufacturer" and hasattr(node, "shape"):
            return str(_scalar(node)).lower()
    return ""


def _refuse_links(name: str, file: Any) -> None:
    """Say what was passed over if it might have been the map."""
    import h5py

    for group in islice(_groups(file, 0), _MOST_GROUPS):
        if any(isinstance(group.get(member, getlink=True), h5py.ExternalLink) for member in group):
            raise InputError(f"{name} holds no EBSD map itself and links to other files, which are not followed.")


def _points(name: str, data: Mapping[str, Any], stated: Mapping[str, Any], header: Any, maker: str) -> Points:
    angles = _read(data["euler"]) if "euler" in data else _together(name, [_read(data[angle]).ravel() for angle in _ANGLES])
    euler = np.asarray(angles, float).reshape(-1, 3)
    n = len(euler)
    if not n:
        raise InputError(f"{name} has a map without points.")
    phases, unknown, count_from_zero = _listed_phases(header)
    raw = next((_read(data[key]).ravel() for key in _PHASES if key in data), None)
    phase = np.ones(n, np.int32) if raw is None else whole_phases(name, _as_long(name, "phase", raw, n))
    unit = "degrees" if "bruker" in maker else "radians" if "edax" in maker or "oxford" in maker else _stated_unit(data)
    grid_kind = str(_scalar(stated["grid type"])) if "grid type" in stated else ""
    if "is_in_data" in data:  # orix: its nx and ny are the number of points, and points that it leaves out have coordinates all the same
        stated = {name: value for name, value in stated.items() if name not in (*_ROWS, *_COLUMNS)}
    size = Header(
        _whole_of(stated, _ROWS), _whole_of(stated, _COLUMNS), None, _number_of(stated, _Y_STEP), _number_of(stated, _X_STEP),
        "hex" in grid_kind.lower(),
    )  # fmt: skip
    places = [
        Position(_as_long(name, x, _read(data[x]).ravel(), n), _as_long(name, y, _read(data[y]).ravel(), n), length)
        for x, y, length in _PLACES
        if x in data and y in data
    ]
    points = Points(name, euler, phase, unit, size, places, phases, unknown)
    confidence = _as_long(name, "ci", _read(data["ci"]).ravel(), n) if "ci" in data else None
    if count_from_zero or "phase_id" in data:
        points.phase = phase + 1  # orix counts from 0 and marks what was not indexed with -1
    elif not ("oxford" in maker or "bruker" in maker or "euler" in data):  # theirs count from 1
        counted_from_one(points, confidence)
    if confidence is None:
        bands, mad = (_as_long(name, key, _read(data[key]).ravel(), n) if key in data else None for key in ("bands", "mad"))
        if mad is None and "mean angular deviation" in data:
            mad = _as_long(name, "mean angular deviation", _read(data["mean angular deviation"]).ravel(), n)
        points.phase = np.where(without_solution(np.nan_to_num(euler, nan=1.0), bands, mad), 0, points.phase)
    points.phase = np.maximum(points.phase, 0)
    if turned := [name for name in _TURNED if name in stated and np.any(np.abs(_read(stated[name])) > _NO_TURN)]:
        points.notes.append(f"The {turned[0]} that it states was not applied.")
    return points.only(_as_long(name, "is_in_data", _read(data["is_in_data"]).ravel(), n).astype(bool)) if "is_in_data" in data else points


def _read(node: Any) -> np.ndarray:
    values = node if isinstance(node, np.ndarray) else read_dataset(node)
    if values.dtype.kind not in "biuf":
        raise InputError(f"The values of an array of the map are not numbers (dtype {values.dtype}).")
    return values


def _together(name: str, angles: list[np.ndarray]) -> np.ndarray:
    if len({len(values) for values in angles}) != 1:
        raise InputError(f"{name}: phi1, Phi and phi2 have {', '.join(str(len(values)) for values in angles)} values: the file is damaged.")
    return np.stack(angles, 1)


def _as_long(name: str, key: str, values: np.ndarray, n: int) -> np.ndarray:
    if len(values) != n:
        raise InputError(f"{name}: {key} has {len(values)} values and the map {n} points: the file is damaged.")
    return values


def _stated_unit(data: Mapping[str, Any]) -> str:
    node = data.get("euler", data.get("phi1"))
    unit = getattr(node, "attrs", {}).get("Unit", "") if node is not None else ""
    unit = str(unit.decode() if isinstance(unit, bytes) else np.ravel(unit)[0] if np.size(unit) else "").lower()
    return "degrees" if unit.startswith("deg") else "radians" if unit.startswith("rad") else ""


def _listed_phases(header: Any) -> tuple[dict[int, CrystalPhase], dict[int, str], bool]:
    """Return the phases that a header lists, symmetries that are not understood, and whether 0 is a phase."""
    group = next((node for name, node in children(header) if name.lower() in ("phase", "phases") and hasattr(node, "items")), None)
    listed = [] if group is None else [(name, node) for name, node in children(group) if hasattr(node, "items")]
    known = [(whole(name), node) for name, node in sorted(listed, key=lambda entry: (len(entry[0]), entry[0]))]
    known = [(number_, node) for number_, node in known if number_ is None or number_ >= 0]
    from_zero = any(number_ == 0 for number_, _ in known)
    found: dict[int, CrystalPhase] = {}
    unknown: dict[int, str] = {}
    for i, (number_, node) in enumerate(known):
        key = i + 1 if number_ is None else number_ + from_zero
        found[key], odd = _phase({name.strip().lower(): child for name, child in children(node) if hasattr(child, "shape")})
        if odd:
            unknown[key] = odd
    return found, unknown, from_zero


def _phase(stated: Mapping[str, Any]) -> tuple[CrystalPhase, str]:
    """Return one phase, and its symmetry as stated if that is not understood."""

    def text(*names: str) -> str | None:
        return next((str(_scalar(stated[name])).strip() for name in names if name in stated), None)

    name = text("phase name", "materialname", "material name", "name", "mineral") or ""
    if "phase name" in stated:
        return oxford_phase(name, text("laue group"), text("space group"))
    tried = [text("symmetry"), text("laue group"), text("point_group", "point group"), text("spacegroup", "space group", "space_group")]
    for value in tried:
        symmetry = laue_symmetry(value) if value else None
        if symmetry:
            return CrystalPhase(name, symmetry), ""
    by_number = of_space_group(whole(text("it", "space group", "space_group")) or 0)
    odd = next((value for value in tried if value), "")
    return CrystalPhase(name, by_number or ""), "" if by_number else odd


def _number_of(stated: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((number(str(_scalar(stated[name]))) for name in names if name in stated), None)


def _whole_of(stated: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((whole(str(_scalar(stated[name]))) for name in names if name in stated), None)


def _scalar(dataset: Any) -> Any:
    values = np.ravel(read_dataset(dataset))
    value = values[0] if len(values) else ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
