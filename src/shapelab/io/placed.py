"""An image with its place: what its axes are, where its voxels lie in the world, and what is to be said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.frame import LayerData, LayerKind
from shapelab.units import conversion, is_length, seconds, short_unit

__all__ = ["AXES", "PlacedImage", "are_channels_last", "named_axes", "narrowed", "on_axes", "require_side_by_side"]

AXES = "tczyx"
"""Every axis an image may have, in the order in which its array has them."""
_CHANNELS = 4
"""Most entries of a last axis of channels."""
_PIXELS = 16
"""Pixels that the two axes before it then have at the least."""
_PILE, _AT_ONCE = 100, 1_000_000_000
"""How many times over the areas of a file may fill its image, and pixels that they may fill in any case."""
_SHOWN = ("um", "nm", "mm", "cm", "m", "pm", "angstrom")
"""Units of length that are kept; others are converted to mm."""


@dataclass(frozen=True, eq=False)
class PlacedImage:
    """An array whose axes are known, and where it lies."""

    data: Any
    """The array (NumPy or dask), with as many axes as `axes` has letters."""
    axes: str
    """One letter per axis: t (time), c (channel), z, y, x, in this order."""
    place: Place
    """Where the axes z, y, x (or y, x) lie, in one unit."""
    interval: float = 1.0
    """Time between frames [s], 1 if the file does not state it."""
    timed: bool = False
    """Whether `interval` is in seconds, as the file says; else frames are counted, or times have no unit that is known."""
    notes: tuple[str, ...] = ()
    """In sentences: what was taken for granted, converted or left out."""
    kind: LayerKind | None = None
    """What the file says it is, if it does."""
    names: Mapping[int, str] = field(default_factory=dict)
    """What the file calls its labels."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What the file states of labels 1, 2, 3… (crystal orientations, phases…), by the names that a layer has for them."""

    def still(self, frame: int | None = None, channel: int | None = None) -> PlacedImage:
        """Return one frame and one channel, where they are asked for; an axis that is left has all its entries.

        Raises
        ------
        InputError
            If there is no such frame or channel.
        """
        image = self
        for axis, name, chosen in (("t", "frame", frame), ("c", "channel", channel)):
            if chosen is None:
                continue
            count = int(image.data.shape[image.axes.index(axis)]) if axis in image.axes else 1
            if not 0 <= chosen < count:
                there = f"{name}s 0 to {count - 1}" if count > 1 else f"one {name}, number 0"
                raise InputError(f"There is no {name} {chosen}: the image has {there}.")
            if axis in image.axes:
                index = (slice(None),) * image.axes.index(axis) + (int(chosen),)
                said = f"{name.capitalize()} {chosen} of 0 to {count - 1} was taken."
                image = replace(image, data=image.data[index], axes=image.axes.replace(axis, ""), notes=(*image.notes, said))
        return image

    def layer(self, name: str, kind: LayerKind) -> LayerData:
        """Return it as a layer that a viewer shows where it lies."""
        lead = len(self.axes) - self.place.ndim
        unit = self.place.unit or "pixel"
        meta: dict[str, Any] = dict(self.place.meta())
        meta["scale"] = tuple(self.interval if axis == "t" else 1.0 for axis in self.axes[:lead]) + self.place.spacing
        if "affine" in meta:
            affine = np.eye(len(self.axes) + 1)
            affine[lead:, lead:] = meta["affine"]
            meta["affine"] = affine
        elif any(meta["translate"]):
            meta["translate"] = (0.0,) * lead + tuple(meta["translate"])
        else:
            del meta["translate"]
        own = {"t": "second" if self.timed else "pixel", "c": "pixel"}
        meta["units"] = tuple(own.get(axis, unit) for axis in self.axes)
        meta["axis_labels"] = tuple(self.axes)
        if self.names and kind == "labels":
            meta["features"] = {"index": [0, *self.names], "name": ["", *self.names.values()]}
        if self.notes or self.known:
            meta["metadata"] = {**self.known, **({"notes": self.notes} if self.notes else {})}
        return LayerData(name, self.data, kind, meta)


def require_side_by_side(name: str, filled: int, pixels: int) -> None:
    """Refuse a file whose areas fill an image again and again: a small one would take hours; raises InputError."""
    if filled > max(_AT_ONCE, _PILE * pixels):
        raise InputError(f"{name}: its areas lie over one another and fill the image {filled / pixels:.0f} times: refused.")


def narrowed(values: np.ndarray) -> np.ndarray:
    """Return whole numbers of 64 bits as ones of 32 where these hold them all."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return values.astype(np.int32) if low >= -(2**31) and high < 2**31 else values


def named_axes(shape: Sequence[int]) -> str:
    """Return letters for the axes of an array of which nothing is known.

    They are the last ones of "tczyx", "-" for a single plane, and "c" for a last axis that is far too short for x.
    """
    if are_channels_last(shape):
        return f"{_letters(shape[:-1], 'tzyx')}c"
    return _letters(shape, AXES)


def _letters(shape: Sequence[int], axes: str) -> str:
    wide = [n > 1 for n in shape] if len(shape) > 2 else [True] * len(shape)
    if sum(wide) < 2:
        wide = [i >= len(shape) - 2 for i in range(len(shape))]
    if sum(wide) > len(axes):
        raise InputError(f"The image has {len(shape)} axes; up to {len(axes)} can be read.")
    letters = iter(axes[-sum(wide) :])
    return "".join(next(letters) if kept else "-" for kept in wide)


def are_channels_last(shape: Sequence[int]) -> bool:
    """Return whether the last axis of an array has so few entries beside the others that they are channels, not pixels."""
    return len(shape) > 2 and 2 <= shape[-1] <= _CHANNELS and min(shape[-3:-1]) >= _PIXELS


def on_axes(
    data: Any,
    axes: str,
    steps: Mapping[str, float] | None = None,
    units: Mapping[str, str] | str = "",
    starts: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    kind: LayerKind | None = None,
) -> PlacedImage:
    """Return an image from what is stated along each of its axes.

    Parameters
    ----------
    data
        The array, its axes in any order.
    axes
        One letter of "tczyx" per axis; "-" for a single plane that means nothing.
    steps, starts
        By axis: the distance between planes (1 if missing) and the place of the first (0 if missing).
    units
        By axis, or one for all axes of space; all are converted to that of x.
    notes, kind
        As in `PlacedImage`.

    Raises
    ------
    InputError
        If there are no pixels, an axis is unknown or named twice, a step is not positive and finite, or units cannot be converted.
    """
    if 0 in data.shape:
        raise InputError(f"It has no pixels: its shape is {tuple(data.shape)}.")
    steps, starts = dict(steps or {}), dict(starts or {})
    for axis in axes:
        step, start = steps.get(axis, 1.0), starts.get(axis, 0.0)
        if not (math.isfinite(step) and step > 0 and math.isfinite(start)):
            raise InputError(
                f"It states a step of {step:g} along {axis}, from {start:g}: a voxel size must be positive: correct it where it is from."
            )
    data, axes, said = _ordered(data, axes, starts)
    space = [axis for axis in axes if axis in "zyx"]
    named = dict.fromkeys(space, units) if isinstance(units, str) else {axis: units.get(axis, "") for axis in space}
    unit, factors, converted = _one_unit(named, {axis for axis in space if axis in steps})
    sizes = {axis: float(f"{steps.get(axis, 1.0) * factors[axis]:.15g}") if factors[axis] != 1 else steps.get(axis, 1.0) for axis in space}
    if unit and (missing := [axis for axis in space if axis not in steps]):
        width = sizes["x"] if "x" in steps else 1.0
        taken = 1.0 if 1e-3 <= width <= 1e3 else width  # one of the unit, as is the custom, where a voxel may look like that
        sizes |= dict.fromkeys(missing, taken)
        converted.append(f"It states no voxel size along {', '.join(missing)}: {taken:g} {unit} was taken.")
    place = Place.of([sizes[a] for a in space], [starts.get(a, 0.0) * factors[a] for a in space], unit)
    second, said_of_time = _second(units, "t" in axes and "t" in steps)
    interval = steps.get("t", 1.0) * (second or 1.0)
    return PlacedImage(data, axes, place, interval, second is not None, (*notes, *said, *converted, *said_of_time), kind)


def _second(units: Mapping[str, str] | str, stated: bool) -> tuple[float | None, list[str]]:
    """Return the unit of the time between frames [s], None if none is stated or known, and what is to be said."""
    unit = "" if isinstance(units, str) or not stated else units.get("t", "")
    if not short_unit(unit):
        return None, []
    known = seconds(unit)
    return known, [] if known else [f"Its unit {unit!r} is not a known unit of time: times are as the file states them, without a unit."]


def _ordered(data: Any, axes: str, starts: Mapping[str, float]) -> tuple[Any, str, list[str]]:
    """Return the array with its axes in the order of `AXES`, without single planes: a stack of one slice is flat."""
    known = [axis for axis in axes if axis != "-"]
    if len(axes) != data.ndim or len(set(known)) < len(known) or not set(known) <= set(AXES):
        raise InputError(f"It names the axes {', '.join(axes)} for an array of shape {tuple(data.shape)}; known axes: {', '.join(AXES)}.")
    dropped = [i for i, axis in enumerate(axes) if axis == "-" or (axis in "tcz" and data.shape[i] == 1)]
    letters = "".join(axis for i, axis in enumerate(axes) if i not in dropped)
    if not set("yx") <= set(letters):
        raise InputError(f"An image needs the axes y and x; this array of shape {tuple(data.shape)} has {', '.join(axes)}.")
    if dropped:
        data = data[tuple(0 if i in dropped else slice(None) for i in range(data.ndim))]
    order = sorted(range(len(letters)), key=lambda i: AXES.index(letters[i]))
    if order != list(range(len(letters))):
        data = data.transpose(order)
    single = "z" in axes and "z" not in letters and starts.get("z", 0.0)
    return data, "".join(letters[i] for i in order), [f"Its one slice at z = {single:g} was read as a 2-D image."] if single else []


def _one_unit(stated_units: Mapping[str, str], stated: set[str]) -> tuple[str, dict[str, float], list[str]]:
    """Return one unit for all axes, the factor to it by axis, and what is to be said; an axis of unstated size takes that of the others."""
    units = {axis: short_unit(unit) for axis, unit in stated_units.items() if axis in stated or not stated}
    factors = dict.fromkeys(stated_units, 1.0)
    kinds = list(dict.fromkeys(reversed(units.values())))  # that of x first
    if not kinds or kinds == [""]:
        return "", factors, []
    if not all(is_length(unit) for unit in kinds):
        if len(kinds) > 1:
            named = ", ".join(f"{axis}: {unit or 'pixel'}" for axis, unit in units.items())
            raise InputError(f"Its units ({named}) cannot be converted to one.")
        return "", factors, [f"Its unit {kinds[0]!r} is not a known unit of length: lengths are as the file states them, without a unit."]
    target = kinds[0] if kinds[0] in _SHOWN else "mm"
    for axis, unit in units.items():
        factors[axis] = float(f"{conversion(unit, target):.12g}")  # 1e-6 / 1e-9 is 999.9999999999999
    said = [f"Lengths in {', '.join(sorted(others))} were converted to {target}."] if (others := set(kinds) - {target}) else []
    return target, factors, said
