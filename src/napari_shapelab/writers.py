"""napari writers: surfaces as PLY, OBJ or STL; images and labels as NIfTI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.convert import Mesh
from shapelab.errors import InputError
from shapelab.io import write_mesh

__all__ = ["write_nifti", "write_surface", "write_volume"]

_UNITS = {"meter": "meter", "m": "meter", "mm": "mm", "millimeter": "mm", "um": "micron", "micrometer": "micron", "micron": "micron"}
_MM_PER_UNIT = {"nanometer": 1e-6, "nm": 1e-6, "centimeter": 10.0, "cm": 10.0}


def write_surface(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write a Surface layer; its values, and all curvatures it was made with, go into a PLY file."""
    vertices, faces, *rest = data
    placed = np.asarray(vertices, float) * np.asarray(meta.get("scale", 1.0)) + np.asarray(meta.get("translate", 0.0))
    values = dict(meta.get("metadata", {}).get("vertex_values", {}))
    if rest and not values and np.ndim(rest[0]) == 1 and len(rest[0]) == len(vertices):
        values = {"value": rest[0]}
    return [str(write_mesh(path, Mesh(placed.astype(np.float32), np.asarray(faces)), values))]


def write_nifti(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Write an Image or Labels layer as NIfTI, with its voxel size, place and unit."""
    ndim = np.ndim(data)
    unit = str(meta.get("units", ("mm",))[-1])
    return [str(write_volume(path, np.asarray(data), meta.get("scale", (1.0,) * ndim), meta.get("translate", (0.0,) * ndim), unit))]


def write_volume(path: str | Path, data: np.ndarray, scale: Sequence[float], translate: Sequence[float], unit: str) -> Path:
    """Write an array (z, y, x) or (y, x) as NIfTI, whose axes are (x, y, z).

    Raises
    ------
    InputError
        If the array has other axes or the file cannot be written.
    """
    import nibabel

    file = Path(path)
    if data.ndim not in (2, 3):
        raise InputError(f"A NIfTI file is written from a 2-D or 3-D layer; received one of shape {data.shape}.")
    factor = _MM_PER_UNIT.get(unit, 1.0)
    affine = np.eye(4)
    for axis, (step, origin) in enumerate(zip(reversed(list(scale)), reversed(list(translate)), strict=True)):
        affine[axis, axis], affine[axis, 3] = float(step) * factor, float(origin) * factor
    image = nibabel.Nifti1Image(_plain(data).T, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm" if unit in _MM_PER_UNIT else _UNITS.get(unit, "unknown"))  # type: ignore[no-untyped-call]
    try:
        nibabel.save(image, file)
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be written: {error.strerror or error}.") from error
    return file


def _plain(data: np.ndarray) -> np.ndarray:
    """Return `data` in a type that NIfTI has."""
    if data.dtype == bool:
        return data.astype(np.uint8)
    if data.dtype == np.float16:
        return data.astype(np.float32)
    if data.dtype.kind in "iu" and data.dtype.itemsize == 8:
        return data.astype(np.int32 if data.size == 0 or abs(data).max() < 2**31 else np.float64)
    return data
