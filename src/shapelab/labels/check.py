"""What counts as a label image, and the sentences for what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import numpy as np

from shapelab.arguments import as_array
from shapelab.arrays import require_finite
from shapelab.errors import InputError
from shapelab.frame import LayerData, LayerKind, require_space

__all__ = ["as_labels", "kind_of", "labels_of", "looks_grey", "refuse_grey", "refuse_grey_floats"]

_PLANES, _WIDTH = 8, 1024
"""How many planes of an image are looked at, and how much of each."""
_FEWEST = 128
"""Pixels below which nothing is concluded."""


def as_labels(data: Any, *, empty: bool = False, floats: bool = False, most: int = 2**64 - 1) -> np.ndarray:
    """Return `data` as an integer label image, 2-D or 3-D, none negative.

    Parameters
    ----------
    data
        Array of whole numbers (z, y, x) or (y, x); 0 is the background.
    empty
        Whether an image of background only will do.
    floats
        Whether whole numbers may be stored as floats; they come back as int64.
    most
        Largest label allowed.

    Raises
    ------
    InputError
        Saying what is wrong and what to do.
    """
    array = as_array("labels", data)
    if array.ndim not in (2, 3):
        raise InputError(f"A label image must be 2-D or 3-D, with axes (y, x) or (z, y, x); received an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        require_finite("label image", array)
        if not floats or (array != np.rint(array)).any() or np.abs(array).max(initial=0) > 2**53:
            raise InputError(
                "Labels must be whole numbers and these are floats: convert them with labels.astype(int), or threshold the image."
            )
        array = array.astype(np.int64)
    if array.dtype.kind not in "bui":
        raise InputError(f"A label image must hold whole numbers; received dtype {array.dtype}.")
    if not empty and not array.any():
        raise InputError("The label image is empty: every voxel is 0, the background.")
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    if low < 0:
        raise InputError(f"Labels must not be negative: they lie between 0 (the background) and {most}; the smallest here is {low}.")
    if high > most:
        raise InputError(f"Labels must lie between 0 (the background) and {most}; the largest here is {high}.")
    return array


def looks_grey(array: np.ndarray) -> bool:
    """Tell whether whole numbers are the brightness of an image rather than ids of objects.

    Pixels of one object lie together: an id has about one piece in a plane, inside which neighbours are equal. In a
    grey image neighbours rarely are, so each value is scattered over many pieces, or its pieces are thin bands, each
    beside the next brighter one.

    Parameters
    ----------
    array
        Whole numbers, its last two axes y and x; 0 is the background.
    """
    if array.dtype.kind not in "ui" or array.ndim < 2 or not array.size:
        return False
    texture = _texture(array)
    if texture is None or texture.values < 3:
        return False
    many = texture.values > 8
    single = texture.size < 1.6 and texture.differing > 0.9
    scattered = texture.pieces > 4 and texture.differing > (0.25 if many else 0.5)
    banded = many and texture.thinness > 2 and texture.jump <= 0.1 and (texture.pieces > 4 or texture.differing > 0.3)
    return single or scattered or banded


def refuse_grey(array: np.ndarray) -> None:
    """Refuse a grey image where labels are wanted.

    Raises
    ------
    InputError
        With the reason, and how to say that the numbers are ids all the same.
    """
    if looks_grey(array):
        raise InputError(
            f"This looks like a grey image (whole numbers from {array.min()} to {array.max()}, scattered as brightness is): threshold or "
            "segment it first. If the numbers are ids of objects, say so: a Labels layer in napari, --labels on the command line, "
            "read_image(…, kind='labels') or labels=True in Python."
        )


def refuse_grey_floats(low: float, high: float) -> NoReturn:
    """Refuse floats that are neither a mask nor a phase field; they lie between `low` and `high`.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(
        f"This looks like a grey image (values between {low:g} and {high:g}): threshold it to a mask first, "
        "or give a phase field, which is negative outside and positive inside."
    )


def labels_of(source: Any) -> np.ndarray:
    """Return the label image in an array or a `LayerData`, refusing grey images; what a labels layer holds are labels.

    Raises
    ------
    InputError
        If it is none.
    """
    if not isinstance(source, LayerData):
        array = as_labels(source)
        refuse_grey(array)
        return array
    require_space(source)
    array = as_labels(source.data)
    if source.kind != "labels":
        refuse_grey(array)
    return array


def kind_of(array: np.ndarray) -> LayerKind:
    """Return "labels" for booleans and whole numbers, none negative, that are not scattered as brightness is; else "image".

    Of images too small to tell, masks and numbers of 32 bits and more are labels.
    """
    if array.dtype == bool:
        return "labels"
    if array.dtype.kind not in "ui" or not array.size or int(array.min()) < 0:
        return "image"
    if array.dtype.itemsize < 4 and not (array.any() and (_texture(array) is not None or ((array == 0) | (array == array.max())).all())):
        return "image"
    return "image" if looks_grey(array) else "labels"


class _Texture(NamedTuple):
    """How the values of an image are spread over its planes."""

    values: int
    """Different values beside 0."""
    pieces: float
    """Connected pieces of equal pixels for each value of a plane, on average."""
    size: float
    """Pixels of a piece, on average."""
    differing: float
    """Part of the pairs of neighbours inside that differ."""
    thinness: float
    """Length of the borders between values, divided by that of squares of the pieces' sizes."""
    jump: float
    """What nine in ten steps between neighbours do not exceed, as part of the range of values."""


def _texture(array: np.ndarray) -> _Texture | None:
    from skimage.measure import label

    seen: list[np.ndarray] = []
    jumps: list[np.ndarray] = []
    sizes: list[np.ndarray] = []
    present = neighbours = differing = 0
    for plane in _planes(array):
        found, index = np.unique(plane, return_inverse=True)
        numbers = index.reshape(plane.shape) + (found[0] != 0)  # 0 stays the background
        sizes.append(np.bincount(np.asarray(label(numbers, background=0, connectivity=2)).ravel())[1:])  # type: ignore[no-untyped-call]
        seen.append(found[found != 0])
        present += seen[-1].size
        for axis in range(2):
            first, second = (np.moveaxis(plane, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
            unlike = first != second
            inside = (first != 0) & (second != 0)
            neighbours += int(inside.sum())
            differing += int((unlike & inside).sum())
            jumps.append(np.abs(first[unlike].astype(float) - second[unlike].astype(float)))
    if not sizes or sum(int(size.sum()) for size in sizes) < _FEWEST:
        return None
    values, size, jump = np.unique(np.concatenate(seen)), np.concatenate(sizes), np.concatenate(jumps)
    span = float(values[-1]) - float(values[0]) + 1
    return _Texture(
        values.size,
        size.size / present,
        float(size.mean()),
        differing / max(neighbours, 1),
        2 * differing / float(4 * np.sqrt(size).sum()),
        float(np.percentile(jump, 90)) / span if jump.size else 1.0,
    )


def _planes(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a few planes that are not empty, of large ones the middle."""
    planes = array.reshape(-1, *array.shape[-2:])
    filled = np.flatnonzero(planes.any(axis=(1, 2)))
    for i in filled[:: max(1, len(filled) // _PLANES)]:
        y, x = (max(0, (n - _WIDTH) // 2) for n in planes.shape[1:])
        yield planes[i, y : y + _WIDTH, x : x + _WIDTH]
