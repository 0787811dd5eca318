"""Read a user's image, mask or label file with its voxel size: TIFF, OME-TIFF, NIfTI, npy, npz, OME-Zarr, HDF5, PNG."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError, OutOfMemoryError
from shapelab.frame import LayerData, LayerKind
from shapelab.io.layers import layer
from shapelab.units import short_unit

__all__ = ["read_image"]


def read_image(path: str | Path, *, key: str | None = None, kind: LayerKind | None = None) -> LayerData:
    """Return the image in a file, with ``scale``, ``units`` and ``axis_labels`` as far as the file states them.

    Parameters
    ----------
    path
        ``.tif``, ``.ome.tif``, ``.nii``, ``.nii.gz``, ``.npy``, ``.npz``, ``.zarr`` (OME-Zarr), ``.h5``, ``.png``…
    key
        Which array of a file that holds several (npz, HDF5).
    kind
        "image" or "labels"; by default what the array looks like.

    Raises
    ------
    InputError
        If the file is missing, of an unknown kind, damaged, or holds no array of numbers.
    OutOfMemoryError
        If the array is larger than the memory.
    """
    file = Path(path)
    if not file.exists():
        raise InputError(f"There is no file {str(file)!r}.")
    reader = _reader(file)
    try:
        data, axes, scale, unit = reader(file, key)
    except (InputError, OutOfMemoryError):
        raise
    except Exception as error:  # third-party readers raise anything on damaged files
        raise InputError(f"{file.name} cannot be read; it may be damaged or not be what its name says ({_first_line(error)}).") from error
    if data.dtype.kind not in "biuf" or data.size == 0:
        raise InputError(f"{file.name} holds no image: dtype {data.dtype}, shape {data.shape}.")
    keep = [i for i, n in enumerate(data.shape) if n > 1 or data.ndim <= 2]
    data = data.reshape([data.shape[i] for i in keep])
    return layer(_stem(file), data, kind=kind, axes="".join(axes[i] for i in keep), scale=[scale[i] for i in keep], unit=unit)


_Read = tuple[np.ndarray, str, list[float], str]


def _reader(file: Path) -> Callable[[Path, str | None], _Read]:
    name = file.name.lower()
    for suffixes, reader in _READERS.items():
        if name.endswith(suffixes):
            return reader
    known = ", ".join(suffix for suffixes in _READERS for suffix in suffixes)
    raise InputError(f"{file.name}: files of this kind cannot be read; known are {known}.")


def _read_tiff(file: Path, key: str | None) -> _Read:
    import tifffile

    _refuse_circle(file)
    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[0]
        _refuse_huge(series.shape, series.dtype)
        axes = _named(series.axes, series.ndim)
        steps, unit = _ome_steps(tiff.ome_metadata) if tiff.is_ome and tiff.ome_metadata else _imagej_steps(tiff)
        data = series.asarray()
    if axes.endswith("s"):
        raise InputError(f"{file.name} is a colour image: convert it to grey or to labels first.")
    return data, axes, [steps.get(axis, 1.0) for axis in axes], unit


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


def _ome_steps(xml: str) -> tuple[dict[str, float], str]:
    import tifffile

    pixels = tifffile.xml2dict(xml)["OME"]["Image"]
    pixels = (pixels[0] if isinstance(pixels, list) else pixels)["Pixels"]
    steps = {axis.lower(): float(pixels[f"PhysicalSize{axis}"]) for axis in "ZYX" if f"PhysicalSize{axis}" in pixels}
    unit = short_unit(str(pixels.get("PhysicalSizeXUnit", "um"))) if steps else ""
    return steps, unit


def _imagej_steps(tiff: Any) -> tuple[dict[str, float], str]:
    """ImageJ states pixels per unit in the resolution tags, and the spacing of planes by itself."""
    info = tiff.imagej_metadata
    if not info:
        return {}, ""
    steps, unit = {}, short_unit(str(info.get("unit", "")))
    tags = tiff.pages[0].tags
    for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
        if unit and tag in tags and tags[tag].value[0]:
            steps[axis] = tags[tag].value[1] / tags[tag].value[0]
    if steps and "spacing" in info:
        steps["z"] = abs(float(info["spacing"]))
    if not steps or min(steps.values()) < 1e-3 * max(steps.values()):  # left-overs of other programs, not a voxel size
        return {}, ""
    return steps, unit


def _read_nifti(file: Path, key: str | None) -> _Read:
    import nibabel

    image: Any = nibabel.load(file)  # type: ignore[attr-defined]
    shape, dtype = image.shape, image.get_data_dtype()
    if len(shape) > 4:
        raise InputError(f"{file.name} has {len(shape)} axes; up to 4 can be read.")
    _refuse_huge(shape, np.dtype(np.float64) if image.dataobj.slope not in (1, None) else dtype)
    data = np.asanyarray(image.dataobj).T
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    zooms = [float(zoom) for zoom in image.header.get_zooms()]
    unit = {"meter": "m", "mm": "mm", "micron": "um"}.get(image.header.get_xyzt_units()[0], "mm")  # NIfTI's custom: mm
    return np.ascontiguousarray(data), "tzyx"[-data.ndim :], zooms[::-1], unit


def _read_npy(file: Path, key: str | None) -> _Read:
    mapped = np.load(file, mmap_mode="r", allow_pickle=False)
    _refuse_huge(mapped.shape, mapped.dtype)
    return _plain(np.array(mapped))


def _read_npz(file: Path, key: str | None) -> _Read:
    with np.load(file, allow_pickle=False) as archive:
        name = _chosen(file, list(archive.files), key)
        with archive.zip.open(name + ".npy" if name + ".npy" in archive.zip.namelist() else name) as stream:
            version = np.lib.format.read_magic(stream)
            shape, _, dtype = _read_header(stream, version)
        _refuse_huge(shape, dtype)
        return _plain(archive[name])


def _read_header(stream: Any, version: tuple[int, int]) -> Any:
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)


def _read_hdf5(file: Path, key: str | None) -> _Read:
    try:
        import h5py
    except ImportError:
        raise InputError(f"{file.name}: HDF5 files need the package h5py (pip install h5py).") from None
    with h5py.File(file, "r") as store:
        names: list[str] = []
        store.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and item.ndim >= 2 else None)
        dataset: Any = store[_chosen(file, names, key)]
        if dataset.external or dataset.is_virtual:
            raise InputError(f"{file.name} takes its numbers from other files: refused.")
        _refuse_huge(dataset.shape, dataset.dtype)
        size = np.asarray(dataset.attrs.get("element_size_um", ()), dtype=float)
        data, axes, scale, unit = _plain(dataset[()])
    return (data, axes, size.tolist(), "um") if size.size == data.ndim else (data, axes, scale, unit)


def _read_zarr(file: Path, key: str | None) -> _Read:
    from shapelab.io.ngff import open_multiscale

    return open_multiscale(file)


def _read_picture(file: Path, key: str | None) -> _Read:
    from skimage.io import imread

    data = np.asarray(imread(file))
    if data.ndim > 2:
        raise InputError(f"{file.name} is a colour image: convert it to grey or to labels first.")
    return _plain(data)


_READERS: dict[tuple[str, ...], Callable[[Path, str | None], _Read]] = {
    (".tif", ".tiff"): _read_tiff,
    (".nii", ".nii.gz"): _read_nifti,
    (".npy",): _read_npy,
    (".npz",): _read_npz,
    (".h5", ".hdf5"): _read_hdf5,
    (".zarr",): _read_zarr,
    (".png", ".jpg", ".jpeg", ".bmp"): _read_picture,
}


def _plain(data: np.ndarray) -> _Read:
    return data, _named("", data.ndim), [1.0] * data.ndim, ""


def _named(axes: str, ndim: int) -> str:
    """Axes that a file does not name (Q, I) are the space axes that are missing."""
    axes = axes.lower()
    if len(axes) == ndim and set(axes) <= set("tczyxs"):
        return axes
    if ndim > 5:
        raise InputError(f"The image has {ndim} axes; up to 5 can be read.")
    return "tczyx"[-ndim:]


def _chosen(file: Path, names: list[str], key: str | None) -> str:
    if key is not None and key in names:
        return key
    if key is None and len(names) == 1:
        return names[0]
    wanted = f"has no array {key!r}" if key is not None else "holds several arrays or none"
    raise InputError(f"{file.name} {wanted}; it has {', '.join(names) or 'none'}: say which one.")


def _refuse_huge(shape: tuple[int, ...], dtype: Any) -> None:
    require_memory(math.prod(int(n) for n in shape) * max(1, np.dtype(dtype).itemsize))


def _stem(file: Path) -> str:
    name = file.name
    for suffix in (".ome.tif", ".ome.tiff", ".nii.gz", ".ome.zarr"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return file.stem


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
