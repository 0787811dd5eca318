"""What a user hands in, an array or a layer, checked at once and made a field when the run starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.arguments import one_array
from shapelab.arrays import require_finite
from shapelab.convert.given_layer import parts_of
from shapelab.convert.mask import as_mask
from shapelab.convert.spacing import as_spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData

__all__ = ["Given", "Start", "given"]


@dataclass(frozen=True)
class Given:
    """A volume with its voxel size."""

    data: np.ndarray
    """Boolean mask, labels, grey image or field in about [-1, 1], shape (z, y, x)."""
    spacing: tuple[float, ...] | None
    """Voxel size (z, y, x), None if unknown."""
    unit: str | None
    kind: str
    """"mask", "image" or "field"."""

    @property
    def voxel_size(self) -> float | None:
        """Size of the cubic voxels it will be resampled to: the smallest of its own."""
        return None if self.spacing is None else min(self.spacing)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape on cubic voxels."""
        steps = self.spacing or (1.0, 1.0, 1.0)
        z, y, x = (max(1, round(n * step / min(steps))) for n, step in zip(self.data.shape, steps, strict=True))
        return z, y, x

    def as_field(self, interface_width: float) -> np.ndarray:
        """Return the phase field of it on cubic voxels: smoothed signed distance of the mask, of the bright part of an image."""
        from shapelab.convert.field import mask_to_isotropic_field
        from shapelab.convert.resample import resample_isotropic

        steps = self.spacing or (1.0, 1.0, 1.0)
        if self.kind == "field":
            return np.asarray(resample_isotropic(self.data, steps)[0], dtype=np.float32)
        return mask_to_isotropic_field(self._mask(), steps, width=interface_width)[0]

    def as_mask(self) -> np.ndarray:
        """Return it as a boolean mask on cubic voxels."""
        from shapelab.convert.resample import resample_isotropic

        return np.asarray(resample_isotropic(self._mask(), self.spacing or 1.0)[0])

    def as_layer(self, name: str) -> LayerData:
        """Return it as the layer it came from."""
        meta: dict[str, Any] = {} if self.spacing is None else {"scale": self.spacing}
        if self.unit is not None:
            meta["units"] = (self.unit,) * 3
        return LayerData(name, self.data, "labels" if self.kind == "mask" else "image", meta)

    def _mask(self) -> np.ndarray:
        if self.kind == "mask":
            return np.asarray(self.data != 0)
        if self.kind == "field":
            return np.asarray(self.data > 0)
        from skimage.filters import threshold_otsu

        threshold = threshold_otsu(self.data)  # type: ignore[no-untyped-call]
        return as_mask(self.data > threshold)


@dataclass(frozen=True)
class Start:
    """All that a run may be given beside its parameters."""

    initial: Given | None = None
    clamped: Given | None = None
    """Where the field stays as it starts."""
    target: Given | None = None
    """What the fidelity term pulls towards."""
    fields: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Parameters that vary in space: name -> array that broadcasts to (z, y, x)."""

    def __bool__(self) -> bool:
        return bool(self.initial or self.clamped or self.target or self.fields)

    def layers(self) -> dict[str, LayerData]:
        """Return the arrays by the name of the argument that takes them, "fields.a20" for an item of `fields`."""
        named = {"initial": self.initial, "clamped": self.clamped, "target": self.target}
        layers = {name: volume.as_layer(name) for name, volume in named.items() if volume is not None}
        return layers | {f"fields.{name}": LayerData(name, array, "image") for name, array in self.fields.items()}


def given(source: Any, what: str = "starting shape") -> Given:
    """Check an array, a `LayerData`, or a ``(data, meta, kind)`` triple.

    Booleans and whole numbers are masks or labels (all but 0 is inside) unless the layer is an image. Fractional
    numbers of both signs within [-2, 2] are a field; other images are cut at Otsu's threshold.

    Raises
    ------
    InputError
        In one sentence, if it is not a volume, or has no surface in it.
    """
    data, meta, layer_kind = parts_of(source)
    array = one_array(what, data)
    if array.dtype.kind not in "bufi":
        raise InputError(f"The {what} must be an array of numbers; received {type(data).__name__} of dtype {array.dtype}.")
    if meta.get("rgb") or (array.ndim in (3, 4) and array.shape[-1] in (3, 4) and array.dtype == np.uint8 and min(array.shape[:-1]) > 4):
        raise InputError(f"The {what} looks like a colour (RGB) image of shape {array.shape}: take one channel, or segment it first.")
    if array.ndim != 3:
        raise InputError(f"The {what} must be a volume with axes (z, y, x); received an array of shape {array.shape}.")
    if min(array.shape) < 2:
        raise InputError(f"The {what} has only one voxel along an axis (shape {array.shape}): textures need a volume.")
    require_finite(what, array)
    spacing = as_spacing(meta["scale"][-3:], 3) if meta.get("scale") is not None else None
    return Given(array, spacing, _unit(meta), _kind(array, layer_kind, what))


def _unit(meta: Mapping[str, Any]) -> str | None:
    units = meta.get("units")
    return str(units if isinstance(units, str) else units[-1]) if units is not None else None


def _kind(array: np.ndarray, layer_kind: str | None, what: str) -> str:
    if (array.dtype.kind == "f" and np.any(array != np.rint(array))) or (layer_kind == "image" and array.dtype.kind != "b"):
        low, high = float(array.min()), float(array.max())
        if low == high:
            raise InputError(f"The {what} has the same value {low:g} everywhere: there is no shape in it.")
        return "field" if -2 <= low < 0 < high <= 2 else "image"
    as_mask(array)
    return "mask"
