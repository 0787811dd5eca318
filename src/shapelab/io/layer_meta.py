"""What a file may say about where a layer lies and how it looks: known entries of the right kind, nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from shapelab.errors import InputError
from shapelab.units import long_unit, short_unit

__all__ = ["check_place", "plain_meta"]

_RENDERINGS = ["translucent", "additive", "iso", "mip", "minip", "attenuated_mip", "average"]
_BLENDINGS = ["opaque", "translucent", "translucent_no_depth", "additive", "minimum", "multiplicative"]
_INTERPOLATIONS = ["nearest", "linear", "cubic", "spline36", "lanczos", "gaussian"]
_SYMBOLS = ["arrow", "clobber", "cross", "diamond", "disc", "hbar", "ring", "square", "star", "tailed_arrow"]
_SYMBOLS += ["triangle_down", "triangle_up", "vbar", "x"]
_COLORMAPS = ["gray", "viridis", "magma", "inferno", "plasma", "turbo", "twilight", "red", "green", "blue", "cyan", "magenta", "yellow"]
_DEEPEST = 3
"""Lists within lists that an entry may be."""
_COLOURS = ["white", "black", "gray", "red", "green", "blue", "cyan", "magenta", "yellow", "orange", "transparent"]


def plain_meta(meta: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what of the place and look of an "image", "labels" or "points" layer is known, plain data, and fit for a viewer."""
    found = {}
    for key, sound in (_PLACE | _LOOKS[kind]).items():
        if key in meta and (plain := _plain(meta[key])) is not None and sound(plain):
            found[key] = plain
    return found


def check_place(meta: Mapping[str, Any], ndim: int, name: str) -> None:
    """Refuse a scale, place, units or names of axes that are not those of an array with `ndim` axes.

    Raises
    ------
    InputError
        Naming the layer and the entry.
    """
    for key in ("scale", "translate", "units", "axis_labels"):
        value = meta.get(key)
        if isinstance(value, list) and len(value) != ndim:
            raise InputError(f"The layer {name!r} has the {key} {value} for {ndim} axes.")
    if any(step <= 0 for step in meta.get("scale", ())):
        raise InputError(f"The layer {name!r} has the scale {meta['scale']}: steps must be more than 0.")


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        items = [_plain(item, depth + 1) for item in value[:17]]
        return None if any(item is None for item in items) or len(items) > 16 else items
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    return str(value) if type(value).__name__ == "Unit" else None


def _number(low: float = -1e30, high: float = 1e30) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _all(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(one, value))


def _one_of(words: list[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64


def _unit(value: Any) -> bool:
    return isinstance(value, str) and (short_unit(value) == "" or long_unit(value) is not None)


def _colour(value: Any) -> bool:
    if isinstance(value, str):
        return value in _COLOURS or re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None
    return _all(_number(0, 1))(value) and len(value) in (3, 4)


_PLACE: dict[str, Callable[[Any], bool]] = {
    "scale": _all(_number()),
    "translate": _all(_number()),
    "units": lambda value: _unit(value) or _all(_unit)(value),
    "axis_labels": _all(_word),
    "opacity": _number(0, 1),
    "blending": _one_of(_BLENDINGS),
    "visible": lambda value: isinstance(value, bool),
}
_LOOKS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "image": {
        "contrast_limits": lambda value: _all(_number())(value) and len(value) == 2 and value[0] < value[1],
        "colormap": _one_of(_COLORMAPS),
        "rendering": _one_of(_RENDERINGS),
        "iso_threshold": _number(),
        "gamma": _number(0.01, 100),
        "interpolation2d": _one_of(_INTERPOLATIONS),
        "interpolation3d": _one_of(_INTERPOLATIONS),
    },
    "labels": {"rendering": _one_of(["translucent", "iso_categorical"])},
    "points": {
        "size": _number(0),
        "face_color": _colour,
        "border_color": _colour,
        "border_width": _number(0),
        "symbol": _one_of(_SYMBOLS),
    },
}
