"""Check the arguments of public functions once, by what their annotations say: a bad call is one sentence."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal, TypeVar

import numpy as np

from shapelab.arrays import has_coordinates, plain_array
from shapelab.errors import ArgumentError, OutOfMemoryError
from shapelab.limits import Limits

__all__ = ["Pixels", "as_array", "as_rows", "checked", "one_array", "shown"]

Function = TypeVar("Function", bound=Callable[..., Any])


Pixels = typing.Annotated[Any, "pixels"]
"""Annotation: an array of numbers, one per pixel, or what becomes one (a list, a dask array, a tensor)."""


_MOST = 2.0**63
"""Whole numbers beyond it do not fit the machine's."""


def checked(**limits: Limits) -> Callable[[Function], Function]:
    """Check every call of a function against its annotations before it begins.

    Numbers must be finite and no booleans, choices (`Literal`) one of those that there are, objects of the class that
    is named, arrays of numbers. Whole floats are taken where whole numbers are asked for. Arrays come in the machine's
    byte order; masked values count as background (0). An annotation that says nothing (`Any`) lets everything pass.

    Parameters
    ----------
    **limits
        Parameter -> values it may take.

    Raises
    ------
    ArgumentError
        At the call, with the parameter, what was received, and what is allowed.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        unknown = set(limits) - set(signature.parameters)
        if unknown:
            raise TypeError(f"{function.__qualname__} has no parameter {unknown}")
        hints: dict[str, Any] = {}

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                name = function.__qualname__.removesuffix(".__init__")
                raise ArgumentError(f"{name}: {error}. It takes {_names(signature)}.") from None
            if not hints:
                hints.update(_hints(function, signature))
            for name, value in bound.arguments.items():
                if name in hints:
                    value = _fitting(name, value, hints[name])
                    bound.arguments[name] = value
                if name in limits and value is not None:
                    _check_limits(name, value, limits[name])
            return function(*bound.args, **bound.kwargs)

        return typing.cast(Function, call)

    return decorate


def as_array(name: str, value: Any) -> np.ndarray:
    """Return an array of numbers, or say that it is none."""
    return np.asarray(_fitting(name, value, Pixels))


def one_array(name: str, value: Any) -> np.ndarray:
    """Return an array of anything, or say that it is none."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ArgumentError(f"{name} = {shown(value)} is not allowed; give one array, with rows of equal length.") from None


def as_rows(name: str, value: Any) -> np.ndarray:
    """Return a table of finite numbers, (n, d) with n and d at least 1, or say that it is none."""
    array = as_array(name, value).astype(float)
    if array.ndim != 2 or 0 in array.shape or not np.isfinite(array).all():
        raise ArgumentError(f"{name} = {shown(value)} is not allowed; give finite numbers: one row each, one column per axis.")
    return array


def shown(value: Any) -> str:
    """Return how a value looks in a sentence."""
    if hasattr(value, "columns") and hasattr(value, "index"):
        return f"<table of {len(value)} rows: {', '.join(map(str, list(value.columns)[:4]))}{'…' if len(value.columns) > 4 else ''}>"
    if hasattr(value, "dtype") and len(getattr(value, "shape", ())):
        return f"<array of shape {tuple(value.shape)}, {value.dtype}>"
    if isinstance(value, float | np.floating):
        return f"{float(value):g}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def _names(signature: inspect.Signature) -> str:
    named = [name for name, one in signature.parameters.items() if one.kind is not one.VAR_KEYWORD and name != "self"]
    return ", ".join(named) or "no arguments"


def _hints(function: Any, signature: inspect.Signature) -> dict[str, Any]:
    """Return parameter -> annotation, evaluated; one that cannot be evaluated is Any."""
    found = {}
    known = dict(vars(inspect.getmodule(function)))
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or name == "self":
            continue
        annotation = parameter.annotation
        if isinstance(annotation, str):
            if annotation.startswith("pd."):
                known["pd"] = import_module("pandas")
            try:
                annotation = eval(annotation, known)  # noqa: S307 (our own source, not the user's)
            except NameError:
                annotation = Any
        found[name] = annotation
    return found


class _Misfit(Exception):
    """A value does not fit an annotation; the text says what is allowed."""


def _fitting(name: str, value: Any, hint: Any) -> Any:
    """Return `value` as `hint` says."""
    try:
        return _converted(name, value, hint)
    except _Misfit as misfit:
        said = f"{name} = {shown(value)} is not allowed; it must be"
        raise ArgumentError(f"{said} {misfit}.", f"{said} {str(misfit).removesuffix(' or None')}.") from None


def _converted(name: str, value: Any, hint: Any) -> Any:
    if hint is Any or hint is inspect.Parameter.empty:
        return plain_array(name, value)
    if hint is Pixels:
        array = _array(name, value)
        if array.size == 0:
            raise ArgumentError(f"{name} is empty: it has no pixels, its shape is {array.shape}.")
        return array
    if hasattr(hint, "__metadata__"):  # a kind of value with a check of its own, such as Spacing
        return value
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(name, value, typing.get_args(hint))
    if origin is Literal:
        choices = typing.get_args(hint)
        if not isinstance(value, str | int) or isinstance(value, bool) or value not in choices:
            raise _Misfit(" or ".join(map(repr, choices)) if len(choices) < 3 else f"one of {', '.join(map(repr, choices))}")
        return value
    if origin in (collections.abc.Sequence, tuple, list):
        return _sequence(name, value, typing.get_args(hint), origin)
    if origin is not None:
        hint = origin
    return _simple(name, value, hint)


def _one_of(name: str, value: Any, hints: Sequence[Any]) -> Any:
    if value is None and type(None) in hints:
        return None
    allowed = []
    for hint in hints:
        if hint is type(None):
            continue
        try:
            return _converted(name, value, hint)
        except _Misfit as misfit:
            allowed.append(str(misfit))
    if type(None) in hints:
        allowed.append("None")
    raise _Misfit(" or ".join(dict.fromkeys(allowed)))


def _sequence(name: str, value: Any, hints: Sequence[Any], origin: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    several = len(hints) > 1 and hints[1] is not Ellipsis
    each = hints[0] if hints else Any
    text = f"{len(hints)} of them" if several else "a sequence"
    if not isinstance(value, list | tuple | range) or (several and len(value) != len(hints)):
        raise _Misfit(f"{text}, each {_meaning(each)}")
    try:
        found = [_converted(name, item, hint) for item, hint in zip(value, hints if several else [each] * len(value), strict=True)]
    except _Misfit as misfit:
        raise _Misfit(f"{text}, each {misfit}") from None
    return tuple(found) if origin is not list else found


def _simple(name: str, value: Any, hint: Any) -> Any:
    if hint is bool:
        fits = isinstance(value, bool | np.bool_)
        value = bool(value) if fits else value
    elif hint in (int, float):
        return _number(value, hint)
    elif hint is np.ndarray:
        return _array(name, value)
    elif hint in (collections.abc.Callable, Callable):
        fits = callable(value)
    elif isinstance(hint, type):
        fits = isinstance(value, os.PathLike if hint.__name__ == "Path" else hint)
    else:
        fits = True
    if not fits:
        raise _Misfit(_meaning(hint))
    return value


def _number(value: Any, hint: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise _Misfit(_meaning(hint))
    try:
        number = float(value)
    except OverflowError:
        raise _Misfit(_meaning(hint)) from None
    if not np.isfinite(number) or (hint is int and (number != int(number) or abs(number) >= _MOST)):
        raise _Misfit(_meaning(hint))
    return int(value) if hint is int else number


def _array(name: str, value: Any) -> Any:
    try:
        array = np.asarray(plain_array(name, value.values if has_coordinates(value) else value))
    except OutOfMemoryError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise _Misfit("an array of whole numbers, decimal numbers or booleans") from None
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise _Misfit("an array of whole numbers, decimal numbers or booleans")
    return array


def _meaning(hint: Any) -> str:
    plain = {
        bool: "True or False",
        int: "a whole number",
        float: "a finite number",
        str: "text",
        np.ndarray: "an array of whole numbers, decimal numbers or booleans",
    }
    if hint in plain:
        return plain[hint]
    if hint in (collections.abc.Callable, Callable):
        return "a function"
    name = getattr(hint, "__name__", str(hint))
    if name == "Path":
        return "a path"
    if name == "Mapping" or hint is Mapping:
        return "a mapping of names to values"
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def _check_limits(name: str, value: Any, limits: Limits) -> None:
    values = np.atleast_1d(np.asarray(value))
    if values.dtype.kind not in "biuf":
        return
    wrong = [one for one in values.ravel() if not limits.allow(one)]
    if wrong:
        raise ArgumentError(f"{name} = {shown(value)} is not allowed; choose {limits}.")
