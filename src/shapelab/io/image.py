"""Read a user's image, mask or label file with its place: TIFF, NIfTI, MRC, OME-Zarr, HDF5, npy, npz, PNG, .tesr, .piff, ROIs."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import checked
from shapelab.arrays import is_lazy
from shapelab.device import require_memory
from shapelab.errors import InputError, OutOfMemoryError, Stopped
from shapelab.frame import LayerData, LayerKind
from shapelab.io.array_files import list_hdf5, list_npz, read_hdf5, read_npy, read_npz, read_picture
from shapelab.io.imagej import read_rois
from shapelab.io.mrc import read_mrc
from shapelab.io.neper import read_tesr
from shapelab.io.nifti import read_nifti
from shapelab.io.piff import read_piff
from shapelab.io.placed import PlacedImage
from shapelab.io.presence import is_there, readable
from shapelab.io.tiff import list_tiff, read_tiff
from shapelab.labels.check import kind_of
from shapelab.labels.lazy import sample_planes

__all__ = ["ArrayEntry", "list_arrays", "read_image"]


class ArrayEntry(NamedTuple):
    """One array of a file that holds several."""

    key: str
    shape: tuple[int, ...]
    dtype: str


@checked()
def read_image(
    path: str | Path,
    *,
    key: str | None = None,
    kind: LayerKind | None = None,
    frame: int | None = None,
    channel: int | None = None,
    lazy: bool = False,
) -> LayerData:
    """Return the image in a file as a layer that lies where the file says.

    Its ``meta`` has ``scale`` (the voxel size), ``units``, ``axis_labels`` and, where the file states a place, ``translate`` or
    ``affine``; under ``metadata`` "notes" says what was converted or taken for granted. Axes are in the order t, c, z, y, x.

    Parameters
    ----------
    path
        ``.tif``, ``.ome.tif``, ``.nii``, ``.nii.gz``, ``.mrc``, ``.npy``, ``.npz``, ``.zarr`` (OME-Zarr), ``.h5``, ``.png``…;
        labels of Neper (``.tesr``), CompuCell3D (``.piff``) and ImageJ (``.zip``, ``.roi``).
    key
        Which array of a file that holds several (`list_arrays`).
    kind
        "image" or "labels"; by default what the file says, or else what the array looks like (`shapelab.labels.check.kind_of`).
    frame, channel
        Take only this one, counted from 0.
    lazy
        Whether the array of a Zarr folder is left where it is, as one of dask, which is read in parts when they are asked for: for
        images larger than the memory.

    Raises
    ------
    InputError
        If the file is missing, of an unknown kind, damaged, holds no array of numbers, or states what cannot be used.
    OutOfMemoryError
        If the array is larger than the memory.
    """
    file = Path(path)
    image: PlacedImage = _guarded(file, lambda: _read(file, key, frame, channel, lazy))
    data = image.data
    if data.dtype.kind not in "biuf" or 0 in data.shape:
        raise InputError(f"{file.name} holds no image: dtype {data.dtype}, shape {data.shape}.")
    return image.layer(_stem(file), kind or image.kind or kind_of(sample_planes(data) if is_lazy(data) else data))


@checked()
def list_arrays(path: str | Path) -> list[ArrayEntry]:
    """Return key, shape and dtype of every array in a file that may hold several (HDF5, npz, OME-Zarr, TIFF); else nothing.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    file = Path(path)
    lister = next((lister for suffixes, lister in _LISTERS.items() if file.name.lower().endswith(suffixes)), None)
    if lister is None and not is_zarr_folder(file):
        return []
    return [ArrayEntry(*entry) for entry in _guarded(file, lambda: (lister or _list_zarr)(file))]


def _guarded(file: Path, read: Callable[[], Any]) -> Any:
    """Read with one sentence of ours for whatever goes wrong."""
    if not is_there(file):
        raise InputError(f"There is no file {str(file)!r}.")
    if file.is_dir() and not is_zarr_folder(file):
        raise InputError(f"{str(file)!r} is a folder, not an image: choose a file in it, or an OME-Zarr folder.")
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")  # third-party readers warn of what they then read all the same, or refuse
            return read()
    except OutOfMemoryError as error:
        raise OutOfMemoryError(f"{file.name}: {error}") from None
    except InputError as error:
        raise (error if file.name in str(error) else InputError(f"{file.name}: {error}")) from None
    except MemoryError:
        raise OutOfMemoryError(f"{file.name} does not fit into the memory: it may be damaged.") from None
    except Stopped:
        raise
    except Exception as error:  # third-party readers raise anything on damaged files
        raise InputError(f"{file.name} cannot be read; it may be damaged or not be what its name says ({_first_line(error)}).") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the logs of third-party readers off the terminal, where they would bury our one sentence."""
    loggers = [logging.getLogger(name) for name in ("tifffile", "nibabel.global")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _read(file: Path, key: str | None, frame: int | None, channel: int | None, lazy: bool) -> PlacedImage:
    reader = _reader(file)
    image = reader(file, key).still(frame, channel)
    if lazy and is_lazy(image.data):
        return image
    if is_lazy(image.data):
        require_memory(math.prod(image.data.shape) * image.data.dtype.itemsize)
    data = image.data if isinstance(image.data, np.ndarray) else np.asarray(image.data[...])
    native = data.astype(data.dtype.newbyteorder("="), copy=False)
    return replace(image, data=np.ascontiguousarray(native))


def _reader(file: Path) -> Callable[[Path, str | None], PlacedImage]:
    name = file.name.lower()
    if is_zarr_folder(file):
        return _read_zarr
    for suffixes, reader in _READERS.items():
        if name.endswith(suffixes):
            return reader
    raise InputError(f"{file.name}: files of this kind cannot be read; known are {', '.join(IMAGE_SUFFIXES)}.")


def is_zarr_folder(file: Path) -> bool:
    """Return whether a folder is an image: OME-Zarr, or plain Zarr."""
    return file.is_dir() and (
        file.name.lower().endswith(".zarr") or any((file / name).is_file() for name in ("zarr.json", ".zattrs", ".zgroup"))
    )


def _read_zarr(file: Path, key: str | None) -> PlacedImage:
    from shapelab.io.ome_zarr_image import read_ome_zarr

    return read_ome_zarr(file, key)


def _list_zarr(file: Path) -> list[tuple[str, tuple[int, ...], str]]:
    from shapelab.io.ome_zarr_image import list_ome_zarr

    return list_ome_zarr(file)


_READERS: dict[tuple[str, ...], Callable[[Path, str | None], PlacedImage]] = {
    (".tif", ".tiff"): read_tiff,
    (".nii", ".nii.gz"): lambda file, key: read_nifti(file),
    (".mrc", ".map", ".rec", ".mrcs"): read_mrc,
    (".npy",): read_npy,
    (".npz",): read_npz,
    (".h5", ".hdf5"): read_hdf5,
    (".png", ".jpg", ".jpeg", ".bmp"): read_picture,
    (".tesr",): read_tesr,
    (".piff", ".pif"): read_piff,
    (".zip", ".roi"): read_rois,
}
IMAGE_SUFFIXES = (*(suffix for suffixes in _READERS for suffix in suffixes), ".zarr")
"""Of all files and folders that may be images, in lower case."""
_LISTERS = {(".h5", ".hdf5"): list_hdf5, (".npz",): list_npz, (".tif", ".tiff"): list_tiff}


def _stem(file: Path) -> str:
    name = readable(file.name)
    for suffix in (".ome.tif", ".ome.tiff", ".nii.gz", ".ome.zarr"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return Path(name).stem


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
