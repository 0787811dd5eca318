"""Read an EBSD map by its kind of file: points, then pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from shapelab.arguments import checked
from shapelab.crystals.ebsd.ang import read_ang
from shapelab.crystals.ebsd.ctf import read_ctf
from shapelab.crystals.ebsd.grid import place
from shapelab.crystals.ebsd.hdf5 import has_map, map_names, read_hdf5
from shapelab.crystals.ebsd.points import Header, Points, all_phases, indexed_radians, whole_phases
from shapelab.crystals.ebsd.scan import EbsdMap
from shapelab.crystals.orientation import from_euler
from shapelab.device import require_memory
from shapelab.errors import InputError, ShapelabError
from shapelab.io.presence import is_file

__all__ = ["EBSD_SUFFIXES", "is_ebsd", "list_ebsd", "read_ebsd"]


@checked()
def read_ebsd(path: str | Path, *, symmetry: str | None = None, key: str | None = None) -> EbsdMap:
    """Read an EBSD map.

    Each point lies where its x and y say, in whatever order the file has them; what the file leaves out is taken from the
    points, or assumed and said in `notes`.

    Parameters
    ----------
    path
        `.ang` (EDAX), `.ctf` (Oxford text), `.h5oina` (Oxford), `.h5` and `.hdf5` (EDAX, Bruker, orix), or `.npz` with the
        arrays `euler` (H, W, 3) [rad], `phase` (H, W) and `step_um`.
    symmetry
        Crystal symmetry of phases for which the file states none that is understood: "cubic", "hexagonal"…
    key
        Which map of an HDF5 file that holds several (`list_ebsd`), by default the first.

    Raises
    ------
    InputError
        If the file is not one of these, is damaged, or contradicts itself.
    OutOfMemoryError
        If the map is larger than the memory.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path.name} is not a supported EBSD map: use {', '.join(_READERS)}.")
    if not is_file(path):
        raise InputError(f"There is no file {path}.")
    if key is not None and reader is not read_hdf5:
        raise InputError(f"{path.name} holds one map: leave out the key {key!r}.")
    try:
        return _as_map(read_hdf5(path, key) if reader is read_hdf5 else reader(path), symmetry)
    except ShapelabError:
        raise
    except Exception as error:  # h5py and zip archives raise anything on damaged files
        raise InputError(f"{path.name} cannot be read: it is damaged, or not what its name says.") from error


@checked()
def list_ebsd(path: str | Path) -> list[str]:
    """Return the names of the maps of a file that may hold several (HDF5), nothing of any other."""
    path = Path(path)
    if path.suffix.lower() not in (".h5", ".hdf5", ".h5oina") or not is_ebsd(path):
        return []
    try:
        return map_names(path)
    except ShapelabError:
        raise
    except Exception as error:  # h5py raises anything on damaged files
        raise InputError(f"{path.name} cannot be read: it is damaged, or not what its name says.") from error


@checked()
def is_ebsd(path: str | Path) -> bool:
    """Return whether a file holds an EBSD map; of HDF5 and npz files, whose names do not tell, the contents decide."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".ang", ".ctf", ".h5oina"):
        return True
    if suffix in (".h5", ".hdf5"):
        return has_map(path)
    if suffix != ".npz":
        return False
    try:
        with np.load(path, allow_pickle=False) as archive:
            return "euler" in archive.files
    except Exception:  # zip archives raise anything on damaged files
        return False


def _as_map(points: Points, assumed: str | None) -> EbsdMap:
    told, points.notes = points.notes, []
    grid = place(points)
    told = [*grid.notes, *told]
    euler = indexed_radians(points)
    if not (points.phase > 0).any():
        raise InputError(f"{points.name}: none of the {len(points.phase)} points was indexed.")
    phases = all_phases(points, assumed)
    told += points.notes
    lost = int((points.phase == 0).sum())
    if lost:
        were = "was not indexed: it has" if lost == 1 else "were not indexed: they have"
        told.append(f"{lost} of {len(points.phase)} points {were} phase 0.")
    there = grid.point >= 0
    orientations = from_euler(euler)[grid.point]
    orientations[~there] = (0.0, 0.0, 0.0, 1.0)
    return EbsdMap(
        orientations,
        np.where(there, points.phase[grid.point], 0).astype(np.int32),
        grid.spacing,
        phases[min(phases)].symmetry,
        tuple(told),
        phases,
        None if there.all() else there,
        grid.origin,
    )


def _read_npz(path: Path) -> Points:
    with np.load(path, allow_pickle=False) as data:
        missing = {"euler", "phase", "step_um"} - set(data.files)
        if missing:
            raise InputError(f"{path.name} lacks the arrays {', '.join(sorted(missing))}; it has {', '.join(data.files)}.")
        require_memory(8 * sum(entry.file_size for entry in data.zip.infolist()))
        euler, phase, step = np.asarray(data["euler"], float), np.asarray(data["phase"]), np.ravel(data["step_um"])
    if euler.ndim != 3 or euler.shape[-1] != 3 or phase.shape != euler.shape[:2] or not euler.size or not len(step):
        raise InputError(f"{path.name} must hold euler of shape (H, W, 3) and phase (H, W); received {euler.shape} and {phase.shape}.")
    header = Header(phase.shape[0], phase.shape[1], None, float(step[0]), float(step[-1]))
    numbers = np.maximum(whole_phases(path.name, phase.ravel()), 0)
    return Points(path.name, euler.reshape(-1, 3), numbers, "radians", header)


_READERS: dict[str, Callable[[Path], Points]] = {
    ".ang": read_ang,
    ".ctf": read_ctf,
    ".npz": _read_npz,
    ".h5oina": read_hdf5,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
}
EBSD_SUFFIXES = tuple(_READERS)
"""Ends of the names of files that may hold a map."""
