"""OME-Zarr 0.5 (Zarr 3): the metadata that other programs read, and checked reading.

https://ngff.openmicroscopy.org/0.5/
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from shapelab.errors import InputError
from shapelab.units import long_unit

__all__ = [
    "LARGEST_CHUNK",
    "chunk_files",
    "create_group",
    "create_series",
    "inside",
    "multiscales",
    "open_array",
    "refuse_links",
]

LARGEST_CHUNK = 64_000_000
"""Most that one chunk of a run holds [bytes]."""


def multiscales(
    name: str, array_path: str, axes: str, scale: Sequence[float], translate: Sequence[float], unit: str, unit_of_time: str = ""
) -> dict[str, Any]:
    """Return the ``multiscales`` metadata of an array of one resolution.

    Parameters
    ----------
    name
        Name of the image.
    array_path
        Path of the array, relative to the group that holds the metadata.
    axes
        One letter per axis, t first.
    scale, translate
        Step and offset along each axis.
    unit
        Unit of length, "" for pixels.
    unit_of_time
        OME-Zarr's name of the unit of time, "" if it is not known.
    """
    entries: list[dict[str, str]] = []
    for axis in axes:
        entry = {"name": axis, "type": {"t": "time", "c": "channel"}.get(axis, "space")}
        if axis in "zyx" and (unit_name := long_unit(unit)):
            entry["unit"] = unit_name
        if axis == "t" and unit_of_time:
            entry["unit"] = unit_of_time
        entries.append(entry)
    transforms: list[dict[str, Any]] = [{"type": "scale", "scale": [float(s) for s in scale]}]
    if any(translate):
        transforms.append({"type": "translation", "translation": [float(t) for t in translate]})
    return {"name": name, "axes": entries, "datasets": [{"path": array_path, "coordinateTransformations": transforms}]}


def create_group(folder: Path, ome: Mapping[str, Any]) -> None:
    """Create a Zarr 3 group with OME metadata."""
    import zarr

    zarr.create_group(store=str(folder), zarr_format=3, attributes={"ome": {"version": "0.5", **ome}})


def create_series(folder: Path, shape: tuple[int, ...], dtype: Any) -> Any:
    """Create an array with a first, growing time axis of length 0, one chunk per time and at most 64 MB per chunk.

    Every chunk ends in its checksum, which whoever reads it compares.
    """
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    chunk = list(shape)
    while math.prod(chunk) * np.dtype(dtype).itemsize > LARGEST_CHUNK:
        longest = int(np.argmax(chunk))
        chunk[longest] = -(-chunk[longest] // 2)
    names = ("t", *"zyx"[-len(shape) :])
    return zarr.create_array(
        store=str(folder),
        shape=(0, *shape),
        chunks=(1, *chunk),
        dtype=dtype,
        zarr_format=3,
        dimension_names=names,
        # fields hardly shrink, and packing takes most of the time
        compressors=[Crc32cCodec()] if np.dtype(dtype).kind == "f" else [ZstdCodec(), Crc32cCodec()],
        config={"write_empty_chunks": True},
    )


def open_array(folder: Path, *, writable: bool = False, version: Literal[2, 3] | None = 3) -> Any:
    """Open an array of numbers that a file from outside describes; nothing is read yet. `version` None takes Zarr 2 and 3."""
    import zarr

    try:
        array = zarr.open_array(store=str(folder), mode="r+" if writable else "r", zarr_format=version)
    except Exception as error:  # zarr raises anything on damaged metadata
        raise InputError(f"{folder.parent.name}/{folder.name} is not a Zarr array: it is missing or damaged.") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{folder.parent.name}/{folder.name} holds {array.dtype}, not numbers.")
    return array


def chunk_files(folder: Path, shape: Sequence[int], chunks: Sequence[int], index: int) -> Iterator[Path]:
    """Yield the files of entry `index` along the first axis, which has one chunk per entry."""
    counts = [range(-(-n // chunk)) for n, chunk in zip(shape[1:], chunks[1:], strict=True)]
    for places in itertools.product(*counts):
        yield folder.joinpath("c", str(index), *map(str, places))


def refuse_links(folder: Path) -> None:
    """Refuse a folder that holds anything but ordinary files and folders: a link or a device may lead anywhere, or never end."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                found = [(entry, entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)) for entry in entries]
        except FileNotFoundError:  # removed by whoever writes the folder
            continue
        except OSError as error:
            raise InputError(f"The folder {folder.name} cannot be read: {error.strerror or error}.") from error
        for entry, is_folder, is_file in found:
            if is_folder:
                waiting.append(entry.path)
            elif not is_file and os.path.lexists(entry.path):
                raise InputError(f"{folder.name} holds {entry.name!r}, a link or a device that may lead outside of the folder: refused.")


def inside(folder: Path, path: str) -> Path:
    """Return `folder`/`path`, refusing a path that leads out of the folder, also by a link."""
    parts = PurePosixPath(path).parts
    target = folder.joinpath(*parts)
    if PurePosixPath(path).is_absolute() or ".." in parts or not target.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{folder.name} refers to {path!r}, outside of the folder: refused.")
    return target
