"""HDF5 files from elsewhere: only what lies in the file itself, nothing larger than the memory, nothing endless."""

from __future__ import annotations

import io
import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.unpacking import SLACK, count_deflate, may_fill_memory

__all__ = ["children", "open_hdf5", "own_dataset", "read_dataset", "require_chunks"]

_SIGNATURE, _HEAP = b"\x89HDF\r\n\x1a\n", b"GCOL\x01\0\0\0"
_HEAP_HEAD, _OBJECT_HEAD = 16, 16
"""Bytes before a heap's objects, and before an object's data, where lengths are numbers of 8 bytes."""


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open a file for reading, unless its texts could make the HDF5 library run for ever.

    Raises
    ------
    InputError
        If it is no HDF5 file, or is damaged.
    """
    import h5py

    try:
        _check_heaps(path)
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: it is not an HDF5 file, or it is damaged.") from error
    with file:
        yield file


def _check_heaps(path: Path) -> None:
    """Follow the objects of all global heaps, where texts of any length lie: the library hangs on some that are damaged.

    HDF5 File Format Specification 4.0, section III.E: a heap has its size in bytes, then objects one after another, each with a
    number and its size; number 0 is the free space, which ends it.
    """
    if path.stat().st_size < len(_SIGNATURE):
        raise InputError(f"{path.name} cannot be read: it is not an HDF5 file, or it is damaged.")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = 0
        while 0 <= begin < len(content) and content[begin : begin + 8] != _SIGNATURE:
            begin = 2 * begin or 512  # where the format allows a file to begin
        lengths = content[begin + (14 if content[begin + 8 : begin + 9] < b"\2" else 10)] if begin + 14 < len(content) else 8
        at = content.find(_HEAP)
        while at >= 0:
            if lengths != 8 or not _is_whole(content, at):
                raise InputError(f"{path.name} is damaged: its strings cannot be read.")
            at = content.find(_HEAP, at + len(_HEAP))


def _is_whole(content: mmap.mmap, at: int) -> bool:
    """Tell whether the objects of a heap fill it exactly."""
    end = at + int.from_bytes(content[at + 8 : at + 16], "little")
    at += _HEAP_HEAD
    if end > len(content):
        return False
    while at + _OBJECT_HEAD <= end:
        number, size = int.from_bytes(content[at : at + 2], "little"), int.from_bytes(content[at + 8 : at + 16], "little")
        if number == 0:
            return size == end - at
        at += _OBJECT_HEAD + -(-size // 8) * 8
    return at <= end


def children(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and members of a group; soft and external links are passed over, never followed."""
    import h5py

    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield name, group[name]


def own_dataset(dataset: Any) -> Any:
    """Return a dataset whose numbers lie in its own file and fit into the memory.

    Raises
    ------
    InputError
        If it takes its numbers from other files.
    OutOfMemoryError
        If it is larger than the memory.
    """
    if dataset.external or dataset.is_virtual:
        raise InputError(f"{dataset.name} takes its numbers from other files: refused.")
    require_memory(math.prod(int(n) for n in dataset.shape or ()) * max(1, dataset.dtype.itemsize))
    require_chunks(dataset)
    return dataset


def require_chunks(dataset: Any) -> None:
    """Refuse a dataset with a deflated chunk that unpacks to far more than a chunk holds; raises InputError."""
    import h5py

    plan = dataset.id.get_create_plist()
    if dataset.chunks is None or h5py.h5z.FILTER_DEFLATE not in [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]:
        return
    most = math.prod(dataset.chunks) * dataset.dtype.itemsize + SLACK
    found: list[Any] = []
    dataset.id.chunk_iter(found.append)
    for chunk in found:
        if not may_fill_memory(chunk.size, most):
            continue
        if count_deflate(io.BytesIO(dataset.id.read_direct_chunk(chunk.chunk_offset)[1]), most) > most:
            raise InputError(f"A chunk of {dataset.name} unpacks to far more than a chunk: refused.")


def read_dataset(dataset: Any) -> np.ndarray:
    """Return the values of a dataset, as `own_dataset` allows it."""
    return np.asarray(own_dataset(dataset)[()])
