"""Rows of the table of readers: cells of Neper, CompuCell3D and ImageJ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import roifile
from reader_table import Row

from shapelab.crystals.orientation import to_euler
from shapelab.errors import ShapelabError
from shapelab.frame import LayerData
from shapelab.io import read_image

__all__ = ["rows"]

_HEAD = "***tesr\n **format\n  {}\n **general\n  2\n  3 2\n  0.5 0.25\n"
_CELL = " **cell\n  2\n *id\n  7 40\n *ori\n  {}\n *crysym\n  hexagonal\n"
_ASCII = " **data\n  ascii\n 1 2 2\n 1 0 2\n***end\n"
_EULER = "euler-bunge\n 30 40 50\n 10 20 30"
_INVERSE = "euler-bunge:passive\n 130 40 150\n 150 20 170"


def _binary(kind: str, dtype: str) -> bytes:
    return f" **data\n  {kind}\n".encode() + np.array([1, 2, 2, 1, 0, 2], dtype).tobytes() + b"\n***end\n"


def _tesr() -> Iterator[tuple[str, str, bytes, str]]:
    grid = "1 2 2 / 1 0 2, step 0.25 × 0.5"
    yield "values", "text", (_HEAD.format("2.1") + _ASCII).encode(), grid
    yield "values", "format 2.0, which says ascii at its top", (_HEAD.format("2.0 ascii") + _ASCII.replace("  ascii\n", "")).encode(), grid
    for kind, dtype in (("binary8", "u1"), ("binary16", "<u2"), ("binary16_big", ">u2"), ("binary32", "<u4"), ("binary32_big", ">u4")):
        yield "values", kind, _HEAD.format("2.1").encode() + _binary(kind, dtype), grid
    yield "values", "Windows line ends", (_HEAD.format("2.2") + _ASCII).replace("\n", "\r\n").encode(), grid
    crystals = "7 40 40 / 7 0 40, step 0.25 × 0.5, hexagonal, 30 40 50"
    for case, ori in (("ids, Bunge angles", _EULER), ("ids, passive Bunge angles", _INVERSE)):
        yield "crystals", case, (_HEAD.format("2.1") + _CELL.format(ori) + _ASCII).encode(), crystals
    moved = _HEAD.format("2.1") + " *origin\n  10 20\n" + _ASCII
    yield "placement", "origin, the corner of the first pixel", moved.encode(), f"{grid}, first centre at 20.12, 10.25"
    other = _HEAD.format("2.1") + " **data\n  binary16\n *file a.raw\n***end\n"
    yield "values", "in another file", other.encode(), "refused: takes its numbers from another file"


def _piff() -> Iterator[tuple[str, str, bytes, str]]:
    yield "boxes", "runs of pixels", b"1 A 0 0 0 1 0 0\n2 B 1 2 0 0 0 0\n2 B 2 2 1 1 0 0\n", "1 2 2 / 1 0 2, A, B"
    yield "boxes", "Medium first, cells over it", b"0 Medium 0 2 0 1 0 0\n4 A 1 1 0 1 0 0\n", "0 4 0 / 0 4 0, A"
    yield "boxes", "without z", b"1 A 0 1 0 0\n3 B 0 1 1 1\n", "1 1 / 3 3, A, B"
    yield "boxes", "clusters", b"Include Clusters\n9 1 A 0 1 0 0 0 0\n9 2 B 0 1 1 1 0 0\n", "1 1 / 2 2, A, B"
    yield "boxes", "cells counted from 0", b"0 A 0 1 0 0 0 0\n1 B 0 1 1 1 0 0\n", "1 1 / 2 2, A, B"
    yield "boxes", "ends in the wrong order", b"1 A 2 0 0 0 0 0\n", "refused: line 1"


def _rois(file: Path) -> Iterator[tuple[str, str, str]]:
    square = np.array([[1, 0], [3, 0], [3, 2], [1, 2]])
    kinds = {"polygon": roifile.ROI_TYPE.POLYGON, "traced by the wand": roifile.ROI_TYPE.TRACED, "freehand": roifile.ROI_TYPE.FREEHAND}
    for case, kind in kinds.items():
        roi = roifile.ImagejRoi.frompoints(square, name="cell")
        roi.roitype = kind
        file.unlink(missing_ok=True)
        roifile.roiwrite(file, [roi])
        yield "kind", case, "0 1 1 / 0 1 1, cell"
    box = roifile.ImagejRoi()
    box.roitype, box.name = roifile.ROI_TYPE.RECT, "12"
    box.left, box.top, box.right, box.bottom = 1, 0, 3, 2
    file.unlink()
    roifile.roiwrite(file, [box])
    yield "kind", "rectangle whose name is a number", "0 12 12 / 0 12 12"
    point = roifile.ImagejRoi.frompoints(square[:1], name="here")
    point.roitype = roifile.ROI_TYPE.POINT
    file.unlink()
    roifile.roiwrite(file, [point])
    yield "kind", "a point", "refused: is no area"


def _told(layer: LayerData) -> str:
    """Return what the table shows of a layer: its rows, and what else was read."""
    parts = [" / ".join(" ".join(map(str, row)) for row in layer.data.tolist())]
    step = " × ".join(f"{value:g}" for value in layer.meta["scale"])
    parts += [f"step {step}"] if step != "1 × 1" else []
    known = layer.meta.get("metadata", {})
    if "symmetries" in known:
        parts += [known["symmetries"][0], " ".join(f"{angle:.0f}" for angle in np.rad2deg(to_euler(known["orientations"][6])))]
    parts += [f"first centre at {', '.join(f'{x:.4g}' for x in layer.meta['translate'])}"] if "translate" in layer.meta else []
    return ", ".join([*parts, *(name for name in layer.meta.get("features", {}).get("name", ()) if name)])


def _read(file: Path, right: str) -> str:
    try:
        return _told(read_image(file))
    except ShapelabError as error:
        said = right.removeprefix("refused: ")
        return f"refused: {said if said in str(error) else error}"


def rows(folder: Path) -> Iterator[Row]:
    """Yield the rows of these readers."""
    families: tuple[tuple[str, str, Callable[[], Iterator[tuple[str, str, bytes, str]]]], ...] = (
        ("Cells: Neper (.tesr)", "cells.tesr", _tesr),
        ("Cells: CompuCell3D (.piff)", "cells.piff", _piff),
    )
    for reader, name, cases in families:
        for aspect, case, content, right in cases():
            (folder / name).write_bytes(content)
            yield Row(reader, aspect, case, right, _read(folder / name, right))
    for aspect, case, right in _rois(folder / "cells.zip"):
        yield Row("Cells: ImageJ ROIs (.zip)", aspect, case, right, _read(folder / "cells.zip", right))
