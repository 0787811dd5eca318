"""NIfTI images with their place: read and written so that both agree with nibabel and with each other."""

from __future__ import annotations

import gzip
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shapelab.convert.place import Place
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.frame import LayerKind
from shapelab.io.output import new_version
from shapelab.io.placed import PlacedImage, narrowed, on_axes
from shapelab.io.unpacking import LARGEST_FACTOR
from shapelab.units import conversion, is_length

__all__ = ["read_nifti", "write_nifti"]

_UNITS = {"meter": "m", "mm": "mm", "micron": "um"}
_CODES = {"m": "meter", "mm": "mm", "um": "micron", "": "unknown"}
_LABEL = 1002
"""NIFTI_INTENT_LABEL."""
_LONGEST_EXTENSIONS = 20_000_000
"""Bytes of remarks before an image."""
_IMAGE = "shapelab image"
"""Description of files whose whole floats are grey values and not ids."""


def read_nifti(file: Path) -> PlacedImage:
    """Return the image of a NIfTI file in the order (t, z, y, x), along the axes of its world as far as they are near.

    The sform counts, else the qform, else the voxel size alone. Axes are reordered and mirrored to the nearest axes of the
    world; what is left of a rotation or shear stays in the place. Whole numbers stay or become integers.

    Raises
    ------
    InputError
        If its matrix or voxel size cannot be used, or it has axes beyond time.
    """
    import nibabel

    _refuse_large_extensions(file)
    image: Any = nibabel.load(file)  # type: ignore[attr-defined]
    header = image.header
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > 4:
        raise InputError(f"{file.name} has {len(shape)} axes; up to 4 (x, y, z and time) can be read.")
    stated = math.prod(shape) * image.get_data_dtype().itemsize
    if stated > LARGEST_FACTOR * file.stat().st_size:
        size = f"{float(f'{stated / 1e9:.3g}'):,g} GB"
        raise InputError(f"{file.name} states an image of {size}, which a file of its size cannot hold: it is damaged.")
    require_memory(math.prod(shape) * max(8 if _scaled(image) else 1, image.get_data_dtype().itemsize))
    data, notes = _values(image, str(header["descrip"].item().decode(errors="replace")) == _IMAGE)
    data = data.reshape(shape + (1,) * (3 - len(shape)))
    affine, said = _affine(image, file.name)
    turned = nibabel.orientations.io_orientation(affine)  # type: ignore[no-untyped-call]
    if np.isnan(turned).any():
        raise InputError(f"{file.name} states a transform that squeezes the image flat: correct its sform.")
    affine = affine @ nibabel.orientations.inv_ornt_aff(turned, data.shape[:3])  # type: ignore[no-untyped-call]
    data = nibabel.orientations.apply_orientation(data, turned).T  # type: ignore[no-untyped-call]
    unit = _UNITS.get(header.get_xyzt_units()[0], "")
    if not unit:
        said.append("It states no unit of length (millimetres are customary): lengths are in voxel units.")
    kind: LayerKind | None = "labels" if int(header["intent_code"]) == _LABEL and data.dtype.kind in "iu" else None
    kind = "image" if notes == [_IMAGE] else kind
    notes = [note for note in notes if note != _IMAGE]
    back = affine[np.ix_([2, 1, 0, 3], [2, 1, 0, 3])]  # the world in the order of the array: (z, y, x)
    placed = _placed(np.ascontiguousarray(data), back, unit, header, [*said, *notes], kind)
    names = _label_names(header)
    return replace(placed, names=names, kind=placed.kind or ("labels" if names and data.dtype.kind in "iu" else None))


def _refuse_large_extensions(file: Path) -> None:
    """Refuse a file with remarks that are longer than any are, before they are read (the header's ``vox_offset`` and ``extension``)."""
    with (gzip.open if file.name.lower().endswith(".gz") else open)(file, "rb") as stream:
        head = stream.read(544)
        order: Literal["little", "big"] = "little" if head[:1] in (b"\x5c", b"\x1c") else "big"
        at = 4 + int.from_bytes(head[:4], order)
        if at not in (352, 544) or not head[at - 4 : at - 3].strip(b"\0"):
            return
        stream.seek(at)
        while (size := int.from_bytes(stream.read(8)[:4], order)) >= 16:
            at += size
            if at > _LONGEST_EXTENSIONS:
                raise InputError(f"{file.name} states extensions of more than {_LONGEST_EXTENSIONS / 1e6:g} MB before its image: refused.")
            stream.seek(at)


def _label_names(header: Any) -> dict[int, str]:
    """Return label -> name from the label table of an extension, as the Connectome Workbench and TotalSegmentator write it.

    The few tags that count are looked for in the text: nothing in it is resolved or followed, as XML would allow.
    """
    texts = [extension.get_content() for extension in header.extensions]
    found: dict[int, str] = {}
    for text in (text.decode("utf-8", errors="replace") if isinstance(text, bytes) else str(text) for text in texts):
        if "<LabelTable>" in text:
            for key, name in re.findall(r'<Label\s[^>]*?Key="(\d{1,18})"[^>]*>\s*(?:<!\[CDATA\[)?([^<\]]{1,200})', text):
                found.setdefault(int(key), name.strip())
    return {key: name for key, name in sorted(found.items()) if key > 0}


def _placed(data: np.ndarray, matrix: np.ndarray, unit: str, header: Any, notes: list[str], kind: LayerKind | None) -> PlacedImage:
    place = Place(matrix, unit)
    axes = "tzyx"[-data.ndim :]
    step = float(header["pixdim"][4])
    steps = dict(zip("zyx", place.spacing, strict=True)) | ({"t": step} if data.ndim == 4 and math.isfinite(step) and step > 0 else {})
    time = header.get_xyzt_units()[1]
    if place.is_aligned:
        starts = dict(zip("zyx", place.origin.tolist(), strict=True))
        return on_axes(data, axes, steps, {**dict.fromkeys("zyx", unit), "t": time}, starts, notes, kind)
    if data.ndim == 3 and data.shape[0] == 1:
        if np.abs(np.r_[matrix[0, 1:3], matrix[1:3, 0]]).max() > 1e-6 * max(place.spacing):
            raise InputError("This single slice is oblique, so it can be read neither as a 2-D image nor as a volume: resample it first.")
        said = [f"Its one slice at z = {matrix[0, 3]:g} was read as a 2-D image."] if matrix[0, 3] else []
        return PlacedImage(data[0], "yx", Place(matrix[1:, 1:], unit), notes=(*notes, *said), kind=kind)
    plain = on_axes(data, axes, steps, {**dict.fromkeys("zyx", unit), "t": time}, {}, notes, kind)
    return replace(plain, place=place)


def _affine(image: Any, name: str) -> tuple[np.ndarray, list[str]]:
    """Return the matrix from (x, y, z) to the world, numbers as short as float32 means them, and what is to be said."""
    header, said = image.header, []
    sform, qform = header.get_sform(coded=True)[0], header.get_qform(coded=True)[0]
    if sform is not None:
        affine = np.array([[float(str(x)) for x in row] for row in sform.astype(np.float32)])
        edges = np.linalg.norm(affine[:3, :3], axis=0)
        if qform is not None and not np.allclose(qform[:3], sform[:3], rtol=1e-3, atol=1e-3 * float(edges.max())):
            said.append("Its sform and qform disagree: the sform was used.")
    elif qform is not None:
        affine = np.array([[float(f"{x:.7g}") for x in row] for row in qform])
    else:
        with image.file_map["image"].get_prepare_fileobj(mode="rb") as stream:  # nibabel's own checks make a size of 0 a size of 1
            stated = type(header).from_fileobj(stream, check=False)["pixdim"]
        steps = [abs(float(str(np.float32(step)))) for step in stated[1:4]]
        affine = np.diag([*(step if i < len(image.shape) else 1.0 for i, step in enumerate(steps)), 1.0])
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    if len(image.shape) < 3 and edges[2] == 0:
        affine[2, 2] = 1.0
        edges[2] = 1.0
    if not np.isfinite(affine).all() or not (edges > 0).all():
        sizes = " x ".join(f"{edge:g}" for edge in edges)
        raise InputError(f"{name} states a voxel size of {sizes}: it must be positive along every axis. Correct its header.")
    affine[np.abs(affine) < 1e-7 * edges.max()] = 0.0  # what is left of a cosine of 90° in float32
    return affine, said


def _scaled(image: Any) -> bool:
    slope, inter = image.dataobj.slope, image.dataobj.inter
    return not (slope in (1, None) and inter in (0, None))


def _values(image: Any, as_written: bool) -> tuple[np.ndarray, list[str]]:
    """Return the values, as integers wherever all are whole; ids are never rounded through floats."""
    raw = np.asanyarray(image.dataobj.get_unscaled())
    if raw.dtype.kind not in "biuf":
        raise InputError(
            f"The file holds {'colours' if raw.dtype.names else 'numbers of type ' + str(raw.dtype)}: convert it to grey or labels."
        )
    if _scaled(image):
        slope, inter = float(image.dataobj.slope), float(image.dataobj.inter)
        if raw.dtype.kind in "iu" and raw.dtype.itemsize < 8 and slope.is_integer() and inter.is_integer() and abs(slope) < 2**20:
            return narrowed(raw.astype(np.int64) * int(slope) + int(inter)), []
        raw = raw.astype(np.float64) * slope + inter
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if raw.dtype.kind != "f":
        return raw, []
    if as_written:
        return raw, [_IMAGE]
    if not np.isfinite(raw).all() or np.abs(raw).max(initial=0) >= 2.0**63 or np.any(raw != np.rint(raw)):
        return (raw.astype(np.float32) if raw.dtype == np.float16 else raw), []
    exact = 2 ** (np.finfo(raw.dtype).nmant + 1)
    said = f"Some of its ids lie above {exact:g}, where {raw.dtype} cannot tell neighbouring numbers apart."
    return narrowed(raw.astype(np.int64)), [said] if np.abs(raw).max(initial=0) > exact else []


def write_nifti(path: str | Path, data: np.ndarray, place: Place, kind: LayerKind = "image") -> Path:
    """Write an array (z, y, x) or (y, x) where it lies; NIfTI's own axes are (x, y, z).

    Raises
    ------
    InputError
        If the array has other axes or a type that NIfTI does not have, its place cannot be stated exactly, or the file cannot be written.
    """
    import nibabel

    file = Path(path)
    if data.ndim not in (2, 3) or place.ndim != data.ndim:
        raise InputError(f"A NIfTI file is written from a 2-D or 3-D image; this one has shape {data.shape}.")
    unit, factor = place.unit, 1.0
    if unit not in _CODES:
        if not is_length(unit):
            raise InputError(f"NIfTI states lengths in m, mm or µm; {unit!r} cannot be converted to these.")
        unit, factor = "mm", conversion(unit, "mm")
    whole = np.eye(4)
    lead = 3 - place.ndim
    whole[lead:, lead:] = place.matrix
    whole[:3] *= factor
    affine = whole[np.ix_([2, 1, 0, 3], [2, 1, 0, 3])]
    _require_exact(affine, data.shape[::-1])
    volume = _writable(data).T
    image: Any = nibabel.Nifti1Image(volume if volume.ndim == 3 else volume[..., None], affine, dtype=volume.dtype)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units(_CODES[unit])
    if kind == "labels" and data.dtype != bool:
        image.header["intent_code"] = _LABEL
    elif data.dtype.kind == "f":
        image.header["descrip"] = _IMAGE
    with new_version(file) as partial:
        nibabel.save(image, partial)
    return file


def _require_exact(affine: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse a place that NIfTI's float32 numbers would move by a hundredth of a voxel."""
    ends = np.array([*(max(1, n) for n in (*shape, 1)[:3]), 1.0])
    off = np.abs(affine.astype(np.float32).astype(float) - affine)[:3] @ ends
    if np.max(off / np.linalg.norm(affine[:3, :3], axis=0).min()) > 1e-2:
        raise InputError(
            "The layer lies so far from the origin that NIfTI (32-bit numbers) cannot state its place: move it or save as OME-Zarr."
        )


def _writable(data: np.ndarray) -> np.ndarray:
    """Return `data` in a type that NIfTI has and that holds every number."""
    if data.dtype == bool:
        return data.astype(np.uint8)
    if data.dtype == np.float16:
        return data.astype(np.float32)
    if data.dtype.kind not in "iuf" or data.dtype.itemsize > 8:
        raise InputError(f"NIfTI holds whole and floating-point numbers of up to 64 bits, not {data.dtype}.")
    return data.astype(data.dtype.newbyteorder("="), copy=False)
