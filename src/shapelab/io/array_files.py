"""Files of plain arrays: npy, npz, HDF5 and pictures."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.grain_columns import known_of_columns
from shapelab.io.hdf5 import open_hdf5, read_dataset, require_chunks
from shapelab.io.named_dimensions import letters_of_names, on_coordinates
from shapelab.io.placed import PlacedImage, named_axes, on_axes

__all__ = ["chosen", "list_hdf5", "list_npz", "read_hdf5", "read_npy", "read_npz", "read_picture"]

_PICKLED = (
    "cannot be read: it holds Python objects, which may run code when they are opened. If it is a _seg.npy of Cellpose, "
    "save the masks there as PNG or TIFF (File > Save masks) and open these."
)
Listed = list[tuple[str, tuple[int, ...], str]]


def read_npy(file: Path, key: str | None) -> PlacedImage:
    """Return the array of a npy file; nothing that would need a pickle."""
    with file.open("rb") as stream:
        shape, dtype = _npy_header(stream)
    if dtype.hasobject:
        raise InputError(f"{file.name} {_PICKLED}")
    _refuse_huge(shape, dtype)
    return _plain(np.array(np.load(file, mmap_mode="r", allow_pickle=False)))


def list_npz(file: Path) -> Listed:
    """Return name, shape and dtype of every array."""
    with np.load(file, allow_pickle=False) as archive:
        return [(name, *_member(archive, name)) for name in archive.files]


def read_npz(file: Path, key: str | None) -> PlacedImage:
    """Return one array of an npz file."""
    with np.load(file, allow_pickle=False) as archive:
        name = chosen(file, [(name, *_member(archive, name)) for name in archive.files], key)
        shape, dtype = _member(archive, name)
        if np.dtype(dtype).hasobject:
            raise InputError(f"{file.name} {_PICKLED}")
        _refuse_huge(shape, dtype)
        return _plain(archive[name])


def _member(archive: Any, name: str) -> tuple[tuple[int, ...], str]:
    with archive.zip.open(name + ".npy" if name + ".npy" in archive.zip.namelist() else name) as stream:
        shape, dtype = _npy_header(stream)
    return shape, str(dtype)


def _npy_header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)  # type: ignore[no-untyped-call]
    return shape, dtype


def list_hdf5(file: Path) -> Listed:
    """Return path, shape and dtype of every array of two axes or more; links to other files are not followed."""
    import h5py

    found: Listed = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "biuf":
            found.append((name, tuple(item.shape), str(item.dtype)))

    with open_hdf5(file) as store:
        store.visititems(visit)
    return found


def read_hdf5(file: Path, key: str | None) -> PlacedImage:
    """Return one array of an HDF5 file, with the axes (ilastik, HDF5 labels) and voxel size (PlantSeg) that it states.

    Beside ``labels`` the group ``grains`` says what is known of them, where `shapelab` wrote the file.
    """
    import h5py

    name = chosen(file, list_hdf5(file), key)
    with open_hdf5(file) as store:
        dataset: Any = store[name]
        if dataset.external or dataset.is_virtual:
            raise InputError(f"{file.name} takes its numbers from other files: refused.")
        _refuse_huge(dataset.shape, dataset.dtype)
        require_memory(math.prod(dataset.chunks or (1,)) * dataset.dtype.itemsize)
        require_chunks(dataset)
        axes = _hdf5_axes(dataset)
        steps, units, starts = _hdf5_places(dataset, axes)
        size = np.ravel(np.asarray(dataset.attrs.get("element_size_um", ()), dtype=float)).tolist()
        data = np.asarray(dataset[()])
        grains = store.get("grains") if name == "labels" else None
        known = known_of_columns(grains) if isinstance(grains, h5py.Group) else {}
    space = [axis for axis in axes if axis in "zyx"]
    if size and len(size) not in (len(space), 3):
        raise InputError(f"{file.name} states {len(size)} voxel sizes (element_size_um) for {len(space)} axes of space.")
    if size:
        steps = {axis: step for axis, step in steps.items() if axis == "t"} | dict(zip(space, size[-len(space) :], strict=True))
        units |= dict.fromkeys(space, "um")
    return replace(on_axes(data, axes, steps, units, starts if not size else {}), known=known)


def _hdf5_places(dataset: Any, axes: str) -> tuple[dict[str, float], dict[str, str], dict[str, float]]:
    """Return step, unit and first place along each axis: by dimension scales (netCDF, xarray), else by the resolution of vigra's tags."""
    coordinates: dict[str, tuple[np.ndarray, str]] = {}
    for axis, dimension, n in zip(axes, dataset.dims, dataset.shape, strict=True):
        for scale in filter(_has_places, dimension.values()):
            if scale.shape == (n,):
                unit = scale.attrs.get("units", "")
                coordinates[axis] = (read_dataset(scale), unit.decode(errors="replace") if isinstance(unit, bytes) else str(unit))
    tags = dataset.attrs.get("axistags")
    if coordinates or not isinstance(tags, str | bytes):
        return on_coordinates(coordinates)
    stated = zip(axes, _vigra(tags, "resolution", 0), strict=False)
    return {axis: float(step) for axis, step in stated if isinstance(step, int | float) and math.isfinite(step) and step > 0}, {}, {}


def _has_places(scale: Any) -> bool:
    """Return whether a scale of an axis has numbers of its own; netCDF also writes some that only stand for the axis."""
    name = scale.attrs.get("NAME", b"")
    stands = bytes(name if isinstance(name, bytes) else str(name).encode()).startswith(b"This is a netCDF dimension")
    return not (stands or scale.external or scale.is_virtual)


def _hdf5_axes(dataset: Any) -> str:
    """Return the axes by vigra's tags, as ilastik writes them, or by the labels of dimensions; else by their number."""
    tags = dataset.attrs.get("axistags")
    named = "".join(str(dim.label)[:1] for dim in dataset.dims).lower()
    if isinstance(tags, str | bytes):
        letters = "".join(map(str, _vigra(tags, "key", ""))).lower()
    else:
        letters = letters_of_names(_scale_names(dataset), dataset.ndim) or named
    known = len(letters) == dataset.ndim and set(letters) <= set("tczyx") and len(set(letters)) == len(letters)
    return letters if known else named_axes(dataset.shape)


def _scale_names(dataset: Any) -> list[str]:
    """Return what the axes are called: by their label, else by the first of their scales."""
    return [str(dim.label) or next((str(scale.name).rpartition("/")[2] for scale in dim.values()), "") for dim in dataset.dims]


def _vigra(tags: str | bytes, name: str, default: object) -> list[object]:
    """Return what vigra's tags state of each axis under a name, nothing where they are damaged."""
    try:
        return [axis.get(name, default) for axis in json.loads(tags)["axes"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def read_picture(file: Path, key: str | None) -> PlacedImage:
    """Return a grey PNG, JPEG or BMP."""
    from PIL import Image

    with Image.open(file, formats=("PNG", "JPEG", "BMP")) as opened:  # Pillow else tries every format that it knows
        require_memory(4 * opened.width * opened.height)
        if opened.mode not in ("1", "L", "I", "F") and not opened.mode.startswith("I;16"):
            raise InputError(f"{file.name} is a colour image: convert it to grey or to labels first.")
        return _plain(np.asarray(opened))


def chosen(file: Path, arrays: Listed, key: str | None) -> str:
    """Return the name of the array that is meant.

    Raises
    ------
    InputError
        With the list, if there are several and none is chosen, or not the one that is.
    """
    names = [name for name, _, _ in arrays]
    if key is not None and key.strip("/") in names:
        return key.strip("/")
    if key is None and len(names) == 1:
        return names[0]
    wanted = f"has no array {key!r}" if key is not None else "holds several arrays" if names else "holds no arrays"
    there = ", ".join(name or "(its own)" for name in names[:12]) or "none"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    raise InputError(f"{file.name} {wanted}; it has {there}{more}: say which one (key=… in Python, --key … on the command line).")


def _plain(data: np.ndarray) -> PlacedImage:
    return on_axes(data, named_axes(data.shape))


def _refuse_huge(shape: tuple[int, ...], dtype: Any) -> None:
    require_memory(math.prod(int(n) for n in shape) * max(1, np.dtype(dtype).itemsize))
