"""Grains for DAMASK 3 (https://damask-multiphysics.org): a grid of materials (.vti) and their orientations and phases (.yaml).

Formats: VTK XML ImageData with the cell data ``material``, lengths in metres, x fastest (`damask.GeomGrid.load`); a
material configuration (`damask.ConfigMaterial.load`). An orientation ``O`` is a unit quaternion (w, x, y, z), w >= 0, of which the
Bunge Euler angles (phi1, Phi, phi2) are those of the grain, in sample axes x along the columns of the image and y along its rows.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shapelab.errors import InputError
from shapelab.io.output import new_files
from shapelab.units import conversion, is_length

__all__ = ["material_file", "write_damask"]

_BACKGROUND = "background"


def material_file(path: str | Path) -> Path:
    """Return the name of the configuration that goes with a grid: ``grains.vti`` -> ``grains.material.yaml``."""
    return Path(path).with_suffix(".material.yaml")


def write_damask(
    path: str | Path,
    labels: np.ndarray,
    spacing: Sequence[float],
    unit: str,
    orientations: np.ndarray,
    phases: Sequence[str] | None = None,
) -> Path:
    """Write a label image as a grid of materials, and beside it their configuration; nothing is overwritten.

    Material i is the i-th of the labels that occur, counted from 0; a background, label 0, is the last one, of a phase of its own.
    A 2-D image is one cell thick.

    Parameters
    ----------
    path
        File that ends in ``.vti``.
    labels
        Whole numbers (z, y, x) or (y, x).
    spacing, unit
        Size of a pixel along each axis, and its unit of length.
    orientations
        Orientations of labels 1, 2, 3…: unit quaternions (x, y, z, w), shape (N, 4).
    phases
        Name of the phase of labels 1, 2, 3…; by default all are of one.

    Raises
    ------
    InputError
        If the sample is in pixels, a label has no orientation, or a file exists or cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() != ".vti":
        raise InputError(f"{file.name}: a grid for DAMASK is written as .vti.")
    if not is_length(unit):
        raise InputError(
            f"{file.name}: DAMASK needs lengths in metres and the sample is in pixels: state the size of a pixel and its unit."
        )
    ids, index = np.unique(labels, return_inverse=True)
    material = index.reshape(labels.shape).astype(np.int32)
    background = bool(ids[0] == 0)
    grains = ids[1:] if background else ids
    if not len(grains) or int(grains[-1]) > len(orientations):
        raise InputError(
            f"{file.name}: label {int(ids[-1])} has no orientation; orientations are known of labels 1 to {len(orientations)}."
        )
    if background:
        material = np.where(material == 0, len(grains), material - 1).astype(np.int32)
    names = [_plain(name) for name in (phases or ["grains"] * len(orientations))]
    rows = [(names[int(i) - 1], orientations[int(i) - 1]) for i in grains]
    if background:
        rows.append((_BACKGROUND, np.array([0.0, 0.0, 0.0, 1.0])))
    with new_files(file, material_file(file)) as (grid_partial, partial):
        grid_partial.write_bytes(_image_data(material, np.asarray(spacing, float) * conversion(unit, "m")))
        partial.write_text(_configuration(rows), encoding="ascii")
    return file


def _plain(name: str) -> str:
    """Return the name of a phase as a plain word of YAML."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "grains"


def _image_data(material: np.ndarray, steps: np.ndarray) -> bytes:
    if material.ndim == 2:
        material, steps = material[None], np.array([steps.min(), *steps])
    raw = np.ascontiguousarray(material, "<i4").tobytes()  # (z, y, x) in C order: x is fastest
    packed = zlib.compress(raw)
    header = np.array([1, len(raw), len(raw), len(packed)], "<u8").tobytes()
    extent = " ".join(f"0 {n}" for n in material.shape[::-1])
    spacing = " ".join(repr(float(step)) for step in steps[::-1])
    lines = [
        '<?xml version="1.0"?>',
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64" compressor="vtkZLibDataCompressor">',
        f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{spacing}" Direction="1 0 0 0 1 0 0 0 1">',
        f'<Piece Extent="{extent}"><PointData></PointData><CellData Scalars="material">',
        '<DataArray type="Int32" Name="material" format="binary">',
        (base64.b64encode(header) + base64.b64encode(packed)).decode(),
        "</DataArray></CellData></Piece></ImageData></VTKFile>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _configuration(rows: Sequence[tuple[str, np.ndarray]]) -> str:
    lines = [
        "# material configuration for DAMASK 3, written by napari-shapelab: add lattice and properties to each phase",
        "homogenization:",
    ]
    lines += ["  SX:", "    N_constituents: 1", "    mechanical: {type: pass}", "phase:"]
    lines += [f"  {name}: {{}}" for name in dict.fromkeys(name for name, _ in rows)]
    lines.append("material:")
    for name, quaternion in rows:
        x, y, z, w = (float(value) for value in quaternion / np.linalg.norm(quaternion) * (-1.0 if quaternion[3] < 0 else 1.0))
        lines += ["  - homogenization: SX", "    constituents:"]
        lines.append(f"      - {{phase: {name}, v: 1.0, O: [{w!r}, {x!r}, {y!r}, {z!r}]}}")
    return "\n".join(lines) + "\n"
