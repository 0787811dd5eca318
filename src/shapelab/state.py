"""State: plain data that evolves; packed it is a checkpoint, from which a run resumes bit for bit."""

from __future__ import annotations

import copy
import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from shapelab.errors import InputError
from shapelab.parameters import Parameters

__all__ = ["State"]


@dataclass
class State:
    """What a model's ``step`` works on.

    Subclasses are dataclasses whose fields are arrays (NumPy or torch), numbers, strings, None, lists and
    string-keyed dictionaries of these, nested dataclasses registered as the field's type, and nothing else:
    so that a state can be saved without executing anything on reading.
    """

    parameters: Parameters
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    step: int = 0
    time: float = 0.0

    def copy(self) -> Self:
        """Return an independent copy: stepping one leaves the other as it is."""
        return copy.deepcopy(self)

    def pack(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``(plain, arrays)``: JSON-ready data, and the arrays it refers to by name."""
        arrays: dict[str, np.ndarray] = {}
        plain: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            plain[item.name] = _pack(getattr(self, item.name), item.name, arrays)
        return plain, arrays

    @classmethod
    def unpack(cls, plain: dict[str, Any], arrays: dict[str, np.ndarray], parameters: Parameters) -> Self:
        """Make a state from what `pack` returned; `parameters` are the validated ones that go with it."""
        fields = {item.name for item in dataclasses.fields(cls)}
        if set(plain) != fields:
            raise InputError(f"This checkpoint does not belong to {cls.__name__}: expected {sorted(fields)}, received {sorted(plain)}.")
        left = dict(arrays)
        values = {name: _unpack(value, left) for name, value in plain.items() if name != "parameters"}
        hints = _hints(cls)
        for name, value in values.items():
            if not _fits(value, hints.get(name, Any)):
                raise InputError(f"This checkpoint is damaged: {name} is a {type(value).__name__}.")
        return cls(parameters=parameters, **values)


def _pack(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Parameters):
        return value.to_json()
    if isinstance(value, np.random.Generator):
        return {"generator": value.bit_generator.state}
    if isinstance(value, list | tuple):
        return [_pack(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {"dict": {str(k): _pack(v, f"{path}.{k}", arrays) for k, v in value.items()}}
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path}
    if hasattr(value, "detach"):  # a torch tensor, without importing torch
        arrays[path] = value.detach().cpu().numpy()
        return {"array": path}
    if hasattr(value, "numpy"):  # an array on a device, without importing Warp
        arrays[path] = value.numpy()
        return {"array": path}
    raise TypeError(f"{path}: a state cannot hold a {type(value).__name__}")


def _unpack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays.pop(value["array"]).copy()  # each belongs to one place: a small file must not be held many times
    if "dict" in value:
        return {k: _unpack(v, arrays) for k, v in value["dict"].items()}
    if "generator" in value:
        rng = np.random.default_rng()
        rng.bit_generator.state = value["generator"]
        return rng
    raise InputError(f"This checkpoint holds something unknown: {sorted(value)}.")


def _hints(cls: type[State]) -> dict[str, Any]:
    """Return what the fields of a state are declared to hold, as far as that can be told."""
    try:
        return typing.get_type_hints(cls)
    except NameError:  # a class of a user's own, declared within a function
        return {}


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether a value is what a field is declared to hold; what is no plain type or dictionary of one says nothing."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, inner[1]) for item in value.values())
    if hint is Any:
        return True
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)
