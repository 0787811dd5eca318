"""TIFF images: OME, ImageJ and plain, with what they state of their axes."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.placed import PlacedImage, named_axes, narrowed, on_axes
from shapelab.io.unpacking import SLACK, count_deflate, may_fill_memory

__all__ = ["list_tiff", "read_tiff"]

_DEFLATED = (8, 32946)
"""Compressions that deflate."""
_PRINT = 20.0
"""Pixels larger than this [µm] in a plain TIFF are a resolution of print or screen (1270 dots per inch) and not of a microscope."""
_UNEVEN = 0.05
"""Part of the mean by which times between frames may differ before that is said."""
_NO_CURVE = 20
"""ImageJ's number for values without a calibration."""
_MAKERS = {
    **{"lsm": "Zeiss LSM", "stk": "MetaMorph", "metaseries": "MetaMorph", "fluoview": "FluoView", "sis": "Olympus SIS"},
    **{"scanimage": "ScanImage", "micromanager": "Micro-Manager", "geotiff": "GeoTIFF", "fei": "FEI", "sem": "Zeiss SEM"},
}
"""tifffile's flags of files that state their voxel size in tags of their own."""
_NAMES = {"P": "positions", "A": "angles", "H": "lifetimes", "E": "wavelengths", "L": "exposures", "R": "tiles", "M": "tiles", "V": "views"}


def list_tiff(file: Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Return number, shape and dtype of every image in a file."""
    import tifffile

    _refuse_circle(file)
    with tifffile.TiffFile(file) as tiff:
        return [(str(i), tuple(series.shape), str(series.dtype)) for i, series in enumerate(tiff.series)]


def read_tiff(file: Path, key: str | None) -> PlacedImage:
    """Return an image of a TIFF file, by default the first; `key` is the number of another."""
    import tifffile

    _refuse_circle(file)
    with tifffile.TiffFile(file) as tiff:
        number = _number(file, key, len(tiff.series))
        series = tiff.series[number]
        require_memory(math.prod(series.shape) * max(1, np.dtype(series.dtype).itemsize))
        letters = str(series.axes).upper()
        if "S" in letters and series.shape[letters.index("S")] > 1:
            raise InputError(f"{file.name} is a colour image: convert it to grey or to labels first.")
        starts: dict[str, float] = {}
        if tiff.is_ome and tiff.ome_metadata:
            steps, units, notes = _ome(tiff.ome_metadata, number)
        elif tiff.imagej_metadata:
            steps, units, notes = _imagej(tiff)
            starts = _imagej_origin(tiff.imagej_metadata, steps)
        else:
            steps, units, notes = _plain(tiff)
            if not steps and (makers := sorted(_MAKERS[flag] for flag in tiff.flags if flag in _MAKERS)):
                notes.append(f"A voxel size as {makers[0]} states it is not read: lengths are in pixels.")
        if len(tiff.series) > 1 and key is None:
            notes.append(
                f"The first of {len(tiff.series)} images was read: choose another by its number (key 0 to {len(tiff.series) - 1})."
            )
        for page in series.pages:
            _require_segments(file, page)
        data, said = _calibrated(series.asarray(), tiff.imagej_metadata or {})
    return on_axes(data, _letters(file, letters, data.shape), steps, units, starts, [*notes, *said])


def _require_segments(file: Path, page: Any) -> None:
    """Refuse a page with a deflated strip or tile that unpacks to far more than it holds."""
    if page is None or int(getattr(page, "compression", 1)) not in _DEFLATED:
        return
    most = math.prod(page.chunks) * max(1, np.dtype(page.dtype).itemsize) + SLACK
    for place, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        if not may_fill_memory(size, most):
            continue
        with file.open("rb") as stream:
            stream.seek(place)
            if count_deflate(io.BytesIO(stream.read(size)), most) > most:
                raise InputError(f"{file.name} has a part that unpacks to far more than it holds: refused.")


def _number(file: Path, key: str | None, count: int) -> int:
    if key is None:
        return 0
    if not key.isdecimal() or int(key) >= count:
        raise InputError(f"{file.name} has no image {key!r}: it holds {count}, numbered from 0.")
    return int(key)


def _letters(file: Path, letters: str, shape: tuple[int, ...]) -> str:
    """Return one letter of "tczyx" or "-" per axis; pages whose meaning is not stated are planes along the first axis that is missing."""
    out = []
    for axis, n in zip(letters, shape, strict=True):
        if axis in "TCZYX":
            out.append(axis.lower())
        elif n == 1:
            out.append("-")
        elif axis in "IQ":
            out.append("?")
        else:
            raise InputError(
                f"{file.name} has {n} {_NAMES.get(axis, f'entries along an axis {axis!r}')}: save the one you want as an image."
            )
    if out.count("?") > 1 and not set(out) & set("tczyx"):
        return named_axes(shape)
    missing = [axis for axis in "zct" if axis not in out]
    if out.count("?") > len(missing):
        raise InputError(f"{file.name} does not say what its axes are; its shape is {shape}.")
    for i in reversed(range(len(out))):
        if out[i] == "?":
            out[i] = missing.pop(0)
    return "".join(out)


def _ome(xml: str, number: int) -> tuple[dict[str, float], dict[str, str], list[str]]:
    import tifffile

    images = tifffile.xml2dict(xml)["OME"]["Image"]
    pixels = (images[min(number, len(images) - 1)] if isinstance(images, list) else images)["Pixels"]
    steps = {axis.lower(): float(pixels[f"PhysicalSize{axis}"]) for axis in "ZYX" if f"PhysicalSize{axis}" in pixels}
    units = {axis: str(pixels.get(f"PhysicalSize{axis.upper()}Unit", "µm")) for axis in steps}
    planes = pixels.get("Plane", ())
    planes = [plane for plane in (planes if isinstance(planes, list | tuple) else [planes]) if isinstance(plane, dict)]
    notes: list[str] = []
    if float(pixels.get("TimeIncrement") or 0) > 0:
        steps["t"], units["t"] = float(pixels["TimeIncrement"]), str(pixels.get("TimeIncrementUnit", "s"))
    elif interval := _interval(planes):
        steps["t"], units["t"], notes = interval
    if planes and any(planes[0].get(f"Position{axis}") for axis in "XYZ"):
        notes.append("The stage position it states was not applied.")
    return steps, units, notes


def _interval(planes: list[dict[str, Any]]) -> tuple[float, str, list[str]] | None:
    """Return the mean time between frames by the times of their planes, its unit, and what is to be said if they are uneven."""
    times: dict[int, float] = {}
    for plane in planes:
        if "DeltaT" in plane:
            times.setdefault(int(plane.get("TheT", 0)), float(plane["DeltaT"]))
    if len(times) < 2:
        return None
    frames = np.array(sorted(times))
    steps = np.diff([times[frame] for frame in frames.tolist()]) / np.diff(frames)
    mean = float(f"{steps.mean():.12g}")
    if not math.isfinite(mean) or mean <= 0:
        return None
    unit = str(planes[0].get("DeltaTUnit", "s"))
    uneven = np.abs(steps - mean).max() > _UNEVEN * mean
    return mean, unit, [f"Its frames are {steps.min():.4g} to {steps.max():.4g} {unit} apart: their mean was taken."] if uneven else []


def _imagej(tiff: Any) -> tuple[dict[str, float], dict[str, str], list[str]]:
    """ImageJ states pixels per unit in the resolution tags, and the spacing of planes by itself; each axis may have its own unit."""
    info, steps, notes = tiff.imagej_metadata, {}, []
    unit = str(info.get("unit") or "")
    tags = tiff.pages[0].tags
    for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
        if tag in tags:
            count, length = (float(n) for n in tags[tag].value)
            steps[axis] = length / count if count else math.nan
    if steps and "spacing" in info:
        steps["z"] = abs(float(info["spacing"]))
    units = {"x": unit, "y": str(info.get("yunit") or unit), "z": str(info.get("zunit") or unit)}
    if unit == "inch" and steps.get("x", 0) * 25400 > _PRINT:
        notes.append(f"Its {1 / steps['x']:.4g} dots per inch are a print resolution: lengths are in pixels.")
        return {}, {}, notes
    if float(info.get("finterval") or 0) > 0:
        steps["t"], units["t"] = float(info["finterval"]), str(info.get("tunit") or "s")
    return steps, units, notes


def _imagej_origin(info: Mapping[str, Any], steps: Mapping[str, float]) -> dict[str, float]:
    """Return the place of the first pixel: ImageJ states the pixel that lies at 0."""
    origins = {axis: float(info.get(f"{axis}origin") or 0) for axis in "zyx"}
    return {axis: -origin * steps.get(axis, 1.0) for axis, origin in origins.items() if origin}


def _calibrated(data: np.ndarray, info: Mapping[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Return the values that ImageJ shows: a straight line of those that are stored, as for signed 16-bit images."""
    curve = int(info.get("cf", _NO_CURVE))
    if curve == _NO_CURVE:
        return data, []
    offset, slope = (float(info.get(name, math.nan)) for name in ("c0", "c1"))
    if curve != 0 or not (math.isfinite(offset) and math.isfinite(slope)):
        return data, ["Its values are calibrated by a curve, which was not applied: they are as the file stores them."]
    if (offset, slope) == (0, 1):
        return data, []
    if data.dtype.kind in "iu" and offset.is_integer() and slope.is_integer() and abs(slope) < 2**20:
        return narrowed(data.astype(np.int64) * int(slope) + int(offset)), []
    return data * slope + offset, []


def _plain(tiff: Any) -> tuple[dict[str, float], dict[str, str], list[str]]:
    """Resolution of a plain TIFF: pixels per inch or centimetre; coarse ones are meant for print."""
    tags = tiff.pages[0].tags
    size = {2: 25400.0, 3: 10000.0}.get(int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 1)
    if size is None or "XResolution" not in tags or "YResolution" not in tags:
        return {}, {}, []
    counts = {axis: tags[tag].value[0] / (tags[tag].value[1] or 1) for axis, tag in (("x", "XResolution"), ("y", "YResolution"))}
    if min(counts.values()) <= 0:
        return {}, {}, []
    steps = {axis: float(f"{size / count:.9g}") for axis, count in counts.items()}
    if max(steps.values()) > _PRINT:
        dots = counts["x"] * 25400 / size
        return {}, {}, [f"Its {dots:.4g} dots per inch are a print resolution: lengths are in pixels."]
    return steps, dict.fromkeys("zyx", "um"), []


def _refuse_circle(file: Path) -> None:
    """Refuse a TIFF whose pages follow each other in a circle: it would be read for ever."""
    with file.open("rb") as stream:
        head = stream.read(16)
        order, big = ("<" if head[:2] == b"II" else ">"), head[2:4] in (b"\x2b\x00", b"\x00\x2b")
        count, entry, link = ("Q", 20, "Q") if big else ("H", 12, "I")
        seen: set[int] = set()
        try:
            (page,) = struct.unpack_from(order + link, head, 8 if big else 4)
            while page:
                if page in seen:
                    raise InputError(f"{file.name} is damaged: its pages follow each other in a circle.")
                seen.add(page)
                stream.seek(page)
                (entries,) = struct.unpack(order + count, stream.read(struct.calcsize(order + count)))
                stream.seek(entry * entries, 1)
                (page,) = struct.unpack(order + link, stream.read(struct.calcsize(order + link)))
        except (struct.error, OSError, OverflowError):  # cut, which the reader tells better
            return
