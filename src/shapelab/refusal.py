"""Why a value is refused: in a sentence for scripts, and in one for someone who typed it into a form or a terminal."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from shapelab.parameter_info import ParameterInfo, figure

__all__ = ["allowed_words", "either", "plain_sentences", "python_sentences"]

_OWN_REASON = ("value_error", "assertion_error")
"""Kinds of error whose message a validator of ours has written."""


def python_sentences(infos: Mapping[str, ParameterInfo], error: ValidationError) -> str:
    """Return one sentence per refused value, with values as Python writes them."""
    sentences = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "extra_forbidden":
            sentences.append(f"There is no parameter {name!r}; known parameters: {', '.join(infos)}.")
            continue
        info = infos.get(name)
        where = f"{name} = {_short(item['input'])}" if name else "The parameters"
        allowed = info.allowed if info else ""
        reason = item["msg"].removeprefix("Value error, ")
        reason = reason[:1].lower() + reason[1:]
        if item["type"] in ("missing", "too_long", "tuple_type") and (count := _count(info)):
            reason = f"it must be {count} values"
        sentences.append(f"{where} is not allowed: {f'it must be {allowed}' if allowed and len(item['loc']) == 1 else reason}.")
    return " ".join(sentences)


def _count(info: ParameterInfo | None) -> int:
    """Return how many values a field of fixed length takes, 0 for any other field."""
    arguments = get_args(info.annotation) if info is not None and get_origin(info.annotation) is tuple else ()
    return 0 if Ellipsis in arguments else len(arguments)


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain_sentences(infos: Mapping[str, ParameterInfo], error: ValidationError) -> str:
    """Return one sentence per refused value, such as "mass: 7 is not allowed, choose a number between -1 and 1."."""
    return " ".join(_sentence(infos, item) for item in error.errors())


def _sentence(infos: Mapping[str, ParameterInfo], item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else ""
    reason = item["msg"].removeprefix("Value error, ").rstrip(".")
    if item["type"] == "extra_forbidden":
        return f"There is no parameter {_words(name)}; there are {', '.join(map(_words, infos))}."
    if name not in infos:
        return f"{reason[:1].upper()}{reason[1:]}."
    value = f"{_words(name)}: {_typed(item['input'])} is not allowed"
    if item["type"] in _OWN_REASON:
        return f"{value}: {reason[:1].lower()}{reason[1:]}."
    return f"{value}, choose {allowed_words(infos[name])}."


def allowed_words(info: ParameterInfo) -> str:
    """Return what a field takes, in words, such as "a whole number of at least 1, or none"."""
    kind, optional = _bare(info.annotation)
    return _kind(kind, info) + (", or none" if optional else "")


def either(choices: Sequence[object]) -> str:
    """Return "a, b or c"."""
    *first, last = map(str, choices)
    return f"{', '.join(first)} or {last}" if first else last


def _kind(kind: Any, info: ParameterInfo) -> str:
    if get_origin(kind) is Literal:
        return either(get_args(kind))
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return f"a {'whole ' if kind is int else ''}number{_limits(info)}"
    items = get_args(kind)
    if get_origin(kind) is tuple and Ellipsis not in items:
        return f"{len(items)} {'whole ' if int in items else ''}numbers"
    return "text" + _example(info)


def _limits(info: ParameterInfo) -> str:
    low, high, unit = info.minimum, info.maximum, f" {info.unit}" if info.unit else ""
    if low is not None and high is not None:
        ends = [figure(value) for value, excluded in ((low, info.open_minimum), (high, info.open_maximum)) if excluded]
        return f" between {figure(low)} and {figure(high)}{unit}" + (f" ({' and '.join(ends)} excluded)" if ends else "")
    if low is not None:
        return f" {'above' if info.open_minimum else 'of at least'} {figure(low)}{unit}"
    return "" if high is None else f" {'below' if info.open_maximum else 'of at most'} {figure(high)}{unit}"


def _example(info: ParameterInfo) -> str:
    return f" such as {info.default}" if isinstance(info.default, str) and info.default else ""


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was in it."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _words(name: str) -> str:
    return name.replace("_", " ")


def _typed(value: object, limit: int = 60) -> str:
    """Write a value as one types it."""
    if isinstance(value, list | tuple):
        text = " ".join(map(_typed, value))
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = "none" if value is None else str(value) or "nothing"
    return text if len(text) <= limit else text[: limit - 1] + "…"
