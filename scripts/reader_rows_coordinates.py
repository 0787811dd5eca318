"""Rows of the table of readers: coordinates, units and values that programs state in ways of their own."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import h5py
import mrcfile
import nibabel
import numpy as np
import tifffile
import zarr
from reader_rows_images import Case, L, image_rows
from reader_table import Row

__all__ = ["rows"]

_PLACES = {"z": 1 + np.arange(4) * 0.5, "y": 2 + np.arange(5) * 0.3, "x": np.arange(6) * 0.2}
_ON_PLACES = {"axes": "z, y, x", "voxel size": "0.5 × 0.3 × 0.2", "units": "um, um, um", "place": "1, 2, 0"}


def _zarr_of_xarray(version: int) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / f"xarray{version}.zarr"
        group = zarr.open_group(str(path), mode="w", zarr_format=version)
        arrays: Mapping[str, tuple[np.ndarray, tuple[str, ...]]] = {"cells": (L, tuple(_PLACES))}
        for name, (data, names) in {**arrays, **{axis: (places, (axis,)) for axis, places in _PLACES.items()}}.items():
            array = group.create_array(name, data=data, **({"dimension_names": names} if version == 3 else {}))
            array.attrs.update(({"_ARRAY_DIMENSIONS": list(names)} if version == 2 else {}) | ({"units": "um"} if name in "zyx" else {}))
        return path

    write.__doc__ = f"Xarray, Zarr {version}, coordinates in µm"
    return write


def netcdf(folder: Path) -> Path:
    """NetCDF-4, coordinates in µm."""
    with h5py.File(folder / "netcdf.h5", "w") as store:
        store["cells"] = L
        for i, (name, places) in enumerate(_PLACES.items()):
            store[name] = places
            store[name].attrs["units"] = "um"
            store[name].make_scale(name)
            store["cells"].dims[i].attach_scale(store[name])
    return folder / "netcdf.h5"


def vigra(folder: Path) -> Path:
    """HDF5 of vigra and ilastik, resolution in axistags."""
    tags = {"axes": [{"key": key, "typeFlags": 2, "resolution": step} for key, step in (("z", 0.5), ("y", 0.25), ("x", 0.2))]}
    with h5py.File(folder / "vigra.h5", "w") as store:
        store["cells"] = L
        store["cells"].attrs["axistags"] = json.dumps(tags)
    return folder / "vigra.h5"


def ome_zarr(folder: Path) -> Path:
    """OME-Zarr 0.6, a sequence of transformations in a coordinate system."""
    group = zarr.open_group(str(folder / "coming.zarr"), mode="w", zarr_format=3)
    group.create_array("0", data=L)
    parts = [{"type": "scale", "scale": [0.5, 0.3, 0.2]}, {"type": "translation", "translation": [1, 2, 0]}]
    system = {"name": "physical", "axes": [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]}
    sequence = {"type": "sequence", "transformations": parts, "input": "0", "output": "physical"}
    entry = {"coordinateSystems": [system], "datasets": [{"path": "0", "coordinateTransformations": [sequence]}]}
    group.attrs["ome"] = {"version": "0.6", "multiscales": [entry]}
    return folder / "coming.zarr"


def _nifti(unit: str, time: str | None = None) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        image = nibabel.Nifti1Image(L.T if time is None else np.stack([L.T] * 3, axis=-1), np.diag([0.2, 0.3, 0.5, 1]))
        if time is not None:
            image.header.set_zooms((0.2, 0.3, 0.5, 500.0))
        image.header.set_xyzt_units(unit, time)
        nibabel.save(image, folder / f"{unit}{time}.nii")
        return folder / f"{unit}{time}.nii"

    lengths = "no unit stated" if unit == "unknown" else f"lengths in {unit}"
    write.__doc__ = f"NIfTI, {lengths}{f', times in {time}' if time else ''}"
    return write


def _imagej(case: str, data: np.ndarray, **meta: float) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        stated = {"axes": "ZYX", "unit": "um", "spacing": 0.5, **meta}
        tifffile.imwrite(folder / "calibrated.tif", data, imagej=True, resolution=(5, 5), metadata=stated)
        return folder / "calibrated.tif"

    write.__doc__ = case
    return write


def imod(folder: Path) -> Path:
    """MRC of IMOD, bytes without a sign."""
    with mrcfile.new(folder / "imod.mrc", overwrite=True) as opened:
        opened.set_data((L * 200).view(np.int8))
        opened.set_volume()
    content = bytearray((folder / "imod.mrc").read_bytes())
    content[152:160] = struct.pack("<ii", 1146047817, 0)
    (folder / "imod.mrc").write_bytes(content)
    return folder / "imod.mrc"


def mrc_volumes(folder: Path) -> Path:
    """MRC of several volumes."""
    with mrcfile.new(folder / "several.mrc", overwrite=True) as opened:
        opened.set_data(np.stack([L.astype(np.int16)] * 2))
        opened.voxel_size = (1, 2, 3)
    return folder / "several.mrc"


CASES = [
    Case("Zarr", _zarr_of_xarray(2), _ON_PLACES),
    Case("Zarr", _zarr_of_xarray(3), _ON_PLACES),
    Case("HDF5", netcdf, _ON_PLACES),
    Case("HDF5", vigra, {"axes": "z, y, x", "voxel size": "0.5 × 0.25 × 0.2"}),
    Case("OME-Zarr", ome_zarr, _ON_PLACES),
    Case("NIfTI", _nifti("micron"), {"voxel size": "0.5 × 0.3 × 0.2", "units": "um, um, um"}),
    Case("NIfTI", _nifti("meter"), {"voxel size": "0.5 × 0.3 × 0.2", "units": "m, m, m"}),
    Case("NIfTI", _nifti("unknown"), {"voxel size": "0.5 × 0.3 × 0.2", "units": "pixel, pixel, pixel"}),
    Case("NIfTI", _nifti("mm", "msec"), {"axes": "t, z, y, x", "voxel size": "0.5 × 0.5 × 0.3 × 0.2", "units": "second, mm, mm, mm"}),
    Case("ImageJ TIFF", _imagej("Origin at a pixel", L, xorigin=3.0, zorigin=1.0), {"place": "-0.5, 0, -0.6"}),
    Case(
        "ImageJ TIFF",
        _imagej("Signed 16-bit, a line of values", L.astype(np.uint16) * 7 + 32768, cf=0, c0=-32768.0, c1=1.0),
        {"ids": "7"},
    ),
    Case("MRC", imod, {"ids": "200", "dtype": "uint8"}),
    Case("MRC", mrc_volumes, {"axes": "t, z, y, x", "voxel size": "1 × 3 × 2 × 1"}),
]


def rows(folder: Path) -> Iterator[Row]:
    """Yield one row for each statement of each file."""
    yield from image_rows(CASES, folder)
