"""EBSD maps: orientations on a grid of pixels, read from .ang, .ctf, HDF5 and .npz files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shapelab.crystals.orientation import from_euler
from shapelab.errors import InputError

__all__ = ["EbsdMap", "read_ebsd"]

LAUE_GROUPS = {
    1: "triclinic",
    2: "monoclinic",
    3: "orthorhombic",
    4: "tetragonal low",
    5: "tetragonal",
    6: "trigonal low",
    7: "trigonal",
    8: "hexagonal low",
    9: "hexagonal",
    10: "cubic low",
    11: "cubic",
}
"""Numbers of the Laue groups in Oxford's files."""

TSL_SYMMETRIES = {
    "43": "cubic",
    "23": "cubic low",
    "62": "hexagonal",
    "6": "hexagonal low",
    "42": "tetragonal",
    "4": "tetragonal low",
    "32": "trigonal",
    "3": "trigonal low",
    "22": "orthorhombic",
    "2": "monoclinic",
    "20": "monoclinic",
    "1": "triclinic",
}
"""Symmetry codes of EDAX's .ang files."""


@dataclass(frozen=True, eq=False)
class EbsdMap:
    """Orientations on a grid."""

    orientations: np.ndarray
    """Unit quaternions (x, y, z, w), shape (H, W, 4)."""
    phase: np.ndarray
    """Phase of each pixel, 0 where none was indexed, shape (H, W)."""
    spacing: tuple[float, float]
    """Size of a pixel (y, x) [µm]."""
    symmetry: str = "cubic"
    """Crystal symmetry of the first phase."""
    notes: tuple[str, ...] = ()
    """What the reader assumed, in sentences."""


def read_ebsd(path: str | Path) -> EbsdMap:
    """Read an EBSD map.

    Parameters
    ----------
    path
        `.ang` (EDAX), `.ctf` (Oxford text), `.h5oina` (Oxford), `.h5` and `.hdf5` (EDAX, Bruker, orix), or `.npz` with the
        arrays `euler` (H, W, 3) [rad], `phase` (H, W) and `step_um`.

    Raises
    ------
    InputError
        If the file is not one of these, or its columns do not fit its grid.
    """
    path = Path(path)
    readers = {".ang": _read_ang, ".ctf": _read_ctf, ".npz": _read_npz, ".h5oina": _read_hdf5, ".h5": _read_hdf5, ".hdf5": _read_hdf5}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path.name} is not an EBSD map that can be read: use {', '.join(readers)}.")
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    return readers[path.suffix.lower()](path)


def _read_npz(path: Path) -> EbsdMap:
    with np.load(path, allow_pickle=False) as data:
        missing = {"euler", "phase", "step_um"} - set(data)
        if missing:
            raise InputError(f"{path.name} lacks the arrays {', '.join(sorted(missing))}; it has {', '.join(data)}.")
        euler, phase, step = np.asarray(data["euler"], float), np.asarray(data["phase"]), np.ravel(data["step_um"])
    if euler.ndim != 3 or euler.shape[-1] != 3 or phase.shape != euler.shape[:2]:
        raise InputError(f"{path.name} must hold euler of shape (H, W, 3) and phase (H, W); received {euler.shape} and {phase.shape}.")
    return EbsdMap(from_euler(euler), phase, (float(step[0]), float(step[-1])))


def _read_ctf(path: Path) -> EbsdMap:
    lines = path.read_text(encoding="latin-1").splitlines()
    start = next((i for i, line in enumerate(lines) if line.lower().startswith("phase\tx")), None)
    if start is None:
        raise InputError(f"{path.name} has no line of column names that begins with 'Phase X Y': it is not a .ctf map.")
    header = {parts[0].lower(): parts[1] for parts in (line.split("\t") for line in lines[:start]) if len(parts) == 2}
    symmetry = "cubic"
    for i, line in enumerate(lines[:start]):
        if line.lower().startswith("phases"):
            fields = lines[i + 1].split("\t")
            symmetry = LAUE_GROUPS.get(int(fields[3]), "cubic") if len(fields) > 3 and fields[3].isdigit() else "cubic"
    names = [name.lower() for name in lines[start].split("\t")]
    rows = [line.replace(",", ".").split("\t") for line in lines[start + 1 :] if line.strip()]
    columns = dict(zip(names, np.array(rows, float).T, strict=False))
    euler = np.stack([columns[f"euler{i}"] for i in (1, 2, 3)], 1)
    shape = int(header["ycells"]), int(header["xcells"])
    return _on_grid(path, np.deg2rad(euler), columns["phase"], shape, (float(header["ystep"]), float(header["xstep"])), symmetry)


def _read_ang(path: Path) -> EbsdMap:
    header: dict[str, str] = {}
    rows = []
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("#"):
            key, _, value = line[1:].strip().replace(":", " ", 1).partition(" ")
            header.setdefault(key.lower(), value.strip())
        elif line.strip():
            rows.append(line.split()[:10])
    if not rows or len(rows[0]) < 8:
        raise InputError(f"{path.name} has no rows of phi1 PHI phi2 x y IQ CI phase: it is not an .ang map.")
    table = np.array([row[:8] for row in rows], float)
    symmetry = TSL_SYMMETRIES.get(header.get("symmetry", "43"), "cubic")
    steps = float(header["ystep"]), float(header["xstep"])
    phase = np.where(table[:, 6] < 0, 0, np.maximum(table[:, 7], 1))  # a confidence index of -1 marks pixels without solution
    if "hex" in header.get("grid", "").lower():
        return _resampled(table, phase, steps, symmetry)
    shape = int(header["nrows"]), int(header["ncols_odd"])
    return _on_grid(path, table[:, :3], phase, shape, steps, symmetry)


def _resampled(table: np.ndarray, phase: np.ndarray, steps: tuple[float, float], symmetry: str) -> EbsdMap:
    """Return a map on square pixels from one on a hexagonal grid: each takes its nearest point."""
    from scipy.spatial import cKDTree

    step = steps[1]
    low, high = table[:, 3:5].min(0), table[:, 3:5].max(0)
    width, height = (np.floor((high - low) / step).astype(int) + 1).tolist()
    y, x = np.mgrid[:height, :width]
    nearest = cKDTree(table[:, 3:5] - low).query(np.stack([x, y], -1).reshape(-1, 2) * step)[1]
    note = "The hexagonal grid was resampled to square pixels: each takes its nearest point."
    orientations = from_euler(table[nearest, :3]).reshape(height, width, 4)
    return EbsdMap(orientations, phase[nearest].reshape(height, width).astype(np.int32), (step, step), symmetry, (note,))


def _read_hdf5(path: Path) -> EbsdMap:
    from shapelab.crystals.ebsd_hdf5 import find_map

    found = find_map(path)
    known = TSL_SYMMETRIES.get(str(found.tsl_symmetry)) if found.laue is None else LAUE_GROUPS.get(int(found.laue))
    notes = found.notes if known else (*found.notes, "The file states no crystal symmetry: cubic was assumed.")
    return replace(_on_grid(path, found.euler, found.phase, found.shape, found.spacing, known or "cubic"), notes=notes)


def _on_grid(
    path: Path, euler: np.ndarray, phase: np.ndarray, shape: tuple[int, int], spacing: tuple[float, float], symmetry: str
) -> EbsdMap:
    if len(euler) != shape[0] * shape[1]:
        raise InputError(f"{path.name} announces {shape[0]} x {shape[1]} pixels and holds {len(euler)}: the file is incomplete.")
    return EbsdMap(from_euler(euler).reshape(*shape, 4), phase.reshape(shape).astype(np.int32), spacing, symmetry)
