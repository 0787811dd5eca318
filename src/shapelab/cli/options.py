"""Command line options made from the declaration of a model's parameters."""

from __future__ import annotations

import argparse
import types
from typing import Any, Union, get_args, get_origin

from shapelab.parameters import ParameterInfo, Parameters

__all__ = ["add_parameters", "given_parameters"]

_PREFIX = "parameter_"


def add_parameters(parser: argparse.ArgumentParser, parameters_type: type[Parameters]) -> None:
    """Add one option per field: ``interface_width`` becomes ``--interface-width``."""
    groups = {main: parser.add_argument_group(title) for main, title in ((True, "main parameters"), (False, "further parameters"))}
    for name, info in parameters_type.infos().items():
        options: dict[str, Any] = {"metavar": _metavar(info), "help": _help(info), "dest": _PREFIX + name, "default": argparse.SUPPRESS}
        if (count := _length(info.annotation)) is not None:
            options["nargs"] = count
        groups[info.main].add_argument(f"--{name.replace('_', '-')}", **options)


def given_parameters(parsed: argparse.Namespace, parameters_type: type[Parameters]) -> dict[str, Any]:
    """Return the parameters that the command line gives; the values are validated where the parameters are made."""
    given = {}
    for name, info in parameters_type.infos().items():
        if hasattr(parsed, _PREFIX + name):
            given[name] = _value(getattr(parsed, _PREFIX + name), info)
    return given


def _value(text: Any, info: ParameterInfo) -> Any:
    if isinstance(text, list):
        return tuple(text)
    if info.choices is not None:
        return next((choice for choice in info.choices if str(choice) == text), text)
    return None if text.lower() == "none" and type(None) in get_args(info.annotation) else text


_EMPTY = {"leave it empty": "give none", "Leave it empty": "Give none", "if left empty": "by default"}
"""What a form says of an empty field, as the command line says it."""


def _length(annotation: Any) -> int | str | None:
    """Number of words of an option: of a tuple its length, "+" if it is open, None for a single value."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next((n for item in get_args(annotation) if (n := _length(item)) is not None), None)
    if get_origin(annotation) not in (tuple, list):
        return None
    items = get_args(annotation)
    return "+" if Ellipsis in items or get_origin(annotation) is list else len(items)


def _metavar(info: ParameterInfo) -> Any:
    count = _length(info.annotation)
    if count == 3:
        return ("Z", "Y", "X")
    if info.choices is not None:
        return "{" + ",".join(map(str, info.choices)) + "}"
    return "{True,False}" if info.annotation is bool else "VALUE"


def _help(info: ParameterInfo) -> str:
    details = [info.unit] if info.unit else []
    if info.default not in (None, ""):
        default = info.default if isinstance(info.default, tuple) else (info.default,)
        details.append("default " + " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in default))
    told = f" ({'; '.join(details)})" if details else ""
    description = info.description
    for in_a_form, here in _EMPTY.items():
        description = description.replace(in_a_form, here)
    return f"{description}{told}".replace("%", "%%")
