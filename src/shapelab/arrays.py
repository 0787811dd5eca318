"""Arrays as users hand them in (lists, masked, in chunks, with coordinates), and as the kernels take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import ArgumentError, InputError

__all__ = ["has_coordinates", "is_lazy", "plain_array", "require_finite"]


def has_coordinates(data: Any) -> bool:
    """Tell whether `data` is an array with named axes and coordinates, such as an xarray DataArray."""
    return all(hasattr(data, name) for name in ("dims", "coords", "values", "attrs", "dtype"))


def is_lazy(data: Any) -> bool:
    """Tell whether `data` is an array in chunks that are read when they are asked for: dask, Zarr, HDF5."""
    return not isinstance(data, np.ndarray) and all(hasattr(data, name) for name in ("chunks", "shape", "dtype", "__getitem__"))


def plain_array(name: str, value: Any) -> Any:
    """Return an array as the kernels take it; what is not an array stays as it is.

    Masked values become 0 (background), foreign byte orders the machine's; an array in chunks is read if it fits into memory.

    Raises
    ------
    ArgumentError
        If it holds no numbers.
    OutOfMemoryError
        If it is in chunks and too large.
    """
    if isinstance(value, list):
        try:
            value = np.asarray(value)
        except ValueError:
            raise ArgumentError(f"{name} is a list whose rows have different lengths: give an array.") from None
    if has_coordinates(value):  # what reads it uses its coordinates
        return value
    if not hasattr(value, "__array__") or not hasattr(value, "dtype") or hasattr(value, "columns"):
        return value
    if isinstance(value, np.ma.MaskedArray):
        value = value.filled(0)
    if is_lazy(value):
        require_memory(int(np.prod(value.shape, dtype=float)) * np.dtype(value.dtype).itemsize)
    array = value if isinstance(value, np.ndarray) else _as_numpy(name, value)
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"{name} must hold whole numbers, decimal numbers or booleans; received an array of dtype {array.dtype}.")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def require_finite(what: str, array: np.ndarray) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    InputError
        If there are any; `what` is what the array is called in the sentence, such as "image".
    """
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"The {what} contains values that are not finite (NaN or infinity): replace them first.")


def _as_numpy(name: str, value: Any) -> np.ndarray:
    """Return an array of another library; a tensor of torch from wherever it lies, without its gradient."""
    try:
        if hasattr(value, "detach") and hasattr(value, "cpu"):
            value = value.detach().cpu()
            value = value.to_dense() if getattr(value, "is_sparse", False) else value
            value = value.float() if "bfloat16" in str(value.dtype) else value
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ArgumentError(f"{name} cannot be read as an array ({said}): give one of NumPy.") from None
