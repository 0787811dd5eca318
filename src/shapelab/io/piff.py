"""Lattices of CompuCell3D (https://compucell3d.org), `.piff`: boxes of pixels, each with the number and type of its cell.

Format: "PIF Initializer" of CompuCell3D's reference manual: lines ``number type x1 x2 y1 y2 z1 z2``, both ends included, later lines
over earlier ones; after ``Include Clusters`` the number of a cluster comes first. The cell type Medium is the background.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.io.placed import PlacedImage, on_axes, require_side_by_side

__all__ = ["read_piff", "write_piff"]

_MEDIUM = "Medium"
_MOST = 1 << 20
"""Largest coordinate that is read."""


def write_piff(path: str | Path, labels: np.ndarray, types: Sequence[str] | None = None) -> Path:
    """Write a label image as runs of pixels along x; the first line is the whole lattice as Medium. Nothing is overwritten.

    Parameters
    ----------
    path
        File that ends in ``.piff`` or ``.pif``.
    labels
        Whole numbers (z, y, x) or (y, x); 0 is the medium.
    types
        Cell type of labels 1, 2, 3…; by default all are "Cell".

    Raises
    ------
    InputError
        If there is no cell, a label has no type, or the file exists or cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() not in (".piff", ".pif"):
        raise InputError(f"{file.name}: cells for CompuCell3D are written as .piff.")
    top = int(labels.max(initial=0))
    if not top:
        raise InputError(f"{file.name}: there is no cell, only background.")
    if types is not None and top > len(types):
        raise InputError(f"{file.name}: label {top} has no cell type; they are known of labels 1 to {len(types)}.")
    names = None if types is None else [_plain(name) for name in types]
    deep = labels[None] if labels.ndim == 2 else labels
    nz, ny, nx = deep.shape
    with new_file(file) as partial, partial.open("w", encoding="ascii", newline="\n") as stream:
        stream.write(f"0 {_MEDIUM} 0 {nx - 1} 0 {ny - 1} 0 {nz - 1}\n")
        for z, plane in enumerate(deep):
            stream.writelines(_runs(plane, z, names))
    return file


def _runs(plane: np.ndarray, z: int, names: Sequence[str] | None) -> list[str]:
    flat = plane.ravel()
    starts = np.ones(flat.shape, bool)
    starts[1:] = flat[1:] != flat[:-1]
    starts[:: plane.shape[1]] = True
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(flat)) - 1
    rows = zip(flat[first].tolist(), first.tolist(), last.tolist(), strict=True)
    nx = plane.shape[1]
    return [
        f"{label} {'Cell' if names is None else names[label - 1]} {a % nx} {b % nx} {a // nx} {a // nx} {z} {z}\n"
        for label, a, b in rows
        if label
    ]


def _plain(name: str) -> str:
    """Return a cell type as one word that is not that of the medium."""
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "Cell"
    return f"{word}_cell" if word == _MEDIUM else word


def read_piff(file: Path, key: str | None) -> PlacedImage:
    """Return the lattice as a label image, from 0 to the largest coordinate that occurs; cell types become names of the labels.

    Raises
    ------
    InputError
        If a line is not as the format says, or a cell has two types.
    """
    require_memory(4 * file.stat().st_size)
    boxes: list[tuple[int, ...]] = []
    types: dict[int, str] = {}
    clusters = 0
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if [word.lower() for word in words] == ["include", "clusters"]:
            clusters = 1
            continue
        cell, name, box = _box(f"{file.name}, line {number}", words[clusters:])
        if types.setdefault(cell, name) != name:
            raise InputError(f"{file.name}, line {number}: cell {cell} is of the type {types[cell]} above and {name} here.")
        boxes.append((cell, *box))
    if not boxes:
        raise InputError(f"{file.name} holds no cell.")
    table = np.array(boxes, np.int64)
    shape = tuple(int(n) + 1 for n in table[:, [6, 4, 2]].max(0))
    require_memory(8 * math.prod(shape))
    require_side_by_side(file.name, int((table[:, [2, 4, 6]] - table[:, [1, 3, 5]] + 1).astype(float).prod(1).sum()), math.prod(shape))
    shift = int(types.get(0, _MEDIUM) != _MEDIUM)  # cells may be counted from 0, which is background in a label image
    labels = np.zeros(shape, np.int64)
    medium = {cell for cell, name in types.items() if name == _MEDIUM}
    for cell, x1, x2, y1, y2, z1, z2 in boxes:
        labels[z1 : z2 + 1, y1 : y2 + 1, x1 : x2 + 1] = 0 if cell in medium else cell + shift
    notes = ["The file states no size of a pixel.", *(["Its cells are counted from 0: each id is one more here."] if shift else [])]
    names = {cell + shift: name for cell, name in sorted(types.items()) if cell not in medium}
    return replace(on_axes(labels, "zyx", notes=notes, kind="labels"), names=names)


def _box(where: str, words: Sequence[str]) -> tuple[int, str, tuple[int, ...]]:
    """Return number, type and box (x1, x2, y1, y2, z1, z2) of a line; the flat box of a line without z lies at 0."""
    try:
        cell, *ends = int(words[0]), *(int(word) for word in words[2:])
    except (ValueError, IndexError):
        cell, ends = -1, []
    ends += [0, 0] if len(ends) == 4 else []
    if cell < 0 or len(ends) != 6 or any(not 0 <= a <= b < _MOST for a, b in zip(ends[::2], ends[1::2], strict=True)):
        raise InputError(f"{where}: {' '.join(words)[:80]!r} is not: number, type, x1 x2 y1 y2 z1 z2, with x1 <= x2 and so on.")
    return cell, words[1], tuple(ends)
