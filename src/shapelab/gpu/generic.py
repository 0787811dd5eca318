"""Give the generic kernels of a module their number type at once: Warp else compiles the module again for each of them."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import warp as wp

__all__ = ["kernels_of", "specialise"]


def kernels_of(module: ModuleType) -> list[Any]:
    """Return the kernels that a Python module defines."""
    return [value for value in vars(module).values() if isinstance(value, wp.Kernel) and value.module.name == module.__name__]


@cache
def specialise(module: ModuleType, real: Any) -> None:
    """Declare every generic kernel of `module` for the number type `real` (`warp.float32` or `warp.float64`)."""
    for kernel in kernels_of(module):
        if kernel.is_generic:
            wp.overload(kernel, [_concrete(argument.type, real) for argument in kernel.adj.args])


def _concrete(kind: Any, real: Any) -> Any:
    if kind is Any:
        return real
    if isinstance(kind, wp.array) and kind.dtype is Any:
        return wp.array(dtype=real, ndim=kind.ndim)
    return kind
