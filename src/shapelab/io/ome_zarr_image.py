"""Images and labels in OME-Zarr folders of versions 0.4 and 0.5, with what their metadata state.

https://ngff.openmicroscopy.org/0.5/
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.array_files import Listed, chosen
from shapelab.io.named_dimensions import letters_of_names, on_coordinates
from shapelab.io.ngff import inside, open_array
from shapelab.io.placed import PlacedImage, named_axes, on_axes
from shapelab.io.zarr_chunks import CheckedArray
from shapelab.labels.lazy import lazily

__all__ = ["list_ome_zarr", "read_ome_zarr"]

_LARGE_CHUNK = 100_000_000
"""Bytes that a chunk may have in a much smaller image."""
_TRANSFORMS, _DEEPEST = "coordinateTransformations", 8
"""Key of the transforms, and how deep sequences of them may be nested."""
_LARGEST_RECORD = 10_000_000
"""Bytes of an array's own metadata."""
_MOST_PLACES = 10_000_000
"""Coordinates along one axis that are read."""
_MOST = 200
"""Images listed of one folder."""


def list_ome_zarr(folder: Path) -> Listed:
    """Return key, shape and dtype of every image of a folder: "" is its own, "labels/cells" one of its label images."""
    found: Listed = []
    for key in _keys(folder):
        array, entry, _ = _array(folder, key)
        if entry is not None or array.ndim >= 2 or not key:  # beside images may lie the coordinates of their axes
            found.append((key, tuple(array.shape), str(array.dtype)))
    return found


def read_ome_zarr(folder: Path, key: str | None) -> PlacedImage:
    """Return the full resolution of an image, by default the folder's own; its array is not read yet."""
    keys = _keys(folder)
    if key is None and "" in keys:
        key = ""
    elif key is None or key.strip("/") not in keys:
        key = chosen(folder, list_ome_zarr(folder), key)
    array, entry, attributes = _array(folder, key.strip("/"))
    chunk, whole = (math.prod(shape) * array.dtype.itemsize for shape in (array.chunks, array.shape))
    if chunk > max(_LARGE_CHUNK, 8 * whole):
        raise InputError(f"{folder.name} states chunks of {chunk / 1e6:.3g} MB for an image of {whole / 1e6:.3g} MB: refused.")
    require_memory(chunk)
    data = lazily(array)
    if entry is None:
        axes, steps, units, starts = _of_names(inside(folder, key.strip("/")) if key.strip("/") else folder, array)
        return on_axes(data, axes, steps, units, starts)
    axes, units = _axes(folder, entry, array.ndim)
    scale, shift = _transform(folder, entry, array.ndim)
    steps, starts = (dict(zip(axes, values.tolist(), strict=True)) for values in (scale, shift))
    several = len(attributes["multiscales"])
    notes = [f"The first of {several} images that it describes was read."] if several > 1 else []
    labels = key.strip("/").startswith("labels/") or folder.parent.name == "labels" or "image-label" in attributes
    return on_axes(data, axes, steps, units, starts, notes, "labels" if labels and array.dtype.kind in "iub" else None)


def _transform(folder: Path, entry: Mapping[str, Any], ndim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and shift of the finest array: its own transforms, then those of the whole image."""
    scale, shift = np.ones(ndim), np.zeros(ndim)
    for transform in _single([*(_level(entry).get(_TRANSFORMS) or ()), *(entry.get(_TRANSFORMS) or ())]):
        kind = transform.get("type")
        if kind not in ("scale", "translation", "identity") or (kind != "identity" and kind not in transform):
            raise InputError(f"{folder.name} states a transform of type {kind!r}, which cannot be used yet: only scale and translation.")
        if kind == "identity":
            continue
        values = np.array(transform[kind], dtype=float)
        if values.shape != (ndim,):
            raise InputError(f"{folder.name} states a {kind} of {values.size} numbers for an array of {ndim} axes: it is damaged.")
        scale, shift = (scale * values, shift * values) if kind == "scale" else (scale, shift + values)
    return scale, shift


def _single(transforms: Iterable[Mapping[str, Any]], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield transforms one by one: OME-Zarr 0.6 has sequences of them."""
    for transform in transforms:
        if transform.get("type") == "sequence" and depth < _DEEPEST:
            yield from _single(transform.get("transformations") or (), depth + 1)
        else:
            yield transform


def _of_names(folder: Path, array: Any) -> tuple[str, dict[str, float], dict[str, str], dict[str, float]]:
    """Return axes, steps, units and starts of a bare array by the names of its axes and the arrays of these names beside it (xarray)."""
    names = getattr(array.metadata, "dimension_names", None) or array.metadata.attributes.get("_ARRAY_DIMENSIONS") or ()
    axes = letters_of_names(names, array.ndim)
    if not axes:
        return named_axes(array.shape), {}, {}, {}
    coordinates = {}
    for letter, name in zip(axes, map(str, names), strict=True):
        beside = folder.parent / name
        if "/" not in name and _is_array(beside) and not beside.is_symlink():
            found = CheckedArray(open_array(beside, version=None), beside)
            if found.shape == (array.shape[axes.index(letter)],) and found.shape[0] <= _MOST_PLACES:
                coordinates[letter] = (np.asarray(found[:]), str(found.metadata.attributes.get("units") or ""))
    return axes, *on_coordinates(coordinates)


def _attributes(folder: Path) -> Mapping[str, Any]:
    """Return the OME metadata of a group, empty if it is none."""
    import zarr

    try:
        attributes = zarr.open_group(store=str(folder), mode="r").attrs.asdict()
    except (FileNotFoundError, ValueError, KeyError):
        return {}
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, Mapping) else {}


def _keys(folder: Path) -> list[str]:
    """Return the paths of the images in a folder, "" for its own."""
    attributes = _attributes(folder)
    if "plate" in attributes:
        raise InputError(f"{folder.name} is a plate of wells: open one of its images, such as {folder.name}/A/1/0.")
    keys = [""] if attributes.get("multiscales") or _is_array(folder) else []
    if (inside(folder, "labels")).is_dir():
        names = _attributes(folder / "labels").get("labels", ())
        keys += [f"labels/{name}" for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []
    if not attributes.get("multiscales"):
        keys += [child.name for child in sorted(folder.iterdir())[:_MOST] if child.is_dir() and child.name != "labels" and _is_image(child)]
    if isinstance(attributes.get("labels"), list | tuple):
        keys += [str(name) for name in attributes["labels"] if str(name) not in keys]
    if not keys:
        raise InputError(f"{folder.name} is not an OME-Zarr image: it has no multiscales metadata.")
    return keys[:_MOST]


def _is_array(folder: Path) -> bool:
    if (folder / ".zarray").is_file():
        return True
    file = folder / "zarr.json"
    if not file.is_file() or file.stat().st_size > _LARGEST_RECORD:
        return False
    try:
        stated = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(stated, Mapping) and stated.get("node_type") == "array"  # that of a group may repeat those of its arrays


def _is_image(folder: Path) -> bool:
    return _is_array(folder) or bool(_attributes(folder).get("multiscales"))


def _array(folder: Path, key: str) -> tuple[Any, Mapping[str, Any] | None, Mapping[str, Any]]:
    """Return the finest array of an image, its multiscale entry (None for a bare array) and the metadata around."""
    group = inside(folder, key) if key else folder
    attributes = _attributes(group)
    entries = attributes.get("multiscales")
    if not entries:
        return CheckedArray(open_array(group, version=None), group), None, attributes
    entry = entries[0]
    folder = inside(group, str(_level(entry)["path"]))
    return CheckedArray(open_array(folder, version=None), folder), entry, attributes


def _level(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    level: Mapping[str, Any] = entry["datasets"][0]  # the standard orders them from the finest
    return level


def _axes(folder: Path, entry: Mapping[str, Any], ndim: int) -> tuple[str, dict[str, str]]:
    stated = entry.get("axes")
    if stated is None:
        systems = entry.get("coordinateSystems") or ()  # OME-Zarr 0.6
        if len(systems) > 1:
            raise InputError(f"{folder.name} states {len(systems)} coordinate systems, which cannot be used yet: only one.")
        stated = systems[0].get("axes") if systems else "tczyx"[-ndim:]
    letters, units = "", {}
    for axis in stated:
        name = str(axis["name"] if isinstance(axis, Mapping) else axis).lower()
        type_ = axis.get("type") if isinstance(axis, Mapping) else None
        letter = name if name in tuple("tczyx") else {"time": "t", "channel": "c"}.get(type_ or name, "")
        if not letter:
            raise InputError(f"{folder.name} has an axis {name!r}; known axes: t, c, z, y and x.")
        letters += letter
        if isinstance(axis, Mapping) and "unit" in axis:
            units[letter] = str(axis["unit"])
    if len(letters) != ndim:
        raise InputError(f"{folder.name}: its metadata names {len(letters)} axes for an array of {ndim}.")
    return letters, units
