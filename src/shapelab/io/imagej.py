"""Outlines of flat cells for ImageJ and Fiji: a set of ROIs (`.zip`), as the ROI Manager opens and saves it.

Each ROI is named by the label of its cell and runs along the edges of its pixels, so that it selects just these.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.io.placed import PlacedImage, on_axes, require_side_by_side
from shapelab.stopping import check_stop

__all__ = ["is_roi_set", "read_rois", "write_rois"]

_SMALL, _PACKED = 50_000_000, 40
"""Bytes that a set may have unpacked, and how many times its size if that is more."""


def is_roi_set(file: Path) -> bool:
    """Return whether a file is an archive of ROIs and nothing else."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return bool(names) and all(name.lower().endswith(".roi") for name in names)


def write_rois(path: str | Path, labels: np.ndarray) -> Path:
    """Write the outlines of all labels of a flat image; a cell with holes, or in pieces, is a composite. Nothing is overwritten.

    Parameters
    ----------
    path
        File that ends in ``.zip``.
    labels
        Whole numbers (y, x); 0 is background.

    Raises
    ------
    InputError
        If the image has a third axis, there is no cell, or the file exists or cannot be written.
    """
    from roifile import roiwrite

    file = Path(path)
    if file.suffix.lower() != ".zip":
        raise InputError(f"{file.name}: a set of ROIs for ImageJ is written as .zip.")
    if labels.ndim != 2:
        raise InputError(f"{file.name}: ROIs are outlines in a plane, and this image has {labels.ndim} axes: choose one slice.")
    rois = list(_rois(labels))
    if not rois:
        raise InputError(f"{file.name}: there is no cell, only background.")
    with new_file(file) as partial:
        roiwrite(partial, rois, mode="w")
    return file


def _rois(labels: np.ndarray) -> Iterator[Any]:
    from scipy import ndimage

    ids = np.unique(labels)
    ids = ids[ids > 0]
    dense = np.searchsorted(ids, labels) + 1
    dense[labels == 0] = 0
    for number, box in zip(ids.tolist(), ndimage.find_objects(dense), strict=True):
        corner = np.array([box[0].start, box[1].start])
        yield _roi(str(number), [loop + corner for loop in _loops(labels[box] == number)])


def _loops(mask: np.ndarray) -> list[np.ndarray]:
    """Return the closed outlines of a mask along the edges of its pixels, corners only, as (row, column) of the pixels' grid."""
    from skimage.measure import find_contours

    loops = []
    contours = find_contours(np.pad(mask, 1).astype(float), 0.5, fully_connected="low")  # type: ignore[no-untyped-call]
    for points in contours:
        corners = (points[1:] + points[:-1]) / 2  # each piece of a contour crosses the square around one corner of the pixels
        corners = np.floor(corners)  # (the square's lower corner: one pixel of padding makes up for it)
        before, after = corners - np.roll(corners, 1, 0), np.roll(corners, -1, 0) - corners
        loops.append(corners[(before != after).any(1)].astype(np.int64))
    return loops


def _roi(name: str, loops: list[np.ndarray]) -> Any:
    from roifile import ROI_TYPE, ImagejRoi

    if len(loops) == 1:
        roi = ImagejRoi.frompoints(loops[0][:, ::-1], name=name)
        roi.roitype = ROI_TYPE.TRACED
        roi.right, roi.bottom = roi.right - 1, roi.bottom - 1
        return roi
    points = np.concatenate(loops)
    top, left = points.min(0)
    bottom, right = points.max(0)
    path = [value for loop in loops for value in _segments(loop)]
    roi = ImagejRoi()
    roi.roitype, roi.name = ROI_TYPE.RECT, name
    roi.top, roi.left, roi.bottom, roi.right = int(top), int(left), int(bottom), int(right)
    roi.multi_coordinates = np.array(path, np.float32)
    roi.shape_roi_size = len(path)  # makes it a composite
    return roi


def _segments(loop: np.ndarray) -> Iterator[float]:
    """Yield a loop as java.awt.geom.PathIterator has it: 0, x, y (move), 1, x, y (line)…, 4 (close)."""
    for i, (row, column) in enumerate(loop.tolist()):
        yield from (0.0 if i == 0 else 1.0, float(column), float(row))
    yield 4.0


def read_rois(file: Path, key: str | None) -> PlacedImage:
    """Return the areas of a set of ROIs as labels, in the smallest image from 0 on that holds them; later ones lie over earlier ones.

    A ROI whose name is a number gets it as its label, if all do so; else they are numbered from 1, and keep their names.

    Raises
    ------
    InputError
        If there is none, or one is no area.
    """
    from roifile import ROI_TYPE
    from skimage.draw import polygon2mask

    areas = (ROI_TYPE.POLYGON, ROI_TYPE.RECT, ROI_TYPE.OVAL, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED)
    rois = _read(file)
    if not rois:
        raise InputError(f"{file.name} holds no ROI.")
    loops = []
    for roi in rois:
        if roi.roitype not in areas:
            raise InputError(f"{file.name}: the ROI {roi.name!r} is no area but of the kind {roi.roitype.name.lower()}: leave it out.")
        loops.append([np.asarray(points, float)[:, ::-1] for points in roi.coordinates(multi=True)])
    low = min(float(points.min()) for parts in loops for points in parts)
    if low < 0:
        raise InputError(f"{file.name} has a ROI that begins at {low:g}, left of or above the image: move it inside.")
    shape = tuple(int(np.ceil(max(points[:, i].max() for parts in loops for points in parts))) for i in range(2))
    require_memory(9 * shape[0] * shape[1])
    numbers = [int(roi.name) if roi.name.isdecimal() else 0 for roi in rois]
    numbered = min(numbers) > 0 and len(set(numbers)) == len(numbers)
    boxes = [_box(parts) for parts in loops]
    require_side_by_side(file.name, sum(math.prod(axis.stop - axis.start for axis in box) for box in boxes), math.prod(shape))
    labels = np.zeros(shape, np.int64)
    for i, (parts, box) in enumerate(zip(loops, boxes, strict=True)):
        check_stop()
        corner, part = np.array([axis.start for axis in box]), labels[box]
        inside = np.zeros(part.shape, bool)
        for points in parts:
            filled = polygon2mask(part.shape, points - 0.5 - corner)  # type: ignore[no-untyped-call]  # a pixel is inside if its centre is
            inside ^= filled
        part[inside] = numbers[i] if numbered else i + 1
    notes = ["ROIs state neither the size of their image nor that of a pixel: the smallest image that holds them was used."]
    names = {} if numbered else {i + 1: roi.name for i, roi in enumerate(rois)}
    return replace(on_axes(labels, "yx", notes=notes, kind="labels"), names=names)


def _read(file: Path) -> list[Any]:
    """Return the ROIs of a set, or the one of a file."""
    from roifile import ImagejRoi

    if not zipfile.is_zipfile(file):
        return [ImagejRoi.fromfile(file)]
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if size > max(_SMALL, _PACKED * file.stat().st_size):  # also of entries that lie over one another
            raise InputError(f"{file.name} unpacks to {size / 1e6:.0f} MB, far more than outlines do: refused.")
        # no more than an entry states is unpacked: to its end, another size would be believed
        return [ImagejRoi.frombytes(archive.open(member).read(member.file_size)) for member in members]


def _box(parts: list[np.ndarray]) -> tuple[slice, slice]:
    """Return the pixels among which those of a ROI are."""
    low = np.floor(np.min([points.min(0) for points in parts], axis=0)).astype(int)
    high = np.ceil(np.max([points.max(0) for points in parts], axis=0)).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
