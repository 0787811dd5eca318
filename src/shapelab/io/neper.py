"""Raster tessellations of Neper (https://neper.info), `.tesr`: a label image, its pixel size, and the orientations of its cells.

Format: the chapter "File and Directory Formats" of Neper's manual, version 2.1, x fastest. Neper's active quaternion (w, x, y, z)
turns vectors of the crystal into those of the sample, and is that of the Bunge Euler angles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from shapelab.convert.place import Place
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.io.placed import PlacedImage, on_axes

__all__ = ["crystal_symmetry", "read_tesr", "write_tesr"]

_SYMMETRIES = ("cubic", "hexagonal")
"""Crystal symmetries that Neper knows, by the same names here."""
_DTYPES = {"binary8": "u1", "binary16": "<u2", "binary16_big": ">u2", "binary32": "<u4", "binary32_big": ">u4"}
_SPARSEST = 10
"""Rows of an array by label, per cell: ids may have gaps, but the array must not be many times as long as there are cells."""
_HEADER = 1 << 28
"""Longest header that is read [bytes]."""


def crystal_symmetry(symmetries: Sequence[str] | None) -> str:
    """Return the one crystal symmetry of all cells as Neper names it, "" where it is unknown, another, or several."""
    names = set(symmetries or ())
    return next(iter(names)) if len(names) == 1 and names <= set(_SYMMETRIES) else ""


def write_tesr(
    path: str | Path, labels: np.ndarray, place: Place, orientations: np.ndarray | None = None, symmetries: Sequence[str] | None = None
) -> Path:
    """Write a label image as a raster tessellation; 0 is void. Nothing is overwritten.

    Parameters
    ----------
    path
        File that ends in ``.tesr``.
    labels
        Whole numbers (z, y, x) or (y, x).
    place
        Where the pixels lie; lengths are written in its unit, which the format does not state.
    orientations
        Orientations of labels 1, 2, 3…: unit quaternions (x, y, z, w), shape (N, 4).
    symmetries
        Crystal symmetry of labels 1, 2, 3…; written where it is cubic or hexagonal for all.

    Raises
    ------
    InputError
        If there is no cell, an id has no orientation, or the file exists or cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() != ".tesr":
        raise InputError(f"{file.name}: a raster tessellation for Neper is written as .tesr.")
    ids, index = np.unique(labels, return_inverse=True)
    cells = ids[ids > 0]
    if not len(cells):
        raise InputError(f"{file.name}: there is no cell, only background.")
    if orientations is not None and int(cells[-1]) > len(orientations):
        raise InputError(f"{file.name}: label {int(cells[-1])} has no orientation; they are known of labels 1 to {len(orientations)}.")
    numbers = index.reshape(labels.shape) + (0 if ids[0] == 0 else 1)
    kind = "binary16" if len(cells) < 2**16 else "binary32"
    lines = ["***tesr", " **format", "   2.1", " **general", f"   {labels.ndim}"]
    lines += [f"   {' '.join(map(str, labels.shape[::-1]))}", f"   {_row(place.spacing[::-1])}"]
    if place.is_aligned and place.origin.any():
        lines += ["  *origin", f"   {_row((place.origin - np.array(place.spacing) / 2)[::-1])}"]
    lines += [" **cell", f"   {len(cells)}", "  *id", *_wrapped(cells)]
    if symmetry := crystal_symmetry(symmetries):
        lines += ["  *crysym", f"   {symmetry}"]
    if orientations is not None:
        chosen = np.asarray(orientations, float)[cells.astype(np.int64) - 1]
        lines += ["  *ori", "   quaternion:active", *(f"   {_row((w, x, y, z))}" for x, y, z, w in chosen)]
    head = "\n".join([*lines, " **data", f"   {kind}", ""]).encode()
    with new_file(file) as partial, partial.open("wb") as stream:
        stream.write(head)
        stream.write(np.ascontiguousarray(numbers, _DTYPES[kind]).tobytes())
        stream.write(b"\n***end\n")
    return file


def _row(values: Sequence[float] | np.ndarray) -> str:
    return " ".join(repr(float(value)) for value in values)


def _wrapped(ids: np.ndarray) -> list[str]:
    words = [str(int(value)) for value in ids]
    return [f"   {' '.join(words[i : i + 16])}" for i in range(0, len(words), 16)]


def read_tesr(file: Path, key: str | None) -> PlacedImage:
    """Return the label image of a raster tessellation of format 2.0 to 2.2, with the orientations of its cells.

    Raises
    ------
    InputError
        If it is damaged, or takes its numbers from another file.
    """
    require_memory(file.stat().st_size)
    content = file.read_bytes()
    if not content.lstrip()[:7] == b"***tesr":
        raise InputError(f"{file.name} is no raster tessellation: it does not begin with ***tesr.")
    mark = re.search(rb"\*\*data\s", content[:_HEADER])
    if mark is None:
        raise InputError(f"{file.name} has no **data.")
    parts = _parts(content[: mark.start()].decode("latin-1"))
    old = parts["**format"][1:]
    dim, *numbers = parts["**general"]
    shape = tuple(int(word) for word in numbers[: int(dim)])[::-1]
    steps = tuple(float(word) for word in numbers[int(dim) : 2 * int(dim)])[::-1]
    if not (len(shape) == len(steps) == int(dim) and int(dim) in (2, 3) and all(n > 0 for n in shape)):
        raise InputError(f"{file.name} states a grid of {' '.join(numbers)} in {dim} dimensions.")
    require_memory(8 * math.prod(shape))
    data = _data(file.name, content[mark.end() :], old[0] if old else "", shape)
    ids = np.array(parts.get("*id", ()), np.int64)
    labels = data if not len(ids) else np.concatenate([[0], ids])[data]
    axes = "zyx"[-len(shape) :]
    starts = [float(word) for word in parts.get("*origin", ["0"] * len(shape))][::-1]
    corner = {axis: start + step / 2 for axis, start, step in zip(axes, starts, steps, strict=True)} if "*origin" in parts else {}
    notes = ["The file states no unit: lengths are in its own."]
    known, said = _orientations(parts, ids, int(labels.max(initial=0)))
    image = on_axes(labels, axes, dict(zip(axes, steps, strict=True)), starts=corner, notes=(*notes, *said), kind="labels")
    return replace(image, known=known)


def _parts(text: str) -> dict[str, list[str]]:
    """Return the words after every keyword of a header."""
    parts: dict[str, list[str]] = {}
    words: list[str] = []
    for word in text.split():
        if word.startswith("*"):
            words = parts.setdefault(word, [])
        else:
            words.append(word)
    return parts


def _data(name: str, rest: bytes, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    if not kind:
        head = re.match(rb"\s*(\S+)[ \t\r]*\n?", rest)
        if head is None:
            raise InputError(f"{name} ends after **data.")
        kind, rest = head.group(1).decode("latin-1"), rest[head.end() :]
    if rest.lstrip()[:5] == b"*file":
        raise InputError(f"{name} takes its numbers from another file: make it one file first (neper -T -loadtesr {name} -o whole).")
    count = math.prod(shape)
    if kind == "ascii":
        numbers = rest.split(b"*", 1)[0].split()
        values = np.array(numbers, np.int64)
    elif kind in _DTYPES:
        size = np.dtype(_DTYPES[kind]).itemsize
        values = np.frombuffer(rest[: count * size], _DTYPES[kind]).astype(np.int64)
    else:
        raise InputError(f"{name}: data as {kind!r} are not known; there are ascii, {', '.join(_DTYPES)}.")
    if len(values) != count:
        raise InputError(f"{name} announces {count:,} pixels and holds {len(values):,}: the file is incomplete.")
    return values.reshape(shape)


def _orientations(parts: dict[str, list[str]], ids: np.ndarray, top: int) -> tuple[dict[str, object], list[str]]:
    """Return orientations and symmetries of labels 1, 2, 3…, as far as the file states them, and what is to be said."""
    known: dict[str, object] = {}
    descriptor, *words = parts.get("*ori", [""])
    n = int((parts.get("**cell") or ["0"])[0])
    numbers = ids if len(ids) else np.arange(1, min(n, len(words)) + 1)
    if not len(words) or not len(numbers):
        return known, []
    last = int(numbers.max())
    if last < top or int(numbers.min()) < 1 or last > _SPARSEST * len(numbers) + 1000:
        return known, ["Its orientations were left out: there are cells without one, or ids far larger than their number."]
    try:
        quaternions = _quaternions(descriptor, np.array(words, float).reshape(len(numbers), -1))
    except (KeyError, ValueError):
        return known, [f"Its orientations ({descriptor}) were not understood and left out."]
    every = np.tile([0.0, 0.0, 0.0, 1.0], (last, 1))
    every[numbers - 1] = quaternions
    known["orientations"] = every
    if parts.get("*crysym", [""])[0] in _SYMMETRIES:
        known["symmetries"] = [parts["*crysym"][0]] * len(every)
    return known, []


def _quaternions(descriptor: str, values: np.ndarray) -> np.ndarray:
    """Return quaternions (x, y, z, w) of orientations as Neper writes them; KeyError or ValueError if they are of another kind."""
    from scipy.spatial.transform import Rotation

    name, _, convention = descriptor.partition(":")
    width = {"quaternion": 4, "rodrigues": 3, "euler-bunge": 3, "axis-angle": 4, "rotmat": 9}[name]
    if values.shape[1] != width:
        raise ValueError(f"{width} numbers are needed")
    if name == "quaternion":
        turned = Rotation.from_quat(values[:, [1, 2, 3, 0]])
    elif name == "rodrigues":
        turned = Rotation.from_quat(np.column_stack([values, np.ones(len(values))]))
    elif name == "euler-bunge":
        turned = Rotation.from_euler("ZXZ", values, degrees=True)
    elif name == "axis-angle":
        axes = values[:, :3] / np.linalg.norm(values[:, :3], axis=1, keepdims=True)
        turned = Rotation.from_rotvec(axes * values[:, 3:], degrees=True)
    else:  # its rows are the axes of the crystal
        turned = Rotation.from_matrix(values.reshape(-1, 3, 3)).inv()
    return np.asarray((turned.inv() if convention == "passive" else turned).as_quat())
