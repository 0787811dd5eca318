"""Checkpoints on disk: the packed state in one npz file, read without executing anything."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError, ShapelabError
from shapelab.io.partial_names import hidden_path

__all__ = ["names_in_checkpoint", "read_checkpoint", "write_checkpoint"]

_PLAIN = "state.json"


def write_checkpoint(file: Path, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write what `Simulation.checkpoint` returned; the file appears when it is complete."""
    temporary = hidden_path(file)
    text = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
    try:
        with temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **{_PLAIN: text}, **arrays)  # type: ignore[arg-type]
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def read_checkpoint(file: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return ``(plain, arrays)`` for `Simulation.restore_checkpoint`.

    Raises
    ------
    InputError
        If the file is missing, damaged, compressed, or larger inside than outside (ours are not, so that no small file
        unpacks to a huge one), or holds anything but arrays of numbers.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries, size = archive.infolist(), file.stat().st_size
            if file.is_symlink() or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise InputError(f"{file.name} is compressed, so it was not written by shapelab: refused.")
            if sum(entry.file_size for entry in entries) > size or len({entry.filename for entry in entries}) < len(entries):
                raise InputError(f"{file.name} claims to hold more than its {size / 1e6:.3g} MB: refused.")
        require_memory(2 * size)
        with np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        plain = json.loads(arrays.pop(_PLAIN).tobytes())
    except ShapelabError:
        raise
    except Exception as error:  # what unpacks it raises anything on damaged files
        raise InputError(f"The checkpoint {file.name} is missing or damaged.") from error
    if not isinstance(plain, dict) or any(array.dtype.kind not in "biufc" for array in arrays.values()):
        raise InputError(f"The checkpoint {file.name} holds something else than numbers: refused.")
    return plain, arrays


def names_in_checkpoint(file: Path) -> list[str]:
    """Return the names of its arrays, which are not read.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name != f"{_PLAIN}.npy"]
    except Exception as error:  # what unpacks it raises anything on damaged files
        raise InputError(f"The checkpoint {file.name} is missing or damaged.") from error
