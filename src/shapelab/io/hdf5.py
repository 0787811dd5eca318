"""HDF5 files from elsewhere: only what lies in the file itself is looked at, and nothing larger than the memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["children", "own_dataset", "read_dataset"]


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
    return dataset


def read_dataset(dataset: Any) -> np.ndarray:
    """Return the values of a dataset, as `own_dataset` allows it."""
    return np.asarray(own_dataset(dataset)[()])
