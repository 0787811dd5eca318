"""Small EBSD maps whose every point is known, written as the programs of the vendors write them, in their many variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from shapelab.crystals import EbsdMap
from shapelab.crystals.orientation import from_euler

__all__ = ["WRITERS", "Truth", "hexagons", "points_right", "square", "write_ctf", "write_edax"]

LEFT, RIGHT = np.deg2rad([10.0, 20, 30]), np.deg2rad([200.0, 45, 60])
"""Bunge angles of the two grains."""
STEP_Y, STEP_X = 0.25, 0.5


@dataclass(frozen=True, eq=False)
class Truth:
    """Points of a map in the order in which a file holds them."""

    x: np.ndarray
    y: np.ndarray
    euler: np.ndarray
    """Radians, shape (N, 3)."""
    phase: np.ndarray
    """0 where nothing was indexed."""
    phases: Mapping[int, tuple[str, str]]
    """Name and symmetry of each phase."""
    rows: int
    columns: int
    steps: tuple[float, float] = (STEP_Y, STEP_X)
    hexagonal: bool = False

    def take(self, index: np.ndarray) -> Truth:
        """Return some of the points, in another order."""
        return replace(self, x=self.x[index], y=self.y[index], euler=self.euler[index], phase=self.phase[index])

    def shuffled(self, seed: int = 0) -> Truth:
        """Return the points in a random order."""
        return self.take(np.random.default_rng(seed).permutation(len(self.x)))

    def column_first(self) -> Truth:
        """Return the points column by column."""
        return self.take(np.lexsort((self.y, self.x)))

    def moved(self, y: float, x: float) -> Truth:
        """Return the map at another place, as one that was cut from a larger one."""
        return replace(self, x=self.x + x, y=self.y + y)

    def disc(self) -> Truth:
        """Return the points inside of a disc: a region of interest."""
        middle_x, middle_y = self.x.mean(), self.y.mean()
        far = ((self.x - middle_x) / np.ptp(self.x)) ** 2 + ((self.y - middle_y) / np.ptp(self.y)) ** 2
        return self.take(np.flatnonzero(far < 0.24))

    def not_indexed(self, at: Sequence[int] = (5, 17, 40)) -> Truth:
        """Return the map with some points that have no solution."""
        phase = self.phase.copy()
        phase[list(at)] = 0
        return replace(self, phase=phase)


def square(rows: int = 8, columns: int = 12, two_phases: bool = True) -> Truth:
    """Return two grains, left and right: of a hexagonal and a cubic phase, or both cubic."""
    y, x = (axis.ravel() for axis in np.mgrid[:rows, :columns])
    left = x < columns // 2
    phases = {1: ("Magnesium", "hexagonal"), 2: ("Iron", "cubic")} if two_phases else {1: ("Nickel", "cubic")}
    phase = np.where(left, 1, 2) if two_phases else np.ones(len(x), int)
    return Truth(x * STEP_X, y * STEP_Y, np.where(left[:, None], LEFT, RIGHT), phase, phases, rows, columns)


def hexagons(rows: int = 9, columns: int = 10) -> Truth:
    """Return two grains on a hexagonal grid, whose second, fourth… rows are one point shorter."""
    places = [(0.5 * np.sqrt(3) * i, j + 0.5 * (i % 2)) for i in range(rows) for j in range(columns - i % 2)]
    y, x = np.array(places).T * STEP_X
    left = x < STEP_X * (columns // 2) - 0.1
    phases = {1: ("Magnesium", "hexagonal"), 2: ("Iron", "cubic")}
    steps = (float(STEP_X * np.sqrt(3) / 2), STEP_X)
    return Truth(x, y, np.where(left[:, None], LEFT, RIGHT), np.where(left, 1, 2), phases, rows, columns, steps, True)


def points_right(scan: EbsdMap, truth: Truth) -> int:
    """Return how many points of a map on square pixels have their orientation and phase at their place."""
    row = np.round((truth.y - scan.origin[0]) / scan.spacing[0]).astype(int)
    column = np.round((truth.x - scan.origin[1]) / scan.spacing[1]).astype(int)
    inside = (row >= 0) & (row < scan.phase.shape[0]) & (column >= 0) & (column < scan.phase.shape[1])
    row, column = np.where(inside, row, 0), np.where(inside, column, 0)
    same = np.abs((scan.orientations[row, column] * from_euler(truth.euler)).sum(-1)) > 1 - 1e-7
    same |= truth.phase == 0
    return int((inside & same & (scan.phase[row, column] == truth.phase)).sum())


_TSL = {"cubic": 43, "hexagonal": 62, "trigonal": 32, "tetragonal": 42}
_LAUE = {"cubic": 11, "hexagonal": 9, "trigonal": 7, "tetragonal": 5}


def write_ang(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, comma: bool = False, separator: str = "  ",
              symmetries: Sequence[str] = (), encoding: str = "utf-8", newline: str = "\n", words: str = "") -> Path:  # fmt: skip
    """Write EDAX's text; a header field that is None is left out."""
    fields: dict[str, Any] = {
        "GRID": "HexGrid" if truth.hexagonal else "SqrGrid", "XSTEP": truth.steps[1], "YSTEP": truth.steps[0],
        "NCOLS_ODD": truth.columns, "NCOLS_EVEN": truth.columns - truth.hexagonal, "NROWS": truth.rows,
    } | dict(header or {})  # fmt: skip
    lines = ["# TEM_PIXperUM          1.000000", f"# Operator: {words}"]
    for i, (number, (name, symmetry)) in enumerate(truth.phases.items()):
        said = symmetries[i] if symmetries else _TSL[symmetry]
        lines += [f"# Phase {number}", f"# MaterialName  \t{name}", f"# Symmetry              {said}", "#"]
    lines += [f"# {key}: {value}" for key, value in fields.items() if value is not None]
    for x, y, euler, phase in zip(truth.x, truth.y, truth.euler, truth.phase, strict=True):
        angles = euler if phase else [4 * np.pi] * 3
        number = phase if len(truth.phases) > 1 else 0
        values = [*(f"{angle:.6f}" for angle in angles), f"{x:.6f}", f"{y:.6f}", "100.0", f"{0.5 if phase else -1:.3f}", str(number), "1"]
        lines.append("  " + separator.join(values))
    return _text(path, lines, comma, encoding, newline)


def write_ctf(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, comma: bool = False, separator: str = "\t",
              symmetries: Sequence[str] = (), encoding: str = "utf-8", newline: str = "\n", words: str = "",
              trailing: str = "", sign: str = "phase") -> Path:  # fmt: skip
    """Write Oxford's text; not indexed points by the sign "phase" (0) or "mad" (no bands, no deviation)."""
    fields: dict[str, Any] = {
        "JobMode": "Grid", "XCells": truth.columns, "YCells": truth.rows, "XStep": truth.steps[1], "YStep": truth.steps[0],
    } | dict(header or {})  # fmt: skip
    lines = ["Channel Text File", f"Author\t{words}"] + [f"{key}\t{value}{trailing}" for key, value in fields.items() if value is not None]
    lines.append(f"Phases\t{len(truth.phases)}")
    for i, (name, symmetry) in enumerate(truth.phases.values()):
        lines.append(f"3.2;3.2;5.2\t90;90;120\t{name}\t{symmetries[i] if symmetries else _LAUE[symmetry]}\t0\t\t\tref")
    lines.append("Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS")
    for x, y, euler, phase in zip(truth.x, truth.y, truth.euler, truth.phase, strict=True):
        none = phase == 0
        number = 1 if none and sign == "mad" else phase
        angles = np.zeros(3) if none else np.rad2deg(euler)
        row = [
            str(number),
            f"{x:.4f}",
            f"{y:.4f}",
            "0" if none else "8",
            "0",
            *(f"{a:.5f}" for a in angles),
            "0" if none else "0.4",
            "90",
            "80",
        ]
        lines.append(separator.join(row) + trailing)
    return _text(path, lines, comma, encoding, newline)


def _text(path: Path, lines: list[str], comma: bool, encoding: str, newline: str) -> Path:
    if comma:
        lines = [line.replace(".", ",") for line in lines]
    path.write_bytes((newline.join(lines) + newline).encode(encoding))
    return path


def write_oxford(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, places: bool = True,
                 symmetries: Sequence[Any] = (), sign: str = "phase") -> Path:  # fmt: skip
    """Write Oxford's HDF5."""
    with h5py.File(path, "w") as file:
        file["Manufacturer"] = np.array([b"Oxford Instruments"])
        data, head = file.create_group("1/EBSD/Data"), file.create_group("1/EBSD/Header")
        none = truth.phase == 0
        data["Euler"] = np.where(none[:, None], 0, truth.euler)
        data["Phase"] = np.where(none & (sign == "mad"), 1, truth.phase).astype("u1")
        data["Bands"], data["Mean Angular Deviation"] = np.where(none, 0, 8), np.where(none, 0, 0.4)
        if places:
            data["X"], data["Y"] = truth.x, truth.y
        _fields(head, {"X Cells": truth.columns, "Y Cells": truth.rows, "X Step": truth.steps[1], "Y Step": truth.steps[0]}, header)
        for i, (number, (name, symmetry)) in enumerate(truth.phases.items()):
            group = head.create_group(f"Phases/{number}")
            group["Phase Name"], group["Laue Group"] = np.array([name.encode()]), np.array([_said(symmetries, i, _LAUE[symmetry])])
    return path


def write_edax(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, places: bool = True,
               symmetries: Sequence[Any] = (), key: str = "Symmetry") -> Path:  # fmt: skip
    """Write EDAX's HDF5."""
    with h5py.File(path, "w") as file:
        file["Manufacturer"] = np.array([b"EDAX"])
        data, head = file.create_group("Scan 1/EBSD/Data"), file.create_group("Scan 1/EBSD/Header")
        none = truth.phase == 0
        for name, values in zip(("Phi1", "Phi", "Phi2"), truth.euler.T, strict=True):
            data[name] = np.where(none, 4 * np.pi, values)
        data["CI"], data["Phase"] = np.where(none, -1, 0.4), (truth.phase if len(truth.phases) > 1 else 0 * truth.phase).astype("i1")
        if places:
            data["X Position"], data["Y Position"] = truth.x, truth.y
        head["Grid Type"] = np.array([b"HexGrid" if truth.hexagonal else b"SqrGrid"])
        _fields(head, {"nColumns": truth.columns, "nRows": truth.rows, "Step X": truth.steps[1], "Step Y": truth.steps[0]}, header)
        for i, (number, (name, symmetry)) in enumerate(truth.phases.items()):
            group = head.create_group(f"Phase/{number}")
            group["MaterialName"], group[key] = np.array([name.encode()]), np.array([_said(symmetries, i, _TSL[symmetry])])
    return path


def write_bruker(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, places: bool = True,
                 symmetries: Sequence[Any] = ()) -> Path:  # fmt: skip
    """Write Bruker's HDF5: degrees, and columns and rows instead of lengths."""
    groups = {"cubic": (225, b"F m#ovl3m"), "hexagonal": (194, b"P 6#sub3/m m c"), "trigonal": (167, b"R#ovl3c")}
    with h5py.File(path, "w") as file:
        file["Manufacturer"] = np.array(b"Bruker Nano")
        data, head = file.create_group("Scan 0/EBSD/Data"), file.create_group("Scan 0/EBSD/Header")
        none = truth.phase == 0
        for name, values in zip(("phi1", "PHI", "phi2"), np.rad2deg(truth.euler).T, strict=True):
            data[name] = np.where(none, 0, values)
        data["Phase"], data["MAD"] = truth.phase.astype("i4"), np.where(none, 0, 0.4)
        if places:
            data["X BEAM"] = np.round(truth.x / truth.steps[1] * (1 + truth.hexagonal)).astype("i4")
            data["Y BEAM"] = np.round(truth.y / truth.steps[0]).astype("i4")
            data["X SAMPLE"], data["Y SAMPLE"] = truth.x, truth.y
        _fields(head, {"NCOLS": truth.columns, "NROWS": truth.rows, "XSTEP": truth.steps[1], "YSTEP": truth.steps[0]}, header)
        for i, (number, (name, symmetry)) in enumerate(truth.phases.items()):
            group = head.create_group(f"Phases/{number}")
            group["Name"] = name.encode()
            group["SpaceGroup"] = _said(symmetries, i, groups[symmetry][1])
            if not symmetries:
                group["IT"] = groups[symmetry][0]
    return path


def write_orix(path: Path, truth: Truth, *, header: Mapping[str, Any] | None = None, places: bool = True,
               symmetries: Sequence[Any] = ()) -> Path:  # fmt: skip
    """Write the HDF5 of orix: phases from 0, -1 where nothing was indexed."""
    groups = {"cubic": b"m-3m", "hexagonal": b"6/mmm", "trigonal": b"-3m"}
    with h5py.File(path, "w") as file:
        file["manufacturer"] = np.array([b"orix"])
        data, head = file.create_group("crystal_map/data"), file.create_group("crystal_map/header")
        for name, values in zip(("phi1", "Phi", "phi2"), truth.euler.T, strict=True):
            data[name] = values
        data["phase_id"] = truth.phase - 1
        if places:
            data["x"], data["y"] = truth.x, truth.y
        _fields(head, {"nx": truth.columns, "ny": truth.rows, "x_step": truth.steps[1], "y_step": truth.steps[0]}, header)
        for i, (number, (name, symmetry)) in enumerate(truth.phases.items()):
            group = head.create_group(f"phases/{number - 1}")
            group["name"], group["point_group"] = name.encode(), _said(symmetries, i, groups[symmetry])
    return path


def _said(symmetries: Sequence[Any], i: int, usual: Any) -> Any:
    value = symmetries[i] if symmetries else usual
    return value.encode() if isinstance(value, str) else value


def _fields(head: Any, usual: Mapping[str, Any], other: Mapping[str, Any] | None) -> None:
    for key, value in (dict(usual) | dict(other or {})).items():
        if value is not None:
            head[key] = np.array([value])


WRITERS: dict[str, tuple[str, Callable[..., Path], dict[str, tuple[str, ...]]]] = {
    ".ang": ("ang", write_ang, {"shape": ("NCOLS_ODD", "NCOLS_EVEN", "NROWS"), "step": ("XSTEP", "YSTEP")}),
    ".ctf": ("ctf", write_ctf, {"shape": ("XCells", "YCells"), "step": ("XStep", "YStep")}),
    "Oxford HDF5": ("h5oina", write_oxford, {"shape": ("X Cells", "Y Cells"), "step": ("X Step", "Y Step")}),
    "EDAX HDF5": ("h5", write_edax, {"shape": ("nColumns", "nRows"), "step": ("Step X", "Step Y")}),
    "Bruker HDF5": ("h5", write_bruker, {"shape": ("NCOLS", "NROWS"), "step": ("XSTEP", "YSTEP")}),
    "orix HDF5": ("h5", write_orix, {"shape": ("nx", "ny"), "step": ("x_step", "y_step")}),
}
"""Format -> suffix, writer, and the names of its header's fields."""
