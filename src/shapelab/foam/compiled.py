"""How this family compiles its kernels: for one thread each, without the interpreter lock, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["inlined", "kernel"]

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz", "arcp"},
    "forceinline": True,  # else a kernel calls whichever copy of another was loaded first, and copies round in ways of their own
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call."""
    return njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a small function into each of its callers."""
    return njit(inline="always", **_OPTIONS)(function)
