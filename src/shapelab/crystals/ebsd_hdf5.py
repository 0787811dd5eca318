"""Orientation maps in HDF5: Oxford (.h5oina), EDAX, Bruker and orix keep the same things under names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError

__all__ = ["HdfMap", "find_map"]

_ANGLES = ("phi1", "phi", "phi2")
_NAMES = {
    "rows": ("y cells", "nrows", "n rows", "ny"),
    "columns": ("x cells", "ncolumns", "ncols", "n columns", "nx"),
    "y step": ("y step", "step y", "ystep", "y_step"),
    "x step": ("x step", "step x", "xstep", "x_step"),
}
"""What the size of a map is called, in lower case."""
_PHASES = ("phase", "phase_id", "phaseid")


@dataclass(frozen=True, eq=False)
class HdfMap:
    """What a file holds."""

    euler: np.ndarray
    """Bunge angles [rad], shape (P, 3)."""
    phase: np.ndarray
    """Phase of each pixel, 0 where none was indexed, shape (P,)."""
    shape: tuple[int, int]
    spacing: tuple[float, float]
    laue: Any
    """Number of the Laue group in Oxford's numbering, if the file has one."""
    tsl_symmetry: Any
    """Symmetry code of EDAX, if the file has one."""
    notes: tuple[str, ...] = ()


def find_map(path: Path) -> HdfMap:
    """Return the first orientation map of an HDF5 file.

    Raises
    ------
    InputError
        If there is none, or its size is not stated.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path.name} is not an HDF5 file, or it is damaged.") from error
    with file:
        groups: list[Any] = [file]
        file.visititems(lambda name, node: groups.append(node) if isinstance(node, h5py.Group) else None)
        for group in groups:
            data = _by_name(group)
            if "euler" in data or all(name in data for name in _ANGLES):
                return _map(path, data, group)
    raise InputError(f"{path.name} holds no EBSD map: no group in it has Euler angles (Euler, or phi1, Phi and phi2).")


def _by_name(group: Any) -> dict[str, Any]:
    """Return the datasets of a group by their names in lower case."""
    return {name.strip().lower(): node for name, node in group.items() if hasattr(node, "shape")}


def _map(path: Path, data: Mapping[str, Any], group: Any) -> HdfMap:
    header = next((node for name, node in group.parent.items() if name.lower() == "header" and hasattr(node, "items")), group)
    size = _by_name(header)
    found: dict[str, Any] = {key: next((_scalar(size[name]) for name in names if name in size), None) for key, names in _NAMES.items()}
    missing = [key for key, value in found.items() if value is None]
    if missing:
        raise InputError(
            f"{path.name} does not state {', '.join(missing)} of its map in {header.name!r}: it has {', '.join(sorted(size))}."
        )
    angles = data["euler"][()] if "euler" in data else np.stack([np.ravel(data[name][()]) for name in _ANGLES], 1)
    euler, notes = np.asarray(angles, float).reshape(-1, 3), []
    if np.nanmax(np.abs(euler), initial=0.0) > 2 * np.pi + 0.01:
        euler = np.deg2rad(euler)
        notes.append("The angles were read as degrees.")
    phase = next((np.ravel(data[name][()]) for name in _PHASES if name in data), None)
    phase = np.ones(len(euler), int) if phase is None else phase.astype(int)
    if "phase_id" in data or ("phi1" in data and phase.max(initial=0) == 0):
        phase = phase + 1  # orix and EDAX count phases from 0; orix marks what was not indexed with -1
    phase = np.where(np.isfinite(euler).all(1), np.maximum(phase, 0), 0)
    shape = (int(found["rows"]), int(found["columns"]))
    spacing = (float(found["y step"]), float(found["x step"]))
    laue, tsl = _first(header, "laue group"), _first(header, "symmetry")
    return HdfMap(np.nan_to_num(euler), phase, shape, spacing, laue, tsl, tuple(notes))


def _first(header: Any, wanted: str) -> Any:
    """Return the value of the first dataset of this name anywhere below a header, None if there is none."""
    found: list[Any] = []

    def look(name: str, node: Any) -> None:
        if name.rpartition("/")[2].strip().lower() == wanted and hasattr(node, "shape"):
            found.append(_scalar(node))

    header.visititems(look)
    return found[0] if found else None


def _scalar(dataset: Any) -> Any:
    value = np.ravel(dataset[()])[0]
    return value.decode() if isinstance(value, bytes) else value
