"""Label images in files for other programs: OME-TIFF, NIfTI, HDF5. Nothing is overwritten, and every id stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.io.nifti import write_nifti
from shapelab.io.output import new_file
from shapelab.units import conversion, is_length, shown_unit

__all__ = ["LABEL_SUFFIXES", "label_suffix", "write_labels"]

LABEL_SUFFIXES = (".tif", ".tiff", ".nii", ".nii.gz", ".h5", ".hdf5")


def label_suffix(path: Path) -> str:
    """Return the suffix of a file of labels, "" if it has another."""
    return next((suffix for suffix in sorted(LABEL_SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(suffix)), "")


def write_labels(path: str | Path, labels: np.ndarray, place: Place, columns: Mapping[str, np.ndarray] | None = None) -> Path:
    """Write a label image (z, y, x) or (y, x) with its voxel size.

    Parameters
    ----------
    path
        - ``.tif``: OME-TIFF; it states no place.
        - ``.nii``, ``.nii.gz``: with its place.
        - ``.h5``: ``labels`` with its voxel size and axes, and beside it ``grains`` with `columns`; it states no place.
    labels
        Whole numbers, none negative.
    place
        Where the pixels lie.
    columns
        For HDF5: what is known of every label, by name.

    Raises
    ------
    InputError
        If the suffix is another, the format cannot hold the labels, or the file exists or cannot be written.
    """
    file = Path(path)
    suffix = label_suffix(file)
    if not suffix:
        raise InputError(f"{file.name} must end in {', '.join(LABEL_SUFFIXES)}.")
    narrow = _narrow(labels)
    if suffix.startswith(".nii"):
        with new_file(file) as partial:
            write_nifti(partial, narrow, place, "labels")
    elif suffix.startswith(".tif"):
        with new_file(file) as partial:
            _tiff(partial, narrow, place, file.name)
    else:
        with new_file(file) as partial:
            _hdf5(partial, narrow, place, columns or {})
    return file


def _narrow(labels: np.ndarray) -> np.ndarray:
    """Return labels of the smallest type that image programs read and that holds them."""
    top = int(labels.max(initial=0))
    for dtype in (np.uint16, np.uint32):
        if top <= np.iinfo(dtype).max:
            return labels.astype(dtype)
    return labels.astype(np.uint64)


def _tiff(file: Path, labels: np.ndarray, place: Place, name: str) -> None:
    import tifffile

    if labels.dtype == np.uint64:
        raise InputError(f"{name}: TIFF holds ids up to 4,294,967,295; the largest here is {labels.max()}: write .nii or .h5.")
    axes = "ZYX"[-labels.ndim :]
    metadata: dict[str, object] = {"axes": axes, "Name": "labels"}
    for axis, step in zip(axes, place.spacing, strict=True):
        metadata[f"PhysicalSize{axis}"] = float(step)
        if is_length(place.unit):
            metadata[f"PhysicalSize{axis}Unit"] = shown_unit(place.unit)
    tifffile.imwrite(file, labels, ome=True, photometric="minisblack", compression="zlib", metadata=metadata)


def _hdf5(partial: Path, labels: np.ndarray, place: Place, columns: Mapping[str, np.ndarray]) -> None:
    import h5py

    with h5py.File(partial.name, "w", driver="core", backing_store=False) as store:  # on a full disk the library takes the program down
        dataset = store.create_dataset("labels", data=labels, compression="gzip")
        for dim, axis in zip(dataset.dims, "zyx"[-labels.ndim :], strict=True):
            dim.label = axis
        if is_length(place.unit):
            dataset.attrs["element_size_um"] = np.array(place.spacing) * conversion(place.unit, "um")
        grains = store.create_group("grains")
        for name, values in columns.items():
            column = np.asarray(values)
            grains.create_dataset(name, data=column.astype(str).astype(h5py.string_dtype()) if column.dtype.kind in "UO" else column)
        store.flush()
        partial.write_bytes(store.id.get_file_image())
